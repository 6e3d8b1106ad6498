"""The quick way to recognise an address never differs from the library's."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from culture_connect.contracts.addresses import _PLAIN, canonical_address

label = st.text("abz019-", min_size=1, max_size=6) | st.sampled_from(
    ["test", "local", "onion", "xn--a", "a--b", "arpa"]
)
local = st.text("abAZ09._+-'=", min_size=1, max_size=8)
addresses = st.builds(lambda name, labels: f"{name}@{'.'.join(labels)}", local, st.lists(label, min_size=1, max_size=4))


@given(addresses | st.emails() | st.text(max_size=30))
def test_what_is_plainly_an_address_the_library_takes_unchanged(text: str) -> None:
    if not _PLAIN.match(text):
        return
    found = validate_email(text, check_deliverability=False, test_environment=True)
    assert found.normalized == text == canonical_address(text)


@given(addresses | st.emails())
def test_an_address_is_taken_when_the_library_takes_it(text: str) -> None:
    try:
        validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return
    address = canonical_address(text)
    assert address is not None
    assert canonical_address(address) == address


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Noor.deWit+cultuur@Acme.Example", "Noor.deWit+cultuur@acme.example"),
        ("noor@bücher.example", "noor@xn--bcher-kva.example"),
        ("noor@xn--bcher-kva.example", "noor@xn--bcher-kva.example"),
        ("zoë@acme.example", "zoë@acme.example"),
        ("noor@acme.test", "noor@acme.test"),
    ],
)
def test_the_domain_has_one_way_of_writing_and_the_name_stays(written: str, canonical: str) -> None:
    assert canonical_address(written) == canonical


@pytest.mark.parametrize(
    "text", ["noor@test", "noor@host.local", "noor@[127.0.0.1]", '"n oor"@acme.example', ".n@a.nl"]
)
def test_what_no_mail_server_of_the_world_could_reach_is_no_address(text: str) -> None:
    assert canonical_address(text) is None
