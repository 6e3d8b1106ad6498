"""A message that could never be sent is never written: the transaction fails with the name of the field."""

from typing import cast
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from culture_connect.contracts import ErasureCompleted
from culture_connect.messaging import Route
from culture_connect.messaging.outbox import rows
from culture_connect.messaging.outbox.frames import publication_frames
from culture_connect.messaging.outbox.rows import Outgoing, Unsendable
from culture_connect.messaging.routes import VirtualHost
from culture_connect.messaging.topology import MAX_MESSAGE_BYTES

HEADERS = {
    "ce-id": str(uuid4()),
    "ce-type": ErasureCompleted.type,
    "ce-source": "/culture-connect/ticketing",
    "ce-time": "2026-01-01T00:00:00Z",
}
NOBODY = object()  # in the place of a connection
CORE = Route("core", "events", "erasure.completed.ticketing")


def outgoing(
    route: Route = CORE, headers: dict[str, str] | None = None, correlation_id: str | None = None, body: bytes = b"{}"
) -> Outgoing:
    """A message that is well but for what is given."""
    return Outgoing(route, {**HEADERS, **(headers or {})}, correlation_id, body, None)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (outgoing(Route(cast("VirtualHost", "attic"), "events", "x")), "vhost"),
        (outgoing(Route("core", "é" * 128, "x")), "exchange"),
        (outgoing(Route("core", "events", "x" * 256)), "routing_key"),
        (outgoing(Route("core", "events", "\ud800")), "routing_key"),
        (outgoing(headers={"ce-id": "x" * 256}), "ce-id"),
        (outgoing(headers={"ce-subject": "x\x00"}), "ce-subject"),
        (outgoing(headers={"ce-subject": "\ud800"}), "ce-subject"),
        (outgoing(headers={"ce-subject": "x" * 20_000}), "headers"),
        (outgoing(correlation_id="x" * 256), "correlation_id"),
        (outgoing(body=b"x" * (MAX_MESSAGE_BYTES + 1)), "body"),
    ],
)
async def test_a_message_that_can_never_be_sent_is_refused_before_anything_is_written(
    message: Outgoing, field: str
) -> None:
    with pytest.raises(Unsendable) as raised:
        await rows.store(cast("AsyncConnection", NOBODY), [outgoing(), message])
    assert raised.value.field == field
    assert raised.value.reason == f"unsendable-{field}"


async def test_what_just_fits_is_written_and_can_be_encoded() -> None:
    longest = Route("core", "events", "é" * 127 + "x")
    message = outgoing(longest, {"ce-id": "x" * 255, "ce-subject": "€" * 16_000}, "x" * 255)
    with pytest.raises(AttributeError, match="execute"):
        await rows.store(cast("AsyncConnection", NOBODY), [message])
    publication_frames(
        1,
        131_064,
        exchange=longest.exchange,
        routing_key=longest.routing_key,
        headers=message.headers,
        correlation_id=message.correlation_id,
        body=message.body,
    )
