"""The rules for a message that failed."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from culture_connect.messaging.consuming.content_header import decode_content_header
from culture_connect.messaging.consuming.received import StoredMessage, pack, unpack
from culture_connect.messaging.consuming.retry_policy import RETRY_DELAYS, dead_letter, is_final, wait_after
from culture_connect.messaging.errors import DatabaseUnavailable, PermanentFailure, TransientFailure

NOW = datetime(2026, 11, 5, 19, 30, tzinfo=UTC)


def properties_of(message: StoredMessage, *, summary: bytes | None = None) -> dict[str, Any]:
    letter = dead_letter(
        message,
        PermanentFailure("refused"),
        summary=summary,
        service="registration",
        vhost="edge",
        queue="hr.acme.enrolments",
        attempts=2,
        received_at=NOW,
        now=NOW,
    )
    assert len(letter.properties) < 128 * 1024
    return decode_content_header(letter.properties).properties


@pytest.mark.parametrize(
    ("error", "attempts", "final"),
    [
        (PermanentFailure("refused"), 1, True),
        (TransientFailure("not-now"), len(RETRY_DELAYS), False),
        (TransientFailure("not-now"), len(RETRY_DELAYS) + 1, True),
        (ZeroDivisionError(), len(RETRY_DELAYS) + 1, True),
        (DatabaseUnavailable("read-only (25006)"), 1000, False),
    ],
)
def test_only_what_is_the_messages_own_fault_is_ever_final(error: Exception, attempts: int, final: bool) -> None:
    assert is_final(error, attempts) is final


def test_the_waits_grow_and_the_last_one_stays() -> None:
    waits = [wait_after(attempts) for attempts in range(1, 8)]
    assert waits == [1.0, 5.0, 30.0, 120.0, 600.0, 600.0, 600.0]


def test_a_dead_letter_says_why_it_is_there_and_keeps_what_its_sender_said() -> None:
    found = properties_of(StoredMessage(b"{}", {"ce-id": "1", "CC": ["x"], "x-death": [1]}, "1", "enrolment.requested"))
    assert found["headers"] == {
        "ce-id": "1",
        "cc-dead-reason": "refused",
        "cc-dead-exception": "PermanentFailure",
        "cc-dead-service": "registration",
        "cc-dead-vhost": "edge",
        "cc-dead-queue": "hr.acme.enrolments",
        "cc-dead-at": NOW.isoformat(),
        "cc-received-at": NOW.isoformat(),
        "cc-attempt": 2,
    }
    assert (found["message_id"], found["type"], found["delivery_mode"]) == ("1", "enrolment.requested", 2)


def test_a_dead_letter_without_an_id_gets_one_of_its_own() -> None:
    first, second = (properties_of(StoredMessage(b"{}"))["message_id"] for _ in range(2))
    assert first != second


def test_a_dead_letter_fits_into_a_frame_whatever_its_sender_put_into_headers() -> None:
    headers = dict.fromkeys(("ce-id", "ce-type", "ce-source", "ce-subject", "mine"), "é" * 100000)
    found = properties_of(StoredMessage(b"{}", headers, "1", "enrolment.requested"))
    assert "mine" not in found["headers"]
    assert (found["headers"]["cc-dead-reason"], found["message_id"]) == ("refused", "1")


@pytest.mark.parametrize(
    "value",
    [
        b"\xff",
        bytearray(b"\xff"),
        [1],
        {"x": b"y"},
        None,
        True,
        2**63 - 1,
        0.5,
        NOW,
        Decimal("1.5"),
        "\x00",
        "é" * 9_000,
    ],
    ids=repr,
)
def test_any_header_of_a_message_that_waited_can_be_part_of_its_dead_letter(value: Any) -> None:
    message = StoredMessage(b"{}", {"ce-source": value}, "1", "enrolment.requested")
    again = unpack(pack(message), message.body)
    assert "ce-source" in properties_of(message)["headers"]
    assert "ce-source" in properties_of(again)["headers"]
    assert "ce-source" in properties_of(again, summary=b"{}")["headers"]
