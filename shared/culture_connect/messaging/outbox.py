"""Events on their way out, as rows of the transaction that caused them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from culture_connect.messaging.routes import Route

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
_NOTIFY = text("select pg_notify('outbox_' || current_schema(), '')")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to be published: the relay needs to know no more than this."""

    route: Route
    headers: dict[str, str]
    correlation_id: str | None
    body: bytes
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message of somebody else's on its way to the dead letters, with its own AMQP properties, encoded."""

    route: Route
    properties: bytes
    body: bytes


_INSERT_DEAD_LETTER = text(
    """
    insert into outbox (lane, vhost, exchange, routing_key, headers, properties, body)
    values (:lane, :vhost, :exchange, :routing_key, '{}', :properties, :body)
    """
)


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
    """Writes the messages in their order and wakes the relay at commit; does nothing when there are none."""
    if not messages:
        return
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
