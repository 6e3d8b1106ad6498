"""A database that neither answers nor hangs up: every wait has an end, and what comes after the silence succeeds."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from culture_connect.messaging import Database
from culture_connect.messaging.errors import is_database_fault, reason_of_database_fault
from tests.support.databases import Database as OwnDatabase
from tests.support.fault_proxy import FaultProxy
from tests.support.probes import eventually

SELECT = text("select 1")
COMMAND_TIMEOUT = 1.0  # seconds


@pytest.fixture
async def wire(database: OwnDatabase) -> AsyncIterator[FaultProxy]:
    port = make_url(database.url("ticketing")).port
    assert port
    async with FaultProxy(port) as wire:
        yield wire


@pytest.fixture
async def behind(database: OwnDatabase, wire: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The service's database at the other end of the wire; every limit is a fifth of what it is in earnest, or less."""
    monkeypatch.setattr("culture_connect.messaging.postgres.CONNECT_TIMEOUT", 1.0)
    monkeypatch.setattr("culture_connect.messaging.postgres.PING_TIMEOUT", 0.5)
    made = Database(wire.through(database.url("ticketing")), schema="ticketing", command_timeout=COMMAND_TIMEOUT)
    yield made
    await made.close()


async def work(database: Database) -> None:
    async with database.begin() as work:
        await work.execute(SELECT)


async def session_of(database: Database) -> int:
    async with database.begin() as work:
        return int((await work.execute(text("select pg_backend_pid()"))).scalar_one())


@contextmanager
def fault_within(seconds: float, reason: str) -> Iterator[None]:
    """The block ends within `seconds`, with a fault of the database for this reason."""
    started = time.monotonic()
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is looked at
        yield
    assert time.monotonic() - started < seconds
    assert is_database_fault(raised.value)
    assert reason in reason_of_database_fault(raised.value)


async def test_a_statement_that_is_not_answered_ends_its_transaction_after_its_limit(
    behind: Database, wire: FaultProxy
) -> None:
    with fault_within(COMMAND_TIMEOUT + 1, "not answered in time"):
        async with behind.begin() as work:
            await work.execute(SELECT)
            await wire.silence()
            await work.execute(SELECT)


async def test_a_commit_that_is_not_answered_ends_after_its_limit(behind: Database, wire: FaultProxy) -> None:
    with fault_within(COMMAND_TIMEOUT + 1, "not answered in time"):
        async with behind.begin() as work:
            await work.execute(SELECT)
            await wire.silence()


async def test_when_the_wire_is_mended_the_next_transaction_succeeds_though_all_connections_were_silent(
    behind: Database, wire: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("culture_connect.messaging.database._TRUSTED", 0.0)  # every connection rested for long enough
    await asyncio.gather(*(work(behind) for _ in range(5)))
    await wire.silence()
    with fault_within(3, "no connection within"):
        await work(behind)
    await wire.mend()
    started = time.monotonic()
    await asyncio.gather(*(work(behind) for _ in range(5)))
    assert time.monotonic() - started < 3


async def test_a_connection_that_rested_and_is_well_is_used_again(
    behind: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("culture_connect.messaging.database._TRUSTED", 0.0)
    assert len({await session_of(behind) for _ in range(3)}) == 1


async def test_after_a_cut_the_next_transaction_succeeds_at_once(behind: Database, wire: FaultProxy) -> None:
    await asyncio.gather(*(work(behind) for _ in range(5)))
    await wire.cut()
    await wire.mend()
    await eventually(lambda: {each.is_closed() for each in behind._open}, {True}, "the client knows")
    await asyncio.gather(*(work(behind) for _ in range(5)))


async def test_a_cancelled_request_leaves_a_silent_connection_soon(behind: Database, wire: FaultProxy) -> None:
    async def request() -> None:
        async with behind.begin() as work:
            await work.execute(SELECT)
            await wire.silence()
            await work.execute(SELECT)

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await request()
    assert time.monotonic() - started < 2


async def test_ping_and_close_end_though_nothing_answers(behind: Database, wire: FaultProxy) -> None:
    await asyncio.gather(*(work(behind) for _ in range(5)))
    await wire.silence()
    with fault_within(3, ""):
        await behind.ping()
    started = time.monotonic()
    await behind.close()
    assert time.monotonic() - started < 3


async def test_a_replica_that_stands_still_in_a_transaction_loses_its_locks(
    database: OwnDatabase, behind: Database
) -> None:
    """The limit is 30 s; here it is shorter, for whoever waits."""
    other = Database(database.url("ticketing"), schema="ticketing")
    try:
        async with other.begin() as preparation:
            await preparation.execute(text("create table seats (id int primary key)"))
            await preparation.execute(text("insert into seats values (1)"))
        with fault_within(10, ""):
            async with behind.begin() as stopped:
                limit = await stopped.execute(text("show idle_in_transaction_session_timeout"))
                assert limit.scalar_one() == "30s"
                await stopped.execute(text("set local idle_in_transaction_session_timeout = '200ms'"))
                await stopped.execute(text("select from seats for update"))
                async with other.begin() as successor:
                    await successor.execute(text("select from seats for update"))
                await stopped.execute(SELECT)
    finally:
        await other.close()
