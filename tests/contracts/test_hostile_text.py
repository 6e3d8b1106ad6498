"""Text that is made to be slow: it is refused at once, by its field."""

import gc
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from culture_connect.contracts import MAX_BODY_BYTES, UnreadableMessage, read

TYPE = "nl.cultureconnect.enrolment.requested.v1"
PERSON = {"employee_ref": "E-1", "given_name": "Noor", "family_name": "de Wit", "email": "noor@acme.example"}
# Unicode's normal form sorts a run of combining marks, in time that grows with the square of its length.
MARKS = "\u0315\u0300" * (MAX_BODY_BYTES // 4 - 200)
LETTERS = "b" * len(MARKS.encode())
SLOWER = 20  # times as long as plain letters take; a hundred thousand times before the length was looked at first


@contextmanager
def no_collector() -> Iterator[None]:
    """The collector of garbage looks through all that the tests load: that is no time of the reader."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seconds_to_refuse(field: str, text: str) -> float:
    """Returns the processor time that refusing this text takes."""
    body = json.dumps(PERSON | {field: text}, ensure_ascii=False).encode()
    assert MAX_BODY_BYTES - 2000 < len(body) <= MAX_BODY_BYTES
    started = time.process_time()
    with pytest.raises(UnreadableMessage) as caught:
        read(TYPE, body, "hr")
    taken = time.process_time() - started
    assert [(each.field, each.code) for each in caught.value.problems] == [(field, "too_long")]
    return taken


@pytest.mark.parametrize("field", PERSON)
def test_a_text_of_combining_marks_is_refused_before_they_are_sorted(field: str) -> None:
    with no_collector():
        marks = min(seconds_to_refuse(field, f"a{MARKS}@acme.example") for _ in range(3))
        letters = min(seconds_to_refuse(field, f"a{LETTERS}@acme.example") for _ in range(3))
    assert marks < SLOWER * letters


def test_a_name_in_decomposed_form_may_be_as_long_as_one_in_composed_form() -> None:
    body = json.dumps(PERSON | {"given_name": "\u0065\u0323\u0302" * 100}).encode()
    message = read(TYPE, body, "hr")
    assert getattr(message, "given_name") == "\u1ec7" * 100  # noqa: B009 - a field of this message
