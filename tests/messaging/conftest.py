"""A kit for each test: a database with the kit's tables and a witness, and a fresh pair of virtual hosts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from culture_connect.messaging import Database
from culture_connect.messaging.tables import metadata
from tests.messaging.kit import BusUrls, Kit
from tests.support.bus import Bus
from tests.support.databases import Database as Surroundings
from tests.support.fault_proxy import FaultProxy


@pytest.fixture
async def kit(database: Surroundings, bus: Bus) -> AsyncIterator[Kit]:
    """See `Kit`."""
    url = database.url("ticketing")
    await _create_tables(url)

    async def add_venue(venue: str) -> None:
        bus.add_party("box-office", venue)

    async with AsyncExitStack() as stack:
        kit = Kit(
            database_url=url,
            urls=BusUrls(bus.url("ticketing", "core"), bus.url("ticketing", "edge")),
            channels={
                "core": await stack.enter_async_context(bus.administrator("core")),
                "edge": await stack.enter_async_context(bus.administrator("edge")),
            },
            wires={
                "database": await stack.enter_async_context(FaultProxy(_port(url))),
                "broker": await stack.enter_async_context(FaultProxy(_port(bus.url("ticketing", "core")))),
            },
            venues=add_venue,
        )
        stack.push_async_callback(kit.database.close)
        yield kit


def _port(url: str) -> int:
    port = make_url(url).port
    assert port
    return port


async def _create_tables(url: str) -> None:
    database = Database(url, schema="ticketing")
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(
            text("create table effects (id bigint generated always as identity, participant uuid not null)")
        )
    await database.close()
