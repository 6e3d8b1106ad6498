"""Everything that can be wrong with the data has a code, and no answer repeats what was sent."""

import json
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from culture_connect.contracts import (
    AdmissionRecorded,
    EnrolmentRequested,
    EnrolmentWithdrawn,
    Language,
    RefusalError,
    UnknownType,
    UnreadableMessage,
    parse,
    read,
    read_as,
    refusals,
)

PERSON = {"employee_ref": "E-1", "given_name": "Noor", "family_name": "de Wit", "email": "noor@acme.example"}


def enrolment(**fields: object) -> EnrolmentRequested:
    data = json.dumps({**PERSON, **fields}).encode()
    message = read_as([EnrolmentRequested, EnrolmentWithdrawn], EnrolmentRequested.type, data)
    assert isinstance(message, EnrolmentRequested)
    return message


def problems_of(data: bytes) -> list[RefusalError]:
    with pytest.raises(UnreadableMessage) as caught:
        read(EnrolmentRequested.type, data, "hr")
    return caught.value.problems


def codes_with(**fields: object) -> list[tuple[str | None, str]]:
    return [(each.field, each.code) for each in problems_of(json.dumps({**PERSON, **fields}).encode())]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b'{"a": 1', "not_json"),
        (b'{"a": 1}{"b": 2}', "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": "\n"}', "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b'{"a": ' + b"1" * 5000 + b"}", "not_json"),
        (b'{"a": "\xff"}', "not_utf8"),
        ('{"a": "é"}'.encode("utf-16"), "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        (b'{"a": "half \\ud800"}', "not_json"),
        (b'{"half \\uDC00": 1}', "not_json"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b"17", "not_an_object"),
        (b'{"a": 1, "a": 2}', "duplicate_field"),
        (b'{"a": {"b": 1, "b": 1}}', "duplicate_field"),
        (b'{"a": 1e999}', "not_json"),
        (b'{"a": -1e999}', "not_json"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, "too_deep"),
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused_with_the_reason(data: bytes, code: str) -> None:
    assert [each.code for each in problems_of(data)] == [code]


def test_a_byte_order_mark_in_front_is_passed_over() -> None:
    assert parse('\ufeff{"name": "Zoë"}'.encode()) == {"name": "Zoë"}


def test_a_field_that_is_there_twice_is_named_unless_its_name_may_be_anything() -> None:
    assert [each.field for each in problems_of(b'{"data": {"email": 1, "email": 2}}')] == ["email"]
    assert [each.field for each in problems_of(b'{"Mw. de Wit": 1, "Mw. de Wit": 2}')] == [None]


def test_a_type_that_nobody_knows_is_told_apart() -> None:
    with pytest.raises(UnknownType) as caught:
        read_as([EnrolmentRequested], "nl.cultureconnect.enrolment.requested.v9", b"{}")
    assert [each.code for each in caught.value.problems] == ["unknown_type"]

    with pytest.raises(UnknownType):
        read(EnrolmentRequested.type, b"{}", "core")


def test_all_problems_are_told_at_once() -> None:
    assert [(each.field, each.code) for each in problems_of(b'{"email": "no", "starts_on": "soon"}')] == [
        ("employee_ref", "missing"),
        ("family_name", "no_name"),
        ("email", "not_an_address"),
        ("starts_on", "not_a_date"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("employee_ref", "", "too_short"),
        ("employee_ref", "   ", "too_short"),
        ("employee_ref", "x" * 65, "too_long"),
        ("employee_ref", 10442, "not_a_string"),
        ("employee_ref", True, "not_a_string"),
        ("employee_ref", None, "not_a_string"),
        ("employee_ref", {"id": 1}, "not_a_string"),
        ("employee_ref", "E\u00001", "control_character"),
        ("given_name", "x" * 101, "too_long"),
        ("given_name", 5, "not_a_string"),
        ("given_name", ["Noor"], "not_a_string"),
        ("given_name", "Noor\r\nBcc: all@acme.example", "control_character"),
        ("given_name", "Noor\n", "control_character"),
        ("given_name", "Noor\u2028", "control_character"),
        ("given_name", "Noor\u0085", "control_character"),
        ("given_name", "\u202egnp.exe", "control_character"),
        *(
            (field, f"No{sign}or", "control_character")
            for sign in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
            for field in ("employee_ref", "given_name", "family_name", "email")
        ),
        ("family_name", "=?utf-8?q?hi=0ABcc=3Aall?=", "encoded_word"),
        ("family_name", "a=?b", "encoded_word"),
        *(
            ("employee_ref", f"E-1{sign}", "invisible_character")
            for sign in "\u00ad\u200b\u200c\u200d\u2060\ufeff\ufe0f\u3164\u034f\u2800\U000e0041\U000e0100"
        ),
        ("employee_ref", "E\u00a01", "invisible_character"),
        *(
            ("given_name", name, "nothing_visible")
            for name in ("\u00ad", "\u200b", "\ufeff", "\u200d", "\u3164", "\u0301")
        ),
        ("given_name", "=\u200b?utf-8?q?a?=", "encoded_word"),
        ("email", "jürgen@acme.example", "no_mail_possible"),
        ("email", "n" * 65 + "@acme.example", "no_mail_possible"),
        ("email", "noor", "not_an_address"),
        ("email", "noor@", "not_an_address"),
        ("email", "@acme.example", "not_an_address"),
        ("email", "noor@localhost", "not_an_address"),
        ("email", "noor@acme..example", "not_an_address"),
        ("email", "noor@acme.example, all@acme.example", "not_an_address"),
        ("email", "Noor <noor@acme.example>", "not_an_address"),
        ("email", "noor@acme.example\nBcc: x@y.example", "control_character"),
        ("email", "=?utf-8?q?a?=@acme.example", "encoded_word"),
        ("email", "n" * 64 + "@" + "a" * 60 + ("." + "b" * 60) * 3 + ".example", "too_long"),
        ("email", "", "not_an_address"),
        ("email", 1, "not_a_string"),
        ("language", "de", "not_allowed"),
        ("language", 1, "not_allowed"),
        ("language", None, "not_allowed"),
        ("starts_on", 20_000, "not_a_date"),
        ("starts_on", "20000", "not_a_date"),
        ("starts_on", "2026-9-1", "not_a_date"),
        ("starts_on", "2026-09-31", "not_a_date"),
        ("starts_on", "2026-09-01T00:00:00Z", "not_a_date"),
        ("starts_on", "2026-09-01\n", "not_a_date"),
        ("starts_on", "1026-09-01", "out_of_range"),
        ("starts_on", "9999-12-31", "out_of_range"),
        ("ends_on", True, "not_a_date"),
    ],
)
def test_a_field_that_breaks_a_rule_is_refused(field: str, value: object, code: str) -> None:
    assert codes_with(**{field: value}) == [(field, code)]


def test_an_enrolment_cannot_end_before_it_starts() -> None:
    assert codes_with(starts_on="2026-09-02", ends_on="2026-09-01") == [("ends_on", "before_start")]
    assert enrolment(starts_on="2026-09-01", ends_on="2026-09-01").ends_on == date(2026, 9, 1)


def test_the_last_day_of_the_calendar_means_no_last_day() -> None:
    assert enrolment(ends_on="9999-12-31").ends_on is None


def test_white_space_around_text_is_dropped_and_letters_are_composed() -> None:
    read_in = enrolment(given_name="  Zoe\u0308 ", employee_ref=" E-1\u00a0", email=" noor@acme.example ")

    assert (read_in.given_name, read_in.employee_ref, read_in.email) == ("Zoë", "E-1", "noor@acme.example")


def test_language_is_dutch_unless_said_otherwise() -> None:
    assert enrolment().language is Language.NL
    assert enrolment(language="en").language is Language.EN


def test_names_of_all_the_world_are_taken() -> None:
    for name in ("Yılmaz", "O'Brien-Ng", "李小龍", "محمد", "Núñez, jr.", "X Æ A-12", "Ngũgĩ wa Thiong’o", "می‌خواهم"):
        assert enrolment(family_name=name).family_name == name


def test_characters_written_in_two_halves_are_taken() -> None:
    data = json.dumps({**PERSON, "given_name": "Zoë 🎭"}).encode()

    message = read(EnrolmentRequested.type, data, "hr")

    assert b"\\ud83c" in data
    assert isinstance(message, EnrolmentRequested)
    assert message.given_name == "Zoë 🎭"


def test_a_scanner_may_read_anything_that_can_be_kept() -> None:
    scan = json.loads(AdmissionRecorded.example().to_json())

    def code_of(code: str) -> str:
        message = read(AdmissionRecorded.type, json.dumps({**scan, "code": code}).encode(), "box-office")
        assert isinstance(message, AdmissionRecorded)
        return message.code

    assert code_of("]d2\x1d0108712345") == "]d2\x1d0108712345"
    with pytest.raises(UnreadableMessage, match="code: control_character"):
        code_of("a\0b")


SECRET = "Canary1948"


@pytest.mark.parametrize("field", [*EnrolmentRequested.model_fields])
@pytest.mark.parametrize("value", [f"{SECRET}\n=?", SECRET * 20, [SECRET], {SECRET: SECRET}, f"{SECRET}\0"])
def test_no_answer_and_no_exception_repeats_what_was_sent(field: str, value: object) -> None:
    data = json.dumps({**PERSON, field: value}).encode()

    with pytest.raises(UnreadableMessage) as caught:
        read(EnrolmentRequested.type, data, "hr")
    assert SECRET not in repr(caught.value.problems) + str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__

    with pytest.raises(ValidationError) as direct:
        EnrolmentRequested.read(data)
    assert SECRET not in str(direct.value) + repr(refusals(direct.value))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(UnreadableMessage):
        assert isinstance(parse(data), dict)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*EnrolmentRequested.model_fields]), json_values))
def test_any_values_are_read_or_refused(fields: dict[str, object]) -> None:
    with suppress(UnreadableMessage):
        message = read(EnrolmentRequested.type, json.dumps({**PERSON, **fields}).encode(), "hr")
        assert EnrolmentRequested.read(message.to_json()) == message
