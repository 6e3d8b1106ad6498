"""Many deliveries, one transaction.

While a transaction runs, the deliveries that arrive gather; when it is done they go together into the next one. So a
lone message waits for nothing, and under load the price of a commit is shared by hundreds. When a batch fails it is
split in two and each half tried again, down to the single message that is to blame: it fails alone.
"""

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from prometheus_client import Histogram

from culture_connect.contracts import RefusalError
from culture_connect.messaging import inbox
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import (
    PermanentFailure,
    TransientFailure,
    database_is_away,
    transactions_collided,
)
from culture_connect.messaging.handlers import Delivery, Handlers, InvalidDelivery
from culture_connect.messaging.unit_of_work import UnitOfWork

TRIES_IN_PLACE = 4
_LONGEST_PAUSE = 5.0  # seconds between two looks at a database that is away


@dataclass(frozen=True, slots=True)
class Item:
    """A delivery with what the inbox remembers of it: its id and the digest of its body."""

    message_id: str
    digest: UUID
    content: Delivery[Any] | InvalidDelivery


class GroupCommit:
    """Runs the handlers of one queue; one batch at a time, in the order of arrival."""

    def __init__(
        self, database: Database, queue: str, handlers: Handlers, *, largest_batch: int, batch_size: Histogram
    ) -> None:
        self._database = database
        self._queue = queue
        self._handlers = handlers
        self._largest_batch = largest_batch
        self._batch_size = batch_size
        self._waiting: deque[tuple[Item, asyncio.Future[None]]] = deque()
        self._arrived = asyncio.Event()
        self._away_since: float | None = None

    @property
    def seconds_without_database(self) -> float:
        """How long the batch in hand has been waiting for the database."""
        return 0.0 if self._away_since is None else time.monotonic() - self._away_since

    async def submit(self, item: Item) -> None:
        """Returns when the effect of this delivery is committed, raises what its handler raised."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        self._arrived.set()
        await done

    async def run(self) -> None:
        """Commits batch after batch until cancelled."""
        while True:
            await self._arrived.wait()
            await self._let_in()
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._largest_batch))]
            if not self._waiting:
                self._arrived.clear()
            self._batch_size.observe(len(taken))
            await self._settle(taken)

    async def _let_in(self) -> None:
        """Lets in what has reached this process already: without it many small transactions take the processor."""
        seen = 0
        while seen < len(self._waiting) < self._largest_batch:
            seen = len(self._waiting)
            # A delivery takes two turns of the event loop from its channel to here.
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def _settle(self, batch: Sequence[tuple[Item, asyncio.Future[None]]]) -> None:
        try:
            await self._persist([item for item, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                _resolve(batch[0][1], error)
                return
            middle = len(batch) // 2
            await self._settle(batch[:middle])
            await self._settle(batch[middle:])
        else:
            for _, done in batch:
                _resolve(done, None)

    async def _persist(self, items: Sequence[Item]) -> None:
        """One transaction, tried again where that can help without a change of the messages."""
        tries = 0
        while True:
            try:
                await self._transact(items)
            except Exception as error:
                if database_is_away(error) and await self._waited_for_database():
                    continue
                tries += 1
                if tries == TRIES_IN_PLACE or not _worth_repeating(error, alone=len(items) == 1):
                    raise
            else:
                return
            # Apart from each other, so that two that collided do not meet again.
            await asyncio.sleep(0.05 * 2**tries * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret

    async def _transact(self, items: Sequence[Item]) -> None:
        async with self._database.begin() as work:
            contents = await self._not_handled_before(work, items)
            for is_invalid, run in itertools.groupby(contents, key=lambda each: isinstance(each, InvalidDelivery)):
                if is_invalid:
                    await self._answer_invalid(work, cast("list[InvalidDelivery]", list(run)))
                else:
                    await self._handle(work, cast("Iterable[Delivery[Any]]", run))

    async def _handle(self, work: UnitOfWork, deliveries: Iterable[Delivery[Any]]) -> None:
        for handler, run in itertools.groupby(
            deliveries, key=lambda each: self._handlers.handler_of(each.message.type)
        ):
            await handler(work, list(run))

    async def _answer_invalid(self, work: UnitOfWork, invalid: Sequence[InvalidDelivery]) -> None:
        if self._handlers.invalid is None:
            raise PermanentFailure(invalid[0].problems[0].code)
        await self._handlers.invalid(work, invalid)

    async def _not_handled_before(
        self, work: UnitOfWork, items: Sequence[Item]
    ) -> list[Delivery[Any] | InvalidDelivery]:
        """The contents that are new, in order; an id that comes back with another body becomes invalid."""
        first = {item.message_id: item for item in reversed(items)}
        digests = {message_id: item.digest for message_id, item in first.items()}
        new, seen = await inbox.record(work.connection, self._queue, digests)
        # What was remembered before decides, not what happens to come first in this batch.
        digests |= seen
        impostors = [item for item in items if item.digest != digests[item.message_id]]
        if impostors:
            impostors = await self._not_answered_before(work, impostors)
        fresh = [item.content for item in items if item.message_id in new and first[item.message_id] is item]
        return [*fresh, *(_reused(item) for item in impostors)]

    async def _not_answered_before(self, work: UnitOfWork, impostors: Sequence[Item]) -> list[Item]:
        """Of the messages with a reused id, those whose refusal has not been sent yet."""
        keyed = {f"{item.message_id}#{item.digest.hex}": item for item in impostors}
        new, _ = await inbox.record(work.connection, self._queue, {key: item.digest for key, item in keyed.items()})
        return [item for key, item in keyed.items() if key in new]

    async def _waited_for_database(self) -> bool:
        """Waits until the database answers; False when it answered at once."""
        pause = 0.1
        self._away_since = time.monotonic()
        waited = False
        try:
            while True:
                try:
                    await self._database.ping()
                except Exception as error:
                    if not database_is_away(error):
                        raise
                    waited = True
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                else:
                    return waited
        finally:
            self._away_since = None


def _worth_repeating(error: Exception, *, alone: bool) -> bool:
    """A message that failed for now is repeated only alone: its neighbours should not wait for it."""
    if isinstance(error, TransientFailure):
        return alone
    return database_is_away(error) or transactions_collided(error)


def _reused(item: Item) -> InvalidDelivery:
    problem = RefusalError(
        field="message_id",
        code="message_id_reused",
        message="This message id was used before for another message; every message needs an id of its own.",
    )
    content = item.content
    if isinstance(content, InvalidDelivery):
        return replace(content, problems=[problem])
    return InvalidDelivery(
        envelope_id=content.envelope.id,
        type=content.envelope.type,
        queue=content.queue,
        party=content.party,
        problems=[problem],
        data=content.message.model_dump(mode="json"),
    )


def _resolve(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():  # its delivery was given up at shutdown
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
