"""A URL with several servers of a database: the one that takes writes is used, and another one after a failover.

The second server stands for a standby: it is read-only, and takes writes once it is promoted.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from culture_connect.messaging import Database, Telemetry
from culture_connect.messaging.addresses import Addresses
from culture_connect.messaging.errors import DatabaseUnavailable, is_database_fault, reason_of_database_fault
from culture_connect.messaging.outbox.relay import Relay
from culture_connect.messaging.postgres import connect_to_any
from culture_connect.messaging.tables import metadata
from culture_connect_cli.database.roles import prepare_roles
from culture_connect_cli.stack import Postgres
from tests.support.fault_proxy import FaultProxy, through_any
from tests.support.probes import eventually

PASSWORDS = {"ticketing": "of-the-tests"}


@dataclass
class Pair:
    """A primary and a standby, each behind a wire, and a URL of both; `backwards` names the standby first."""

    servers: dict[str, Postgres]
    wires: dict[str, FaultProxy]
    url: str
    backwards: str

    async def become(self, name: str, *, writable: bool) -> None:
        """Makes a server the primary or the standby, for its open connections as well."""
        superuser = await asyncpg.connect(self.servers[name].url())
        try:
            await superuser.execute("set default_transaction_read_only = off")
            await superuser.execute(f"alter system set default_transaction_read_only = {'off' if writable else 'on'}")
            await superuser.execute("select pg_reload_conf()")
        finally:
            await superuser.close()

        async def read_only() -> object:
            connection = await asyncpg.connect(self.servers[name].url())
            try:
                return await connection.fetchval("show transaction_read_only")
            finally:
                await connection.close()

        await eventually(read_only, "off" if writable else "on", f"what {name} takes")

    async def fail_over(self) -> None:
        """The standby is promoted, and the old primary takes no writes any more."""
        await self.become("one", writable=False)
        await self.become("two", writable=True)


@pytest.fixture(scope="module")
def servers(scratch: Path) -> Iterator[dict[str, Postgres]]:
    found = {
        name: Postgres(
            scratch / f"pair-{name}", password="of the superuser", log=scratch / f"pair-{name}.log", durable=False
        )
        for name in ("one", "two")
    }
    with found["one"], found["two"]:
        yield found


@pytest.fixture
async def pair(servers: dict[str, Postgres]) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as exits:
        wires = {name: await exits.enter_async_context(FaultProxy(server.port)) for name, server in servers.items()}
        login = servers["one"].url(user="ticketing", password=PASSWORDS["ticketing"])
        one, two = wires.values()
        url, backwards = (
            f"{through_any(login, ways)}?target_session_attrs=read-write" for ways in ([one, two], [two, one])
        )
        pair = Pair(servers, wires, url, backwards)
        for name, server in servers.items():
            await pair.become(name, writable=True)
            await prepare_roles(server.url(), PASSWORDS)
        await pair.become("two", writable=False)
        yield pair


@pytest.fixture
async def database(pair: Pair) -> AsyncIterator[Database]:
    made = Database(pair.url, schema="ticketing", command_timeout=2)
    yield made
    await made.close()


async def port_of(connection: asyncpg.Connection) -> object:
    return await connection.fetchval("select inet_server_port()")


async def write(database: Database) -> object:
    """Writes, and returns the port of the server that took it."""
    async with database.begin() as work:
        await work.execute(text("create table if not exists effects (id uuid)"))
        await work.execute(text("insert into effects values (:id)"), {"id": uuid4()})
        return (await work.execute(text("select inet_server_port()"))).scalar_one()


async def test_the_server_that_takes_writes_is_used_wherever_it_stands(pair: Pair, database: Database) -> None:
    assert await write(database) == pair.servers["one"].port
    connection = await connect_to_any(Addresses(pair.backwards), timeout=5)
    assert await port_of(connection) == pair.servers["one"].port
    await connection.close()


async def test_after_a_failover_no_connection_of_the_old_primary_is_used_for_writes(
    pair: Pair, database: Database
) -> None:
    async with AsyncExitStack() as held:
        for _ in range(3):  # they rest in the pool afterwards
            await held.enter_async_context(database.begin())
    await pair.fail_over()
    with pytest.raises(Exception, match="read-only") as refused:
        await write(database)
    assert reason_of_database_fault(refused.value) == "read-only (25006)"
    # All of the others rest in the pool still: none of them is used.
    assert [await write(database) for _ in range(4)] == [pair.servers["two"].port] * 4


async def test_a_ping_that_finds_the_old_primary_read_only_leaves_it(pair: Pair, database: Database) -> None:
    await database.ping()
    await pair.fail_over()
    with pytest.raises(DatabaseUnavailable, match="read-only"):
        await database.ping()
    await database.ping()


async def test_a_snapshot_that_refuses_a_write_costs_no_connection(pair: Pair, database: Database) -> None:
    async with database.begin() as work:
        before = (await work.execute(text("select pg_backend_pid()"))).scalar_one()
    with pytest.raises(Exception, match="read-only"):
        async with database.snapshot() as work:
            await work.execute(text("create table refused ()"))
    async with database.begin() as work:
        assert (await work.execute(text("select pg_backend_pid()"))).scalar_one() == before


@pytest.mark.parametrize("fault", ["refuses", "is silent"])
async def test_a_connection_goes_to_the_next_server_when_the_old_primary(
    pair: Pair, database: Database, fault: str
) -> None:
    assert await write(database) == pair.servers["one"].port
    await pair.become("two", writable=True)
    await (pair.wires["one"].cut() if fault == "refuses" else pair.wires["one"].silence())
    began = time.monotonic()

    async def written() -> object:
        try:
            return await write(database)
        except Exception as error:
            if not is_database_fault(error):
                raise
            return reason_of_database_fault(error)

    await eventually(written, pair.servers["two"].port, "writes on the new primary", timeout=20)
    assert time.monotonic() - began < 15


async def test_while_no_server_takes_writes_the_reason_says_so(pair: Pair, database: Database) -> None:
    await pair.become("one", writable=False)
    with pytest.raises(DatabaseUnavailable) as refused:
        await database.connect()
    assert refused.value.reason == "read-only (25006)"
    await pair.wires["one"].cut()
    with pytest.raises(DatabaseUnavailable) as away:
        await database.connect()
    assert away.value.reason.startswith("no connection")


async def test_the_relay_leads_at_the_new_primary_after_a_failover(pair: Pair) -> None:
    telemetry = Telemetry()
    for server in pair.servers.values():
        await _create_tables(server)
    relay = Relay(pair.url, schema="ticketing", brokers={}, telemetry=telemetry)
    running = asyncio.create_task(relay.run())
    try:
        for leader, follower in (("one", "two"), ("two", "one")):
            await pair.become(follower, writable=False)
            await pair.become(leader, writable=True)
            await eventually(partial(_leases, pair.servers[leader]), 1, f"leases at {leader}", timeout=20)
    finally:
        relay.drain()
        await asyncio.wait([running], timeout=10)
        running.cancel()


async def _create_tables(server: Postgres) -> None:
    """The kit's tables, without a lease."""
    own = Database(server.url(user="ticketing", password=PASSWORDS["ticketing"]), schema="ticketing")
    superuser = await asyncpg.connect(server.url(), server_settings={"default_transaction_read_only": "off"})
    await superuser.execute("alter role ticketing set default_transaction_read_only = off")
    try:
        async with own.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            await connection.execute(text("delete from leases"))
    finally:
        await superuser.execute("alter role ticketing reset default_transaction_read_only")
        await superuser.close()
        await own.close()


async def _leases(server: Postgres) -> object:
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval("select count(*) from ticketing.leases where expires_at > now()")
    finally:
        await connection.close()
