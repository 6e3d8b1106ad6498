"""Requests that share a transaction."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest
from opentelemetry.trace import INVALID_SPAN_CONTEXT, get_current_span
from sqlalchemy import text

from culture_connect.messaging import BatchExecutor, Database, TransientFailure, UnitOfWork
from culture_connect.messaging.errors import DatabaseUnavailable
from culture_connect.tracing import server_span
from tests.support.databases import Database as OwnDatabase


class Wrong(Exception):
    """The exception that an item is answered with."""


class Counter:
    """Writes items into a table, and remembers which came in one transaction."""

    def __init__(self, database: Database) -> None:
        self.batches: list[list[str]] = []
        self.traces: list[int] = []
        self.going_on = asyncio.Event()
        self.going_on.set()
        self.begun = asyncio.Event()
        self.executor: BatchExecutor[str, str, str] = BatchExecutor(
            database, self._effect, identity=lambda item: item, most=3
        )

    async def _effect(self, work: UnitOfWork, lane: str, items: Sequence[str]) -> list[str | Exception]:
        self.begun.set()
        await self.going_on.wait()
        self.batches.append(list(items))
        self.traces.append(get_current_span().get_span_context().trace_id)
        for item in items:
            await work.execute(
                text("insert into done (lane, item) values (:lane, :item)"), {"lane": lane, "item": item}
            )
        if "broken" in items:
            raise Wrong("broken")
        if "cancelled" in items:
            raise asyncio.CancelledError
        if "miscounted" in items:
            return []
        return [Wrong(item) if item == "refused" else f"{lane}: {item}" for item in items]


class Nowhere(Database):
    """A database that nobody reaches; it counts who tries."""

    def __init__(self) -> None:
        super().__init__("postgresql://nobody@127.0.0.1:1/nothing", schema="nothing")
        self.asked = 0

    async def connect(self, application_name: str | None = None) -> asyncpg.Connection:
        self.asked += 1
        return await super().connect(application_name)


@pytest.fixture
async def database(database: OwnDatabase) -> AsyncIterator[Database]:
    """One table, and nothing in it."""
    made = Database(database.url("ticketing"), schema="ticketing")
    async with made.begin() as work:
        await work.execute(text("create table done (lane text, item text, primary key (lane, item))"))
    yield made
    await made.close()


@pytest.fixture
def counter(database: Database) -> Counter:
    """Nothing was done yet."""
    return Counter(database)


async def done(database: Database) -> set[str]:
    """Returns the committed items."""
    async with database.begin() as work:
        return set((await work.execute(text("select item from done"))).scalars())


async def test_what_comes_while_a_transaction_runs_makes_up_the_next_ones(counter: Counter) -> None:
    counter.going_on.clear()
    first = asyncio.create_task(counter.executor.execute("a", "first"))
    await counter.begun.wait()
    others = [asyncio.create_task(counter.executor.execute("a", item)) for item in "bcde"]
    await asyncio.sleep(0)
    counter.going_on.set()
    assert await asyncio.gather(first, *others) == ["a: first", "a: b", "a: c", "a: d", "a: e"]
    assert counter.batches == [["first"], ["b", "c", "d"], ["e"]]


async def test_a_refusal_is_told_to_whom_it_concerns_and_stops_nobody(counter: Counter, database: Database) -> None:
    answers = await asyncio.gather(
        *(counter.executor.execute("a", item) for item in ("one", "refused", "two")), return_exceptions=True
    )
    assert [str(answer) for answer in answers] == ["a: one", "refused", "a: two"]
    assert isinstance(answers[1], Wrong)
    assert len(counter.batches) == 1


async def test_one_that_breaks_the_transaction_fails_alone(counter: Counter, database: Database) -> None:
    answers = await asyncio.gather(
        *(counter.executor.execute("a", item) for item in ("one", "broken", "two")), return_exceptions=True
    )
    assert [str(answer) for answer in answers] == ["a: one", "broken", "a: two"]
    assert await done(database) == {"one", "two"}


async def test_the_same_again_comes_in_a_transaction_of_its_own(counter: Counter) -> None:
    answers = await asyncio.gather(
        *(counter.executor.execute("a", item) for item in ("one", "one", "two")), return_exceptions=True
    )
    assert counter.batches[0] == ["one", "two"]
    assert [type(answer).__name__ for answer in answers] == ["str", "IntegrityError", "str"]


async def test_nobody_is_served_in_the_trace_of_another(counter: Counter) -> None:
    with server_span("request", None) as request:
        await counter.executor.execute("a", "one")
    assert request.get_span_context().is_valid
    assert counter.traces == [INVALID_SPAN_CONTEXT.trace_id]


async def test_lanes_go_side_by_side(counter: Counter) -> None:
    counter.going_on.clear()
    both = [asyncio.create_task(counter.executor.execute(lane, "one")) for lane in "ab"]
    await asyncio.sleep(0)
    counter.going_on.set()
    assert await asyncio.gather(*both) == ["a: one", "b: one"]
    assert counter.batches == [["one"], ["one"]]


async def test_somebody_who_hangs_up_is_served_all_the_same(counter: Counter, database: Database) -> None:
    counter.going_on.clear()
    impatient = asyncio.create_task(counter.executor.execute("a", "one"))
    await asyncio.sleep(0)
    impatient.cancel()
    other = asyncio.create_task(counter.executor.execute("a", "two"))
    await asyncio.sleep(0)
    counter.going_on.set()
    assert await other == "a: two"
    assert await done(database) == {"one", "two"}


async def test_a_lane_whose_work_is_broken_off_answers_everybody_and_goes_on(
    counter: Counter, database: Database
) -> None:
    waiting = [asyncio.create_task(counter.executor.execute("a", item)) for item in ("cancelled", "b", "c", "d", "e")]
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(answer) for answer in answers} == {TransientFailure}
    async with asyncio.timeout(5):
        assert await counter.executor.execute("a", "later") == "a: later"
    assert await done(database) == {"later"}


async def test_an_effect_that_does_not_answer_everybody_has_none(counter: Counter, database: Database) -> None:
    async with asyncio.timeout(5):
        answers = await asyncio.gather(
            *(counter.executor.execute("a", item) for item in ("one", "miscounted")), return_exceptions=True
        )
    assert [str(answer) for answer in answers] == ["a: one", "0 results for 1 items"]
    assert await done(database) == {"one"}


async def test_a_database_that_is_away_is_asked_once_for_all_that_wait() -> None:
    nowhere = Nowhere()
    counter = Counter(nowhere)
    answers = await asyncio.gather(*(counter.executor.execute("a", item) for item in "abc"), return_exceptions=True)
    assert {type(answer) for answer in answers} == {DatabaseUnavailable}
    assert nowhere.asked == 1
