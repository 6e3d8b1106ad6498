"""When two e-mail addresses are one."""

import pytest

from registration.addresses import email_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann@Acme.example", "ann@acme.EXAMPLE"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann@xn--BCHER-kva.example"),
        ("zoë@acme.example", "ZOE\u0308@acme.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
    ],
)
def test_spellings_of_one_address_are_compared_as_one(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ann@straße.example", "ann@strasse.example"), ("zoe@acme.example", "zoë@acme.example")],
)
def test_different_addresses_stay_different(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


def test_a_domain_that_no_rule_allows_is_compared_as_it_is() -> None:
    assert email_key("ann@❤️.example").startswith("ann@")
