"""A commit that waits for a standby which is away is not taken for done, whoever gives up waiting."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text

from culture_connect.messaging import Database
from culture_connect.messaging.errors import is_database_fault
from tests.support.databases import Database as OwnDatabase
from tests.support.probes import eventually

COMMITS_THAT_WAIT = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"


@pytest.fixture
async def superuser(database: OwnDatabase) -> AsyncIterator[asyncpg.Connection]:
    superuser = await asyncpg.connect(database.superuser_url)
    yield superuser
    await superuser.close()


@pytest.fixture
async def waiting(database: OwnDatabase, superuser: asyncpg.Connection) -> AsyncIterator[Database]:
    """The server waits with every commit for a standby that does not exist."""
    made = Database(database.url("ticketing"), schema="ticketing", command_timeout=0.5)
    async with made.begin() as work:
        await work.execute(text("create table effects (id int primary key)"))
    probe = await asyncpg.connect(database.superuser_url)
    try:
        await set_standbys(superuser, "'ANY 1 (nobody)'")
        # Commits wait once another process of the server has read the setting, some moment after this session has.
        await eventually(lambda: waits_with_a_commit(probe, superuser), True, "that commits wait")
        yield made
    finally:
        await set_standbys(superuser, "default")
        await probe.close()
        await made.close()


async def set_standbys(superuser: asyncpg.Connection, names: str) -> None:
    # This setting is the whole server's; its own commit need not wait.
    await superuser.execute("set synchronous_commit = local")
    await superuser.execute(f"alter system set synchronous_standby_names = {names}")
    await superuser.execute("select pg_reload_conf()")
    expected = "" if names == "default" else names.strip("'")
    await eventually(lambda: superuser.fetchval("show synchronous_standby_names"), expected, "the setting")


async def waits_with_a_commit(probe: asyncpg.Connection, superuser: asyncpg.Connection) -> bool:
    """Returns whether a commit of the connection `probe`, with nothing in it, is seen to wait for a standby."""
    await probe.execute("set synchronous_commit = on")
    commit = asyncio.create_task(probe.execute("select pg_logical_emit_message(true, 'probe', '')"))
    while not commit.done():
        if await superuser.fetchval(COMMITS_THAT_WAIT):
            commit.cancel()
            await asyncio.wait([commit])
            return True
        await asyncio.wait([commit], timeout=0.01)
    await commit
    return False


async def write(database: Database) -> None:
    async with database.begin() as work:
        await work.execute(text("insert into effects values (1)"))


async def visible(superuser: asyncpg.Connection) -> object:
    return await superuser.fetchval("select count(*) from ticketing.effects")


async def test_a_commit_given_up_by_its_limit_goes_on_waiting(waiting: Database, superuser: asyncpg.Connection) -> None:
    for _ in range(2):  # the second one waits for the first
        with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is looked at
            await write(waiting)
        assert is_database_fault(raised.value)
        assert await visible(superuser) == 0
    await set_standbys(superuser, "default")
    await eventually(lambda: visible(superuser), 1, "effects once the standby is there")


async def test_a_commit_whose_task_is_cancelled_goes_on_waiting(
    waiting: Database, superuser: asyncpg.Connection
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await write(waiting)
    await eventually(lambda: superuser.fetchval(COMMITS_THAT_WAIT), 1, "commits that wait")
    assert await visible(superuser) == 0
