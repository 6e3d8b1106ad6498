"""Messages handled long ago are forgotten, in small transactions, by one replica at a time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from culture_connect.messaging import Database
from culture_connect.messaging.consuming.inbox_cleanup import forget_old_messages, inbox_cleanup
from culture_connect.messaging.tables import metadata
from tests.support.databases import Database as OwnDatabase
from tests.support.probes import eventually

KEPT_FOR = timedelta(days=400)
OLD, YOUNG = timedelta(days=401), timedelta(days=399)


class Inbox:
    """An inbox with rows of any age."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def put(self, age: timedelta, count: int) -> None:
        rows = {"keys": [uuid4() for _ in range(count)], "at": datetime.now(UTC) - age}
        async with self.database.begin() as work:
            await work.execute(
                text("insert into inbox select key, key, :at from unnest(cast(:keys as uuid[])) as row (key)"), rows
            )

    async def size(self) -> int:
        async with self.database.begin() as work:
            return int((await work.execute(text("select count(*) from inbox"))).scalar_one())


@pytest.fixture
async def inbox(database: OwnDatabase) -> AsyncIterator[Inbox]:
    """Nothing was handled yet."""
    made = Database(database.url("ticketing"), schema="ticketing")
    async with made.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield Inbox(made)
    await made.close()


async def test_what_is_old_enough_is_forgotten_batch_by_batch_and_nothing_else(inbox: Inbox) -> None:
    for age in (OLD, YOUNG, OLD):
        await inbox.put(age, 200)  # some 110 have room on a page
    assert await forget_old_messages(inbox.database, kept_for=KEPT_FOR, pages=1) == 400
    assert await inbox.size() == 200


async def test_while_one_replica_is_about_it_others_leave_it_alone(inbox: Inbox) -> None:
    await inbox.put(OLD, 1)
    async with inbox.database.begin() as work:
        await work.execute(text("select pg_advisory_xact_lock(hashtext('inbox cleanup'), hashtext(current_schema()))"))
        assert await forget_old_messages(inbox.database, kept_for=KEPT_FOR) == 0
    assert await forget_old_messages(inbox.database, kept_for=KEPT_FOR) == 1


async def test_it_goes_on_while_the_service_runs_and_outlives_a_failure(inbox: Inbox) -> None:
    async with inbox.database.begin() as work:
        await work.execute(text("alter table inbox rename to inbox_away"))
    async with inbox_cleanup(inbox.database, kept_for=KEPT_FOR, interval=0.05):
        await asyncio.sleep(0)
        async with inbox.database.begin() as work:
            await work.execute(text("alter table inbox_away rename to inbox"))
        await inbox.put(OLD, 3)
        await eventually(inbox.size, 0, "messages in the inbox")


async def test_answers_to_repeated_requests_and_counts_of_refusals_are_forgotten_by_themselves(inbox: Inbox) -> None:
    async with inbox.database.begin() as work:
        await work.execute(
            text(
                "insert into idempotency_keys (caller, route, key, request_hash, created_at)"
                " select 'hr', 'POST /x', 'k-' || hours, '', now() - make_interval(hours => hours)"
                " from unnest(array[1, 25]) as age (hours)"
            )
        )
        await work.execute(
            text(
                "insert into refusals select 'hr.acme.enrolments', current_date - days, 5"
                " from unnest(array[0, 29, 40]) as age (days)"
            )
        )

    async def kept() -> tuple[list[str], int]:
        async with inbox.database.begin() as work:
            keys = (await work.execute(text("select key from idempotency_keys"))).scalars().all()
            return list(keys), (await work.execute(text("select count(*) from refusals"))).scalar_one()

    async with inbox_cleanup(inbox.database, kept_for=KEPT_FOR):
        await eventually(kept, (["k-1"], 2), "what is kept")
