"""All reads of one block are of one moment, and change nothing."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from culture_connect.messaging import UnitOfWork, core_event
from tests.messaging.kit import Kit, erasure

NUMBER = text("select count(*) from effects")
WRITE = text("insert into effects (participant) values (:participant)")


async def number(work: UnitOfWork) -> int:
    """Returns the number of rows that this transaction sees."""
    return int((await work.execute(NUMBER)).scalar_one())


async def test_a_snapshot_shows_one_moment_whatever_is_committed_meanwhile(kit: Kit) -> None:
    async with kit.database.snapshot() as reading:
        before = await number(reading)
        async with kit.database.begin() as work:
            await work.execute(WRITE, {"participant": uuid4()})
        assert await number(reading) == before == 0
    async with kit.database.snapshot() as reading:
        assert await number(reading) == 1


async def test_a_snapshot_takes_no_writes_and_loses_no_message_in_silence(kit: Kit) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with kit.database.snapshot() as reading:
            await reading.execute(WRITE, {"participant": uuid4()})
    gone = erasure(uuid4())
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with kit.database.snapshot() as reading:
            reading.emit(gone, core_event(gone, "ticketing"))


async def test_whoever_has_the_connection_next_writes_and_sees_what_others_commit(kit: Kit) -> None:
    async with kit.database.snapshot() as reading:
        session = (await reading.execute(text("select pg_backend_pid()"))).scalar_one()
    async with kit.database.begin() as work:
        assert (await work.execute(text("select pg_backend_pid()"))).scalar_one() == session
        await work.execute(WRITE, {"participant": uuid4()})
        async with kit.database.begin() as other:
            await other.execute(WRITE, {"participant": uuid4()})
        assert await number(work) == 2
