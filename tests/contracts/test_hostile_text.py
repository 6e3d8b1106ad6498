"""Text that is made to be slow: it is refused at once, by its field."""

import json
import time

import pytest

from culture_connect.contracts import MAX_BODY_BYTES, UnreadableMessage, read

TYPE = "nl.cultureconnect.enrolment.requested.v1"
PERSON = {"employee_ref": "E-1", "given_name": "Noor", "family_name": "de Wit", "email": "noor@acme.example"}
# Unicode's normal form sorts a run of combining marks, in time that grows with the square of its length.
MARKS = "\u0315\u0300" * (MAX_BODY_BYTES // 4 - 200)
BOUND = 1.0  # seconds; half a minute before the length was looked at first


@pytest.mark.parametrize("field", PERSON)
def test_a_text_of_combining_marks_is_refused_before_they_are_sorted(field: str) -> None:
    body = json.dumps(PERSON | {field: f"a{MARKS}@acme.example"}, ensure_ascii=False).encode()
    assert MAX_BODY_BYTES - 2000 < len(body) <= MAX_BODY_BYTES
    started = time.perf_counter()
    with pytest.raises(UnreadableMessage) as caught:
        read(TYPE, body, "hr")
    assert time.perf_counter() - started < BOUND
    assert [(each.field, each.code) for each in caught.value.problems] == [(field, "too_long")]


def test_a_name_in_decomposed_form_may_be_as_long_as_one_in_composed_form() -> None:
    body = json.dumps(PERSON | {"given_name": "\u0065\u0323\u0302" * 100}).encode()
    message = read(TYPE, body, "hr")
    assert getattr(message, "given_name") == "\u1ec7" * 100  # noqa: B009 - a field of this message
