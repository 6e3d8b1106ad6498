"""The rules for a message that failed: another try after a wait, or the dead letters with the reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from pamqp.commands import Basic
from pamqp.header import ContentHeader

from culture_connect.messaging.consuming.received import RECEIVED_AT_HEADER, ReceivedMessage, known_headers
from culture_connect.messaging.errors import PermanentFailure, is_database_fault, reason_of, transactions_collided
from culture_connect.messaging.outbox.rows import DeadLetter
from culture_connect.messaging.routes import VirtualHost, dead_letters_of

RETRY_DELAYS: Final = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Seconds before each further try of a message that failed."""

MAX_CRASHES: Final = 4
"""So many processes may end while they handle a message alone; then it is a dead letter."""

ATTEMPT_HEADER: Final = "cc-attempt"

BODY_HEADER: Final = "cc-dead-body"
"""Is `summary` where a summary stands for the body, see `summary`; such a dead letter cannot be handled again."""

_SHORT = 255  # characters of a header that names a refused message
_NOT_A_NAME = frozenset({"ce-subject", "tracestate"})


class ProcessDied(PermanentFailure):
    """The process ended several times while it handled this message and nothing else."""

    def __init__(self) -> None:
        super().__init__("process-died")


def is_final(error: Exception, attempts: int, delays: tuple[float, ...] = RETRY_DELAYS) -> bool:
    """Returns whether the message is dead-lettered when its try number `attempts` (from 1) ended with this error."""
    if isinstance(error, PermanentFailure):
        return True
    return attempts > len(delays) and not is_external_fault(error)


def is_external_fault(error: Exception) -> bool:
    """Returns whether the cause lies outside the message, so that it is tried for as long as it takes."""
    return is_database_fault(error) or transactions_collided(error)


def wait_after(attempts: int, delays: tuple[float, ...] = RETRY_DELAYS) -> float:
    """Seconds until the try that follows after so many."""
    return delays[min(attempts, len(delays)) - 1]


def dead_letter(
    message: ReceivedMessage,
    error: Exception,
    *,
    summary: bytes | None = None,
    service: str,
    vhost: VirtualHost,
    queue: str,
    attempts: int,
    received_at: datetime,
    now: datetime,
) -> DeadLetter:
    """The copy of the message for the dead letters of `service`, which says why it is there.

    With a `summary` (JSON) that stands for its body, and of its properties only what names it is kept.
    """
    headers = {
        "cc-dead-reason": reason_of(error),
        "cc-dead-exception": type(error).__name__,
        "cc-dead-service": service,
        "cc-dead-vhost": vhost,
        "cc-dead-queue": queue,
        "cc-dead-at": now.isoformat(),
        ATTEMPT_HEADER: attempts,
        RECEIVED_AT_HEADER: received_at.isoformat(),
    }
    body = message.body if summary is None else summary
    properties = _copied(message, headers) if summary is None else _named(message, headers)
    encoded: bytes = ContentHeader(0, len(body), properties).marshal()
    return DeadLetter(dead_letters_of(vhost, service), encoded, body)


def _copied(message: ReceivedMessage, headers: Mapping[str, Any]) -> Basic.Properties:
    """The message's properties without what would steer, expire or authenticate it, plus our headers."""
    return Basic.Properties(
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        delivery_mode=2,
        headers={**known_headers(message), **headers},
        # By its id the broker's answer is matched to it, and two replays of it to each other.
        message_id=message.message_id or uuid4().hex,
        message_type=message.type,
        app_id=message.app_id,
        timestamp=message.timestamp,
        correlation_id=message.correlation_id,
    )


def _named(message: ReceivedMessage, headers: Mapping[str, Any]) -> Basic.Properties:
    """Returns the identifying properties of a refused message, shortened to a property's limit, plus our headers."""
    kept = {
        name: value[:_SHORT] if isinstance(value, str | bytes | bytearray) else value
        for name, value in known_headers(message).items()
        if name not in _NOT_A_NAME
    }
    return Basic.Properties(
        content_type="application/json",
        delivery_mode=2,
        headers={**kept, **headers, BODY_HEADER: "summary"},
        message_id=message.message_id or uuid4().hex,
        message_type=message.type,
        timestamp=message.timestamp,
    )
