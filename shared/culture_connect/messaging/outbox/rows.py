"""Events on their way out, as rows of the transaction that caused them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from culture_connect.messaging.errors import PermanentFailure
from culture_connect.messaging.routes import Route, VirtualHost
from culture_connect.messaging.topology import MAX_MESSAGE_BYTES

_SHORT = 255  # bytes of a short string
_SHORT_HEADERS = ("ce-id", "ce-type", "ce-source")  # those that are repeated in the properties
_HEADERS = 16_384  # characters: with four bytes each they fit into a frame of 128 KiB, as brokers use it

# One channel per schema, so that a relay is woken by its own service only.
_INSERT = text(
    """
    insert into outbox (lane, vhost, exchange, routing_key, headers, correlation_id, body, due_at)
    select lane, vhost, exchange, routing_key, headers::jsonb, correlation_id, body, due_at
    from unnest(
        cast(:lanes as text[]), cast(:vhosts as text[]), cast(:exchanges as text[]), cast(:routing_keys as text[]),
        cast(:headers as text[]), cast(:correlation_ids as text[]), cast(:bodies as bytea[]),
        cast(:due_at as timestamptz[])
    ) with ordinality as row (lane, vhost, exchange, routing_key, headers, correlation_id, body, due_at, place)
    order by place
    """
)
_INSERT_DEAD_LETTER = text(
    """
    insert into outbox (lane, vhost, exchange, routing_key, headers, properties, body)
    values (:lane, :vhost, :exchange, :routing_key, '{}', :properties, :body)
    """
)
_NOTIFY = text("select pg_notify('outbox_' || current_schema(), '')")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to be published: the relay needs to know no more than this."""

    route: Route
    headers: dict[str, str]
    correlation_id: str | None
    body: bytes
    due_at: datetime | None


class Unsendable(PermanentFailure):
    """The broker could never take this message: `reason` names the field that is to blame, as `unsendable-<field>`."""

    def __init__(self, field: str) -> None:
        super().__init__(f"unsendable-{field}")
        self.field = field


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message of somebody else's on its way to the dead letters.

    `properties` is the payload of its content header (AMQP 0-9-1, section 4.2.6.1), with a message id.
    """

    route: Route
    properties: bytes
    body: bytes


async def store_dead_letters(connection: AsyncConnection, letters: Sequence[DeadLetter]) -> None:
    """Writes dead letters and wakes the relay at commit; does nothing when there are none."""
    if not letters:
        return
    rows = [
        {
            "lane": letter.route.lane,
            "vhost": letter.route.vhost,
            "exchange": letter.route.exchange,
            "routing_key": letter.route.routing_key,
            "properties": letter.properties,
            "body": letter.body,
        }
        for letter in letters
    ]
    await connection.execute(_INSERT_DEAD_LETTER, rows)
    await connection.execute(_NOTIFY)


async def store(connection: AsyncConnection, messages: Sequence[Outgoing]) -> None:
    """Writes the messages in their order and wakes the relay at commit; does nothing when there are none.

    Raises Unsendable, before anything is written, for a message that the relay could not send.
    """
    if not messages:
        return
    for message in messages:
        _check(message)
    await connection.execute(
        _INSERT,
        {
            "lanes": [message.route.lane for message in messages],
            "vhosts": [message.route.vhost for message in messages],
            "exchanges": [message.route.exchange for message in messages],
            "routing_keys": [message.route.routing_key for message in messages],
            "headers": [to_json(message.headers).decode() for message in messages],
            "correlation_ids": [message.correlation_id for message in messages],
            "bodies": [message.body for message in messages],
            "due_at": [message.due_at for message in messages],
        },
    )
    await connection.execute(_NOTIFY)


def _check(message: Outgoing) -> None:
    """Limits of AMQP 0-9-1 (sections 4.2.5.3 and 4.2.3), of the broker's `max_message_size`, and of jsonb."""
    route, headers = message.route, message.headers
    if route.vhost not in get_args(VirtualHost):
        raise Unsendable("vhost")
    short = {
        "exchange": route.exchange,
        "routing_key": route.routing_key,
        "correlation_id": message.correlation_id or "",
        **{name: headers[name] for name in _SHORT_HEADERS},
    }
    texts = {"routing_key": route.routing_key, "correlation_id": message.correlation_id or "", **headers}
    for field, value in texts.items():
        if "\x00" in value or not (value.isascii() or _is_utf8(value)):
            raise Unsendable(field)
    for field, value in short.items():
        # A character is four bytes at most.
        if len(value) > _SHORT // 4 and len(value.encode()) > _SHORT:
            raise Unsendable(field)
    if sum(map(len, headers.values())) > _HEADERS:
        raise Unsendable("headers")
    if len(message.body) > MAX_MESSAGE_BYTES:
        raise Unsendable("body")


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
