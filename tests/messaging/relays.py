"""Relays without a service around them, and hands to fill and look into their outbox."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from culture_connect.messaging import Route, Telemetry
from culture_connect.messaging.outbox.relay import Relay
from tests.messaging.kit import Kit, erasure
from tests.support.bus import Bus


@asynccontextmanager
async def relaying(kit: Kit, bus: Bus, *, database_url: str | None = None, **options: Any) -> AsyncIterator[Relay]:
    """A running relay of ticketing, which is drained in the end; `options` are those of `Relay`."""
    brokers = {"core": bus.url("ticketing", "core"), "edge": bus.url("ticketing", "edge")}
    settings: dict[str, Any] = {"brokers": brokers, "telemetry": Telemetry(), "confirm_timeout": 1.0, **options}
    relay = Relay(database_url or kit.database.url, schema="ticketing", **settings)
    running = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        relay.drain()
        await asyncio.wait([running], timeout=5)
        running.cancel()
        await asyncio.wait([running], timeout=10)
        assert running.done(), "a relay that does not stop"


async def emit(kit: Kit, *routes: Route, subject: str | None = None) -> list[str]:
    """A message to each of the routes, in one transaction; returns their ids."""
    async with kit.database.begin() as work:
        return [str(work.emit(erasure(uuid4()), route, subject=subject)) for route in routes]


async def insert_row(
    kit: Kit, route: Route, *, vhost: str | None = None, body: bytes = b"{}", message_id: UUID | None = None
) -> int:
    """A row as the outbox would refuse to write it; returns its number."""
    headers = (
        f'{{"ce-id": "{message_id or uuid4()}", "ce-type": "t", "ce-source": "/s", "ce-time": "2026-01-01T00:00:00Z"}}'
    )
    [[number]] = await execute(
        kit,
        "insert into outbox (lane, vhost, exchange, routing_key, headers, body)"
        " values (:lane, :vhost, :exchange, :key, cast(:headers as jsonb), :body) returning id",
        lane=route.lane,
        vhost=vhost or route.vhost,
        exchange=route.exchange,
        key=route.routing_key,
        headers=headers,
        body=body,
    )
    return int(number)


async def execute(kit: Kit, statement: str, **parameters: object) -> Sequence[Any]:
    """Returns the statement's rows, committed."""
    async with kit.database.engine.begin() as connection:
        result = await connection.execute(text(statement), parameters)
        return result.all() if result.returns_rows else []


async def waiting(kit: Kit) -> dict[str, int]:
    """Returns the number of rows that wait, by lane."""
    return {row[0]: row[1] for row in await execute(kit, "select lane, count(*) from outbox group by lane")}


async def troubles(kit: Kit) -> dict[str, tuple[str, bool]]:
    """Returns the broker's last answer and whether it is quarantined, by lane that failed."""
    rows = await execute(kit, "select lane, last_error, quarantined_at is not null from outbox_lanes")
    return {row[0]: (row[1], row[2]) for row in rows}


def figure(relay_telemetry: Telemetry, name: str) -> float:
    """A figure of the relay without labels."""
    return relay_telemetry.registry.get_sample_value(name) or 0.0
