"""A dry run within a transaction leaves nothing; changes before and after it stay."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from culture_connect.messaging import UnitOfWork, core_event
from tests.messaging.kit import Kit, erasure

BEFORE, WITHIN, AFTER = uuid4(), uuid4(), uuid4()


class RolledBackError(Exception):
    """Raised to end a block."""


async def have_effect(work: UnitOfWork, participant: UUID, *, flushed: bool = False) -> None:
    """Writes a row and emits a message, as a handler does."""
    await work.execute(text("insert into effects (participant) values (:participant)"), {"participant": participant})
    work.emit(erasure(participant), core_event(erasure(participant), "ticketing"), id=participant)
    if flushed:
        await work.flush()


async def sent(kit: Kit, count: int) -> list[str | None]:
    """The ids of the messages that leave, of which there are so many."""
    async with kit.service():
        messages = await kit.take("registration.events", count)
    assert await kit.outbox_size() == 0
    return [message.message_id for message in messages]


@pytest.mark.parametrize("flushed", [False, True])
async def test_a_trial_leaves_neither_rows_nor_messages_and_takes_nothing_else_with_it(kit: Kit, flushed: bool) -> None:
    async with kit.database.begin() as work:
        await have_effect(work, BEFORE)
        async with work.dry_run():
            await have_effect(work, WITHIN, flushed=flushed)
            seen = (await work.execute(text("select participant from effects order by id"))).scalars().all()
            assert seen == [BEFORE, WITHIN]
        await have_effect(work, AFTER)
    assert await kit.effects() == [BEFORE, AFTER]
    assert await sent(kit, 2) == [str(BEFORE), str(AFTER)]


async def try_in_vain(work: UnitOfWork, statement: str) -> None:
    """A trial that ends with an exception."""
    async with work.dry_run():
        await have_effect(work, WITHIN)
        await work.execute(text(statement))
        raise RolledBackError


async def test_a_trial_that_fails_can_be_survived(kit: Kit) -> None:
    async with kit.database.begin() as work:
        await have_effect(work, BEFORE)
        with pytest.raises(RolledBackError):
            await try_in_vain(work, "select 1")
        with pytest.raises(DBAPIError, match="division by zero"):
            await try_in_vain(work, "select 1 / cast(0 as int)")
        await have_effect(work, AFTER)
    assert await kit.effects() == [BEFORE, AFTER]
    assert await sent(kit, 2) == [str(BEFORE), str(AFTER)]


async def test_nothing_of_a_transaction_stays_that_ends_within_a_trial(kit: Kit) -> None:
    async def end_within() -> None:
        async with kit.database.begin() as work:
            await have_effect(work, BEFORE)
            await try_in_vain(work, "select 1")

    with pytest.raises(RolledBackError):
        await end_within()
    assert await kit.effects() == []
    assert await kit.outbox_size() == 0
