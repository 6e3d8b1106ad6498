"""A message that waits in a row comes back as it arrived."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from culture_connect.messaging.consuming.content_header import Fault
from culture_connect.messaging.consuming.received import RECEIVED_AT_HEADER, StoredMessage, pack, received_at, unpack

NOW = datetime(2026, 11, 5, 19, 30, tzinfo=UTC)


def test_body_properties_headers_and_faults_come_back_as_they_were() -> None:
    message = StoredMessage(
        b'{"employee_ref": "e-1"}',
        {"ce-id": "1", "ce-type": 7, "ce-source": None, "ce-subject": bytearray(b"\xff"), "ce-time": NOW},
        message_id="m\x001",
        type="enrolment.requested",
        app_id="hr",
        content_type="application/json",
        content_encoding="identity",
        correlation_id="c",
        timestamp=NOW,
        faults=(Fault("timestamp", "out_of_range", "must be whole seconds"),),
    )
    again = unpack(pack(message), message.body)
    assert again.faults == list(message.faults)
    assert again.headers == {**message.headers, "ce-subject": b"\xff"}
    for name in ("body", "message_id", "type", "app_id", "content_type", "content_encoding", "timestamp"):
        assert getattr(again, name) == getattr(message, name)


def test_only_headers_of_the_envelope_are_kept_and_what_is_wrong_with_one_stays_wrong() -> None:
    sent = {
        "ce-id": {"nested": [1]},
        "ce-time": Decimal("1.50"),
        "ce-subject": "x" * 20_000,
        "x-death": [1],
        "mine": "x",
    }
    again = unpack(pack(StoredMessage(b"", sent)), b"").headers
    assert again.keys() == {"ce-id", "ce-time", "ce-subject"}
    assert (again["ce-id"], again["ce-time"]) == ([], [])
    assert 2_000 < len(again["ce-subject"]) < 10_000


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ((NOW - timedelta(days=90)).isoformat(), NOW - timedelta(days=90)),
        ((NOW + timedelta(days=1)).isoformat(), NOW),
        ("2026-11-05T19:30:00", NOW),
        ("long ago", NOW),
        (b"2026", NOW),
        (None, NOW),
    ],
)
def test_the_first_arrival_is_what_a_dead_letter_says_of_itself_if_it_can_be_true(said: Any, taken: datetime) -> None:
    assert received_at(StoredMessage(b"", {RECEIVED_AT_HEADER: said}), NOW) == taken
