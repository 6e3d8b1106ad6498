"""Names as people have them: one or two, and with the characters that belong to them."""

import pytest

from culture_connect.contracts import (
    EnrolmentErased,
    EnrolmentRequested,
    EnrolmentWithdrawn,
    ParticipantEnrolled,
    ValidationError,
    read,
)
from culture_connect.contracts.addresses import can_get_mail
from culture_connect.contracts.names import full_name, without_format_characters

PERSON = {"employee_ref": "E-1", "email": "noor@acme.example"}
KNOWN = {
    "participant_id": "7e5fb4ac-3c22-4a5c-8e8f-5e3a8b2f6d11",
    "partner": "acme",
    "language": "nl",
    "version": 1,
    "given_name": "Noor",
    "family_name": "de Wit",
    "email": "noor@acme.example",
    "starts_on": None,
    "ends_on": None,
}
JOINED = [
    "علی\u200cرضا",
    "ක්\u200dෂ",
    "👩\u200d🚀",
    "👩🏽\u200d🚀",
    "❤\ufe0f\u200d🔥",
    "🏴\U000e0067\U000e0062\U000e007f",
]


@pytest.mark.parametrize(
    ("given", "family", "whole"),
    [("Noor", "de Wit", "Noor de Wit"), ("Suharto", "", "Suharto"), ("", "Suharto", "Suharto")],
)
def test_a_full_name_has_no_blank_for_a_name_that_is_not_there(given: str, family: str, whole: str) -> None:
    assert full_name(given, family) == whole


@pytest.mark.parametrize("names", [{"given_name": "Suharto"}, {"family_name": "Suharto"}])
def test_one_name_is_enough_and_the_other_one_may_be_empty_or_left_out(names: dict[str, str]) -> None:
    left_out = EnrolmentRequested.model_validate(PERSON | names)
    empty = EnrolmentRequested.model_validate(PERSON | {"given_name": "", "family_name": ""} | names)
    assert left_out == empty
    assert full_name(empty.given_name, empty.family_name) == "Suharto"


@pytest.mark.parametrize("names", [{}, {"given_name": "", "family_name": " "}])
def test_nobody_is_without_any_name(names: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="no_name"):
        EnrolmentRequested.model_validate(PERSON | names)


@pytest.mark.parametrize("name", JOINED)
def test_joiners_inside_names_and_emoji_stay(name: str) -> None:
    assert EnrolmentRequested.model_validate(PERSON | {"given_name": name}).given_name == name


@pytest.mark.parametrize("sign", "\u00ad\u200b\u2060\ufeff\U000e0041")
def test_other_invisible_characters_are_left_out_of_names(sign: str) -> None:
    assert EnrolmentRequested.model_validate(PERSON | {"given_name": f"No{sign}or"}).given_name == "Noor"


@pytest.mark.parametrize("text", ["\u200dNoor\u200d", "No\u200d\u200dor", "a\u200d\U000e0041b", "Noor \u200c de"])
def test_what_was_tidied_once_stays_as_it_is(text: str) -> None:
    assert without_format_characters(without_format_characters(text)) == without_format_characters(text)


def test_whoever_has_a_key_with_an_invisible_character_from_earlier_can_still_leave() -> None:
    assert EnrolmentErased(employee_ref="E\u200b1").employee_ref == "E\u200b1"
    assert EnrolmentWithdrawn(employee_ref="E\u200b1").employee_ref == "E\u200b1"


def test_before_the_at_sign_64_octets_of_ascii_can_get_mail() -> None:
    assert can_get_mail("n" * 64 + "@acme.example")
    assert not can_get_mail("n" * 65 + "@acme.example")
    assert not can_get_mail("jürgen@acme.example")


@pytest.mark.parametrize(
    "changes",
    [{"given_name": ""}, {"family_name": ""}, {"given_name": "\u00ad"}, {"email": "jürgen@acme.example"}],
)
def test_services_tell_each_other_of_people_with_one_name_and_of_those_from_before_the_rules(
    changes: dict[str, str],
) -> None:
    message = ParticipantEnrolled.model_validate(KNOWN | changes)
    assert read(ParticipantEnrolled.type, message.to_json()) == message
