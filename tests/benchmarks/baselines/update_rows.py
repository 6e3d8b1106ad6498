"""The least that giving up a ticket costs: one row updated and one row for the outbox, in a transaction of their own.

Nothing is checked, nobody is promoted, no decision is kept, and there is no HTTP in front of it.

Arguments: database URL, number of transactions. Prints how many seconds they took one after the other, then waits to
be ended.
"""

import asyncio
import sys
import time
from uuid import UUID, uuid4

import asyncpg
import uvloop

_TABLES = """
    drop table if exists updated, told;
    create table updated (ticket_id uuid primary key, state text not null, version int not null);
    create table told (
        id bigint generated always as identity primary key, exchange text not null, routing_key text not null,
        headers jsonb not null, body bytea not null
    )
"""
_UPDATE = "update updated set state = 'cancelled', version = version + 1 where ticket_id = $1"
_TELL = "insert into told (exchange, routing_key, headers, body) values ('events', 'ticket.cancelled.ndt', $1, $2)"
_HEADERS = '{"ce-id": "%s", "ce-type": "ticket.cancelled", "ce-specversion": "1.0", "ce-source": "/plain"}'
_BODY = b'{"ticket_id": "%s", "reason": "declined"}'
ROWS = 50_000


async def measure(database_url: str, count: int) -> float:
    """Seconds for so many transactions."""
    tickets = [uuid4() for _ in range(max(ROWS, count))]
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_TABLES)
        records = ((ticket, "issued", 1) for ticket in tickets)
        await connection.copy_records_to_table("updated", records=records, columns=("ticket_id", "state", "version"))
        started = time.perf_counter()
        for ticket in tickets[:count]:
            await _give_up(connection, ticket)
        return time.perf_counter() - started
    finally:
        await connection.close()


async def _give_up(connection: asyncpg.Connection, ticket: UUID) -> None:
    async with connection.transaction():
        await connection.execute(_UPDATE, ticket)
        await connection.execute(_TELL, _HEADERS % uuid4(), _BODY % str(ticket).encode())


async def main() -> None:
    """Measures and tells."""
    database_url, count = sys.argv[1:]
    seconds = await measure(database_url, int(count))
    print(seconds, flush=True)  # noqa: T201 - the harness reads it, and ends this process
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
