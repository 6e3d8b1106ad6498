"""The relay's queries of the outbox."""

import asyncpg
from sqlalchemy import text

from culture_connect.messaging.outbox import queries
from tests.messaging.kit import Kit

_ROWS = text(
    """
    insert into outbox (lane, vhost, exchange, routing_key, headers, body)
    select 'core/events/erasure', 'core', 'events', 'erasure', jsonb_build_object('ce-id', number), :body
    from generate_series(1, 5) as number
    """
)


async def test_what_is_fetched_at_once_is_limited_in_bytes_as_well(kit: Kit) -> None:
    async with kit.database.begin() as work:
        await work.execute(_ROWS, {"body": bytes(100_000)})
    connection: asyncpg.Connection = await kit.database.connect()
    try:
        fetched = await queries.fetch(connection, full=(), pending=(), limit=10, largest=250_000)
        lane = fetched["core/events/erasure"]
        assert (len(lane.rows), lane.candidates) == (3, 5)
        rest = await queries.fetch(
            connection, full=(), pending=[row.id for row in lane.rows], limit=10, largest=250_000
        )
        assert (len(rest["core/events/erasure"].rows), rest["core/events/erasure"].candidates) == (2, 2)
    finally:
        await connection.close()
