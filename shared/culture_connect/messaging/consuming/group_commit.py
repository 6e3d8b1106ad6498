"""Messages of one queue that share a transaction.

While a transaction runs, the messages that arrive gather; when it is done they go together into the next one. So a
lone message waits for nothing, and under load the price of a commit is shared by hundreds. A message that makes a batch
fail is found (`batching.isolate_failures`), fails alone, and waits (`retry_rows`) while the others are committed.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

import structlog
from prometheus_client import Histogram
from sqlalchemy import TextClause, text

from culture_connect.contracts import RefusalError
from culture_connect.messaging.backoff import Backoff
from culture_connect.messaging.batching import isolate_failures
from culture_connect.messaging.consuming import inbox, retry_rows
from culture_connect.messaging.consuming.decoder import Decoder, Item, Unreadable
from culture_connect.messaging.consuming.failures import Failures, Outcome, Source
from culture_connect.messaging.consuming.outage import Effect, Outage
from culture_connect.messaging.consuming.retry_policy import MAX_CRASHES, ProcessDied
from culture_connect.messaging.consuming.router import BatchSubscriber, Delivery, InvalidDelivery
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import RefusedMessage, lock_was_held, transactions_collided
from culture_connect.messaging.keyed_hash import KeyedHash
from culture_connect.messaging.unit_of_work import UnitOfWork

log = structlog.get_logger()

T = TypeVar("T")

COLLISIONS = 3  # with other transactions, before a batch is split

# How long a batch waits for a row that another transaction holds. Its parts wait less, for rows and for statements:
# neither a locked row nor a slow statement is to hold up those that need something else.
_LIMITS = text("select set_config('lock_timeout', '500ms', true)")
_LIMITS_OF_PART = text("select set_config('lock_timeout', '20ms', true), set_config('statement_timeout', '2s', true)")


class GroupCommit:
    """Handles the messages of one queue; one batch at a time, in the order of arrival.

    `settled` is called with each submitted item and its outcome, once that is committed.
    """

    def __init__(
        self,
        database: Database,
        subscriber: BatchSubscriber,
        hashes: KeyedHash,
        *,
        service: str,
        largest_batch: int,
        delays: tuple[float, ...],
        batch_size: Histogram,
        settled: Callable[[Item, Outcome], None],
    ) -> None:
        self._queue = subscriber.queue
        self._subscriber = subscriber
        self._hashes = hashes
        self._failures = Failures(Source(service, subscriber.vhost, subscriber.queue), delays, hashes)
        self._most_attempts = len(delays) + 1
        self._largest_batch = largest_batch
        self._batch_size = batch_size
        self._settled = settled
        self._waiting: deque[Item] = deque()
        self._arrived = asyncio.Event()
        self.outage = Outage(database)

    def submit(self, item: Item) -> None:
        """Adds an item to the next batch."""
        self._waiting.append(item)
        self._arrived.set()

    async def arrived(self) -> None:
        """Returns when there is something to commit."""
        await self._arrived.wait()

    async def commit(self) -> None:
        """Commits what has arrived, as one batch if nothing in it fails."""
        await self._let_in()
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._largest_batch))]
        if not self._waiting:
            self._arrived.clear()
        self._batch_size.observe(len(taken))
        async for item, outcome in isolate_failures(taken, self._commit_part, is_common=lambda _: False):
            settled = await self._settle_failure(item, outcome) if isinstance(outcome, Exception) else outcome
            self._settled(item, settled)

    async def retry(self, claimed: retry_rows.Claimed, decoder: Decoder) -> Outcome:
        """Tries a message again that has waited; returns what became of it."""
        if claimed.attempts > (MAX_CRASHES if claimed.suspect else self._most_attempts):
            return await self._fail_again(claimed, ProcessDied())
        item = decoder.decode(claimed.message, claimed.received_at)
        if item is not None and isinstance(item.content, Unreadable):
            return await self._fail_again(claimed, RefusedMessage(item.content.problems))
        try:
            await self._persist(lambda work: self._handle_claimed(work, claimed, item))
        except Exception as error:
            return await self._fail_again(claimed, error)
        return "ignored" if item is None else "handled"

    async def _let_in(self) -> None:
        """Lets in what has reached this process already: without it many small transactions take the processor."""
        seen = 0
        while seen < len(self._waiting) < self._largest_batch:
            seen = len(self._waiting)
            # A delivery takes two rounds of the event loop from its channel to here.
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def _commit_part(self, batch: Sequence[Item], is_part: bool) -> Sequence[Outcome]:
        limits = _LIMITS_OF_PART if is_part else _LIMITS
        return await self._persist(lambda work: self._handle_batch(work, batch, limits))

    async def _persist(self, effect: Effect[T]) -> T:
        """One transaction, tried again where that can help without a change of the messages."""
        collisions, backoff = 0, Backoff(0.03, 0.3)
        while True:
            try:
                return await self.outage.run(effect, give_up=True)
            except Exception as error:
                collisions += 1
                # Who waited for a lock already has waited long enough for its neighbours.
                if collisions > COLLISIONS or lock_was_held(error) or not transactions_collided(error):
                    raise
            await asyncio.sleep(backoff.next())

    async def _settle_failure(self, item: Item, error: Exception) -> Outcome:
        try:
            return await self.outage.run(lambda work: self._failures.fail(work, item, error), give_up=False)
        except Exception:
            # A fault of ours: this message waits until it is corrected, and no other does.
            log.exception("message not settled", queue=self._queue, message_id=self._hashes.shown_id(item.message_id))
            return "unsettled"

    async def _fail_again(self, claimed: retry_rows.Claimed, error: Exception) -> Outcome:
        return await self.outage.run(lambda work: self._failures.fail_again(work, claimed, error), give_up=False)

    async def _handle_batch(self, work: UnitOfWork, batch: Sequence[Item], limits: TextClause) -> list[Outcome]:
        await work.execute(limits)
        outcomes = await self._sort(work, batch)
        by_outcome: dict[Outcome, list[Item]] = {"waiting": [], "dead-lettered": [], "handled": []}
        for item, outcome in zip(batch, outcomes, strict=True):
            by_outcome[outcome].append(item)
        await self._failures.store_waiting(work, by_outcome["waiting"])
        await self._handle(work, by_outcome["handled"])
        # Last, since it takes the row of the queue's refusals.
        rejected = iter(await self._failures.reject(work, by_outcome["dead-lettered"]))
        return [next(rejected) if outcome == "dead-lettered" else outcome for outcome in outcomes]

    async def _sort(self, work: UnitOfWork, batch: Sequence[Item]) -> list[Outcome]:
        """Returns for each whether it may be handled now: not while an earlier message of its key waits."""
        keys = {item.key for item in batch if item.key is not None}
        waiting: set[str] = await retry_rows.waiting_keys(work.connection, self._queue, keys) if keys else set()
        outcomes: list[Outcome] = []
        for item in batch:
            if isinstance(item.content, Unreadable):
                outcomes.append("dead-lettered")
            elif item.suspect or item.key in waiting:
                outcomes.append("waiting")
                if item.key is not None:
                    waiting.add(item.key)
            else:
                outcomes.append("handled")
        return outcomes

    async def _handle_claimed(self, work: UnitOfWork, claimed: retry_rows.Claimed, item: Item | None) -> None:
        await work.execute(_LIMITS)
        if not await retry_rows.lock(work.connection, claimed.id):
            return  # another replica has it, or had it
        if item is not None:
            await self._handle(work, [item])
        await retry_rows.delete(work.connection, claimed.id)

    async def _handle(self, work: UnitOfWork, items: Sequence[Item]) -> None:
        if not items:
            return
        contents = await self._not_handled_before(work, items)
        for is_invalid, run in itertools.groupby(contents, key=lambda each: isinstance(each, InvalidDelivery)):
            if is_invalid:
                await self._answer_invalid(work, cast("list[InvalidDelivery]", list(run)))
            else:
                await self._hand_over(work, cast("Iterable[Delivery[Any]]", run))

    async def _hand_over(self, work: UnitOfWork, deliveries: Iterable[Delivery[Any]]) -> None:
        for handler, run in itertools.groupby(
            deliveries, key=lambda each: self._subscriber.handler_of(each.message.type)
        ):
            await handler(work, list(run))

    async def _answer_invalid(self, work: UnitOfWork, invalid: Sequence[InvalidDelivery]) -> None:
        if self._subscriber.invalid_handler is None:
            raise RefusedMessage(invalid[0].problems)
        await self._subscriber.invalid_handler(work, invalid)

    async def _not_handled_before(
        self, work: UnitOfWork, items: Sequence[Item]
    ) -> list[Delivery[Any] | InvalidDelivery]:
        """The contents that are new, in order; an id that comes back with another body becomes invalid."""
        first = {item.message_id: item for item in reversed(items)}
        digests = {message_id: item.digest for message_id, item in first.items()}
        new, seen = await inbox.record(work.connection, self._hashes, self._queue, digests)
        # What was remembered before decides, not what happens to come first in this batch.
        digests |= seen
        reused = [item for item in items if item.digest != digests[item.message_id]]
        if reused:
            reused = await self._not_answered_before(work, reused)
        fresh = [item.content for item in items if item.message_id in new and first[item.message_id] is item]
        return [*cast("list[Delivery[Any] | InvalidDelivery]", fresh), *(_refused_as_reused(item) for item in reused)]

    async def _not_answered_before(self, work: UnitOfWork, reused: Sequence[Item]) -> list[Item]:
        """Of the messages with a reused id, those whose refusal has not been sent yet."""
        keyed = {f"{item.message_id}#{item.digest.hex}": item for item in reused}
        digests = {key: item.digest for key, item in keyed.items()}
        new, _ = await inbox.record(work.connection, self._hashes, self._queue, digests)
        return [item for key, item in keyed.items() if key in new]


def _refused_as_reused(item: Item) -> InvalidDelivery:
    problem = RefusalError(
        field="message_id",
        code="message_id_reused",
        message="This message id was used before for another message; every message needs an id of its own.",
    )
    content = item.content
    if isinstance(content, InvalidDelivery):
        return replace(content, problems=[problem])
    delivery = cast("Delivery[Any]", content)
    return InvalidDelivery(
        envelope_id=delivery.envelope.id,
        type=delivery.envelope.type,
        queue=delivery.queue,
        party=delivery.party,
        problems=[problem],
        data=delivery.message.model_dump(mode="json"),
    )
