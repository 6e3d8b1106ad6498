"""A message's beginning shows what it is made of, and nothing of what it says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from culture_connect.messaging.consuming.mask import LONGEST, masked


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"employee_ref": "E-4711", "given_name": "Noor"}', '{"employee_ref": "a-9999", "given_name": "aaaa"}'),
        ('{"employeeRef" : 4711, "Naam": null}', '{"employeeRef" : 9999, "aaaa": null}'),
        ('{"email": "noor@example.org", "x": [true, -1.5e3]}', '{"email": "aaaa@aaaaaaa.aaa", "a": [true, -9.9a9]}'),
        ('{"Noor de Vries": {"4711": false}}', '{"aaaa aa aaaaa": {"9999": false}}'),
        ('{"given_name": "No\\"or", "email": "cut o', '{"given_name": "aa\\"aa", "email": "aaa a'),
        ('{"given_name": Noor}', '{"given_name": aaaa}'),
        ("<employee name='Noor'>4711</employee>", "<aaaaaaaa aaaa='aaaa'>9999</aaaaaaaa>"),
        ("Noor;4711;noor@example.org\n", "aaaa;9999;aaaa@aaaaaaa.aaa\n"),
        ("email: true", "aaaaa: aaaa"),
        ('["Zoë \u00a0٣☃"]', '["aaa a9a"]'),
        ("", ""),
    ],
)
def test_values_are_masked_and_structure_is_seen(body: str, shown: str) -> None:
    assert masked(body.encode()) == shown


def test_only_the_beginning_is_shown() -> None:
    assert len(masked(b'{"email": "' + b"x" * 100_000)) == LONGEST


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert masked(b"\xff\x00{") == "a?{"


UNKNOWN = st.text().map(lambda name: f"x{name}x")


@given(st.dictionaries(UNKNOWN, st.text() | st.integers() | st.lists(st.text())))
def test_no_letter_or_digit_of_a_value_or_unknown_name_survives(found: dict[str, object]) -> None:
    shown = masked(json.dumps({"employee_ref": "x", "unknown": found}, ensure_ascii=False).encode())
    rest = shown.replace('"employee_ref"', "")
    assert {each for each in rest if each.isalnum()} <= {"a", "9"}
