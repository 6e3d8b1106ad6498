"""Requests that share a transaction: those that come while one runs make up the next.

For what many people do at the same moment to the same thing, such as asking for the seats of one evening: one after the
other they would each hold a connection while they wait for the one lock. Here one connection waits for all of them.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import TransientFailure, is_database_fault
from culture_connect.messaging.unit_of_work import UnitOfWork

Lane = TypeVar("Lane", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

Waiting = tuple[Item, asyncio.Future[Result]]


class BatchExecutor(Generic[Lane, Item, Result]):
    """Does items of one lane together, at most `most` in a transaction; lanes go side by side.

    `effect` gets the unit of work, the lane and the items, and returns a result for each in their order, or the
    exception to raise for it. When it raises, the items are done again in halves, down to the one that is to blame; a
    fault of the database fails all of them at once, since halves would wait for it again and again. Two items of the
    same `identity` are never in one transaction.
    """

    def __init__(
        self,
        database: Database,
        effect: Callable[[UnitOfWork, Lane, Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        identity: Callable[[Item], Hashable] = id,
        most: int = 100,
    ) -> None:
        self._database = database
        self._effect = effect
        self._identity = identity
        self._most = most
        self._lanes: dict[Lane, deque[Waiting[Item, Result]]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def do(self, lane: Lane, item: Item) -> Result:
        """Returns the item's result once it is committed; raises what its effect raised.

        Raises TransientFailure when the work was broken off; the item is done or not, as after any lost answer.
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if lane in self._lanes:
            self._lanes[lane].append((item, done))
        else:
            self._lanes[lane] = deque([(item, done)])
            # Without the context of this request: its trace is not that of the others who come along.
            task = asyncio.create_task(self._run(lane), context=contextvars.Context())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await done

    async def _run(self, lane: Lane) -> None:
        waiting = self._lanes[lane]
        batch: list[Waiting[Item, Result]] = []
        try:
            # What has reached this process already comes along.
            await asyncio.sleep(0)
            while waiting:
                batch = self._take(waiting)
                await self._settle(lane, batch)
        finally:
            # However this ends, the next item of the lane finds it free, and nobody is left waiting.
            del self._lanes[lane]
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

    async def _settle(self, lane: Lane, batch: Sequence[Waiting[Item, Result]]) -> None:
        items = [item for item, _ in batch]

        async def effect(work: UnitOfWork) -> Sequence[Result | Exception]:
            results = await self._effect(work, lane, items)
            if len(results) != len(items):
                raise ValueError(f"{len(results)} results for {len(items)} items")
            return results

        results: Sequence[Result | Exception]
        try:
            results = await self._database.transact(effect)
        except Exception as error:
            if len(batch) > 1 and not is_database_fault(error):
                middle = len(batch) // 2
                await self._settle(lane, batch[:middle])
                await self._settle(lane, batch[middle:])
                return
            results = [error] * len(batch)
        for (_, done), result in zip(batch, results, strict=True):
            # Whoever asked may have hung up.
            if done.done():
                continue
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set_result(result)
