"""What becomes of a delivery that failed: a later try over a delay queue, or the dead letters with the reason."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from pamqp.commands import Basic

from culture_connect.messaging.errors import PermanentFailure, reason_of
from culture_connect.messaging.publisher import Publisher
from culture_connect.messaging.topology import DEAD_LETTERS, RETRY_DELAYS, RETRY_HEADER, retry_exchange

ATTEMPT_HEADER = "cc-attempt"

# What the broker or a sender put there to steer a message must not steer our copy of it: routing by CC and BCC,
# and the broker's own records of dead-lettering, which 3.x believes from anyone.
_STEERING_HEADERS = frozenset({"CC", "BCC", "x-delivery-count", ATTEMPT_HEADER, RETRY_HEADER})
_STEERING_PREFIXES = ("x-death", "x-first-death", "x-last-death", "cc-dead-")


async def settle_failure(
    message: AbstractIncomingMessage,
    error: Exception,
    *,
    service: str,
    vhost: str,
    queue: str,
    publisher: Publisher,
) -> str:
    """Publishes a copy of the message to where it belongs now; the caller acks the original afterwards.

    Returns "retried" or "dead-lettered". Raises one of `PublishFailed` when the broker did not take the copy.
    """
    attempt = _attempts(message.headers)
    if isinstance(error, PermanentFailure) or attempt >= len(RETRY_DELAYS):
        await publisher.publish(
            DEAD_LETTERS,
            service,
            message.body,
            _copy(message, {**_post_mortem(error, service, vhost, queue), ATTEMPT_HEADER: attempt}),
        )
        return "dead-lettered"
    await publisher.publish(
        retry_exchange(service),
        queue,
        message.body,
        _copy(message, {ATTEMPT_HEADER: attempt + 1, RETRY_HEADER: tuple(RETRY_DELAYS)[attempt]}),
    )
    return "retried"


def _post_mortem(error: Exception, service: str, vhost: str, queue: str) -> dict[str, str]:
    return {
        "cc-dead-reason": reason_of(error),
        "cc-dead-exception": type(error).__name__,
        "cc-dead-service": service,
        "cc-dead-vhost": vhost,
        "cc-dead-queue": queue,
        "cc-dead-at": datetime.now(UTC).isoformat(),
    }


def _attempts(headers: Mapping[str, Any]) -> int:
    attempt = headers.get(ATTEMPT_HEADER)
    return attempt if isinstance(attempt, int) and 0 <= attempt <= len(RETRY_DELAYS) else 0


def _copy(message: AbstractIncomingMessage, headers: Mapping[str, Any]) -> Basic.Properties:
    """The message's properties without what would steer, expire or authenticate it, plus our headers."""
    kept = {
        name: value
        for name, value in message.headers.items()
        if name not in _STEERING_HEADERS and not name.startswith(_STEERING_PREFIXES)
    }
    return Basic.Properties(
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        delivery_mode=2,
        headers={**kept, **headers},
        message_id=message.message_id,
        message_type=message.type,
        app_id=message.app_id,
        timestamp=message.timestamp,
        correlation_id=message.correlation_id,
    )
