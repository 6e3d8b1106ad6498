"""Items that share a transaction: those that come while one runs make up the next.

`isolate_failures` serves batches of requests and of messages (`consuming.group_commit`): a batch that fails is tried
again in halves, down to the one item that is to blame.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import TransientFailure, is_database_fault
from culture_connect.messaging.unit_of_work import UnitOfWork

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

Waiting = tuple[Item, asyncio.Future[Result]]


async def isolate_failures(
    items: Sequence[Item],
    effect: Callable[[Sequence[Item], bool], Awaitable[Sequence[Result]]],
    *,
    is_common: Callable[[Exception], bool],
    is_part: bool = False,
) -> AsyncIterator[tuple[Item, Result | Exception]]:
    """Yields each item with its result, or with the exception that it is to blame for, as soon as that is certain.

    `effect` gets the items and whether they are a part of a batch that failed. When it raises, each half is tried by
    itself; an exception that `is_common` fails all items at once, since it would only come again.
    """
    try:
        results = await effect(items, is_part)
    except Exception as error:
        if len(items) == 1 or is_common(error):
            for item in items:
                yield item, error
            return
        middle = len(items) // 2
        for half in (items[:middle], items[middle:]):
            async for settled in isolate_failures(half, effect, is_common=is_common, is_part=True):
                yield settled
        return
    for pair in zip(items, results, strict=True):
        yield pair


class BatchExecutor(Generic[Key, Item, Result]):
    """Executes the items of one key together, at most `most` in a transaction; keys are executed side by side.

    It serves requests that many people make at the same moment for the same thing, such as the seats of one evening:
    one after the other they would each hold a connection while they wait for the one lock. `effect` gets the unit of
    work, the key and the items, and returns a result for each in their order, or the exception to raise for it; what it
    raises itself is handled by `isolate_failures`. Two items of the same `identity` are never in one transaction.
    """

    def __init__(
        self,
        database: Database,
        effect: Callable[[UnitOfWork, Key, Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        identity: Callable[[Item], Hashable] = id,
        most: int = 100,
    ) -> None:
        self._database = database
        self._effect = effect
        self._identity = identity
        self._most = most
        self._waiting: dict[Key, deque[Waiting[Item, Result]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def execute(self, key: Key, item: Item) -> Result:
        """Returns the item's result once it is committed; raises what its effect raised.

        Raises TransientFailure when the work was broken off; the item is done or not, as after any lost answer.
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if key in self._waiting:
            self._waiting[key].append((item, done))
        else:
            self._waiting[key] = deque([(item, done)])
            # Without the context of this request: its trace is not that of the others who come along.
            task = asyncio.create_task(self._run(key), context=contextvars.Context())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await done

    async def _run(self, key: Key) -> None:
        waiting = self._waiting[key]
        batch: list[Waiting[Item, Result]] = []
        try:
            # What has reached this process already comes along.
            await asyncio.sleep(0)
            while waiting:
                batch = self._take(waiting)
                await self._settle(key, batch)
        finally:
            # However this ends, the next item of the key finds it free, and nobody is left waiting.
            del self._waiting[key]
            for _, done in [*batch, *waiting]:
                if not done.done():
                    done.set_exception(TransientFailure("broken_off"))

    def _take(self, waiting: deque[Waiting[Item, Result]]) -> list[Waiting[Item, Result]]:
        taken: dict[Hashable, Waiting[Item, Result]] = {}
        left = []
        while waiting and len(taken) < self._most:
            item, done = waiting.popleft()
            if (identity := self._identity(item)) in taken:
                left.append((item, done))
            else:
                taken[identity] = (item, done)
        waiting.extendleft(reversed(left))
        return list(taken.values())

    async def _settle(self, key: Key, batch: Sequence[Waiting[Item, Result]]) -> None:
        async def run(part: Sequence[Waiting[Item, Result]], _: bool) -> Sequence[Result | Exception]:
            return await self._run_effect(key, [item for item, _ in part])

        # Halves would wait for the database again and again.
        async for (_, done), result in isolate_failures(batch, run, is_common=is_database_fault):
            # Whoever asked may have hung up.
            if done.done():
                continue
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set_result(result)

    async def _run_effect(self, key: Key, items: Sequence[Item]) -> Sequence[Result | Exception]:
        async def effect(work: UnitOfWork) -> Sequence[Result | Exception]:
            results = await self._effect(work, key, items)
            if len(results) != len(items):
                raise ValueError(f"{len(results)} results for {len(items)} items")
            return results

        return await self._database.transact(effect)
