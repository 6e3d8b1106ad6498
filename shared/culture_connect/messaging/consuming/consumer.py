"""The consumer of one queue, on a connection of its own.

Its faults reach no other queue: it loses its broker, waits for its queue's leader, and comes back alone.
"""

import asyncio
import contextlib
from collections import OrderedDict
from typing import Final, get_args
from weakref import WeakKeyDictionary

import structlog
from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelNotFoundEntity

from culture_connect.messaging.backoff import Backoff
from culture_connect.messaging.connection import Connection, connected
from culture_connect.messaging.consuming import retry_rows
from culture_connect.messaging.consuming.ack_batcher import AckBatcher
from culture_connect.messaging.consuming.channel import ConsumerChannel
from culture_connect.messaging.consuming.decoder import Decoder, Item
from culture_connect.messaging.consuming.failures import Outcome
from culture_connect.messaging.consuming.group_commit import GroupCommit
from culture_connect.messaging.consuming.incoming_message import IncomingMessage
from culture_connect.messaging.consuming.router import BatchSubscriber
from culture_connect.messaging.consuming.shared_lock import SharedLock
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import MessagingError, is_database_fault, reason_of
from culture_connect.messaging.keyed_hash import KeyedHash
from culture_connect.messaging.telemetry import Telemetry

log = structlog.get_logger()

CHECK_INTERVAL: Final = 1.0  # seconds between two looks at whether all is well
# Messages held longer would be returned by the broker's own consumer timeout (30 minutes), one by one.
MAX_OUTAGE: Final = 300.0  # seconds without the database
# A prefetch counts messages, and 300 of the largest are 75 MiB: of one party nothing more is read beyond this.
MAX_UNSETTLED_BYTES: Final = 8 * 1024 * 1024  # bytes
GRACE: Final = 10.0  # seconds for unsettled messages when stopping

QUEUE_MISSING: Final = "the queue does not exist"
NOT_CONNECTED: Final = "not connected to the broker yet"
ANSWERS_UNREAD: Final = "the party does not read what it is told"


class ConsumingInterrupted(MessagingError):
    """Something ended that should have gone on; the text says what, for an operator."""


class Consumer:
    """Takes what comes from one queue, and tries again what waits, until it is stopped."""

    def __init__(
        self,
        subscriber: BatchSubscriber,
        *,
        service: str,
        url: str,
        database: Database,
        telemetry: Telemetry,
        lock: SharedLock,
        hashes: KeyedHash,
        delays: tuple[float, ...],
    ) -> None:
        self.subscriber = subscriber
        self.problem: str | None = NOT_CONNECTED
        # True while too much waits for the party: then nothing more is taken from it.
        self.is_blocked = False
        self._url = url
        self._name = f"{service} {subscriber.queue}"
        self._database = database
        self._telemetry = telemetry
        self._lock = lock
        self._decoder = Decoder(subscriber, hashes)
        self._commits = GroupCommit(
            database,
            subscriber,
            hashes,
            service=service,
            # One half is committed while the other arrives.
            largest_batch=max(1, subscriber.prefetch // 2),
            delays=delays,
            batch_size=telemetry.batch_size.labels(subscriber.queue),
            settled=self._settled,
        )
        # What was delivered on an earlier connection may be settled while there is another.
        self._acks = WeakKeyDictionary[AbstractChannel, AckBatcher]()
        self._channel: ConsumerChannel | None = None
        self._unsettled = 0
        self._unsettled_bytes = 0
        self._paused = False
        telemetry.bytes_in_hand.labels(subscriber.queue).set_function(lambda: self._unsettled_bytes)
        telemetry.consumption_paused.labels(subscriber.queue).set_function(lambda: 1 if self.outage is not None else 0)
        self._counted = {
            outcome: telemetry.deliveries.labels(subscriber.queue, outcome) for outcome in get_args(Outcome)
        }
        self._all_settled = asyncio.Event()
        self._all_settled.set()
        # Ids that this process has had before without ending.
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._stopping = asyncio.Event()
        self._retrying: asyncio.Task[None] | None = None

    @property
    def has_problem(self) -> bool:
        """True when there is a queue, as far as is known, and it cannot be consumed."""
        return self.problem not in (None, QUEUE_MISSING, NOT_CONNECTED)

    @property
    def outage(self) -> str | None:
        """The reason for which the database does not take unsettled messages; None when it does."""
        return self._commits.outage.reason

    async def run(self) -> None:
        """Consumes until `stop`, and ends when all messages are settled then, or after `GRACE`."""
        committing = asyncio.create_task(self._commit(), name=f"commit {self.subscriber.queue}")
        stopping = asyncio.create_task(self._stopping.wait())
        backoff = Backoff(0.2, 5.0)
        try:
            while not self._stopping.is_set():
                try:
                    await self._consume(stopping, backoff)
                except Exception as error:
                    self._set_problem(_problem_of(error))
                await asyncio.wait([stopping], timeout=backoff.next())
        finally:
            for task in (committing, stopping, self._retrying):
                if task is not None:
                    task.cancel()

    def stop(self) -> None:
        """Lets `run` end."""
        self._stopping.set()

    def retry(self, *, suspects: bool, others: bool) -> None:
        """Tries again what is due, unless that goes on already."""
        if self._retrying is None or self._retrying.done():
            work = self._retry(suspects=suspects, others=others)
            self._retrying = asyncio.create_task(work, name=f"retry {self.subscriber.queue}")

    # Taking

    async def _consume(self, stopping: asyncio.Task[bool], backoff: Backoff) -> None:
        """Consumes on one connection; returns when stopped, raises when something is lost."""
        if self.is_blocked:
            raise ConsumingInterrupted(ANSWERS_UNREAD)
        # Unsettled messages wait for the database; nothing more is taken while it is away.
        await self._database.ping()
        async with connected(self._url, name=self._name) as connection:
            while (channel := await self._open(connection)) is None:
                await asyncio.wait([stopping], timeout=CHECK_INTERVAL)
                if stopping.done():
                    return
            self._channel = channel
            self._set_problem(None)
            backoff.reset()
            try:
                await self._watch(connection, channel, stopping)
            finally:
                await self._close(channel)

    async def _open(self, connection: Connection) -> ConsumerChannel | None:
        """Begins to consume; None when there is no such queue."""
        queue, prefetch = self.subscriber.queue, self.subscriber.prefetch
        # Each time another one: the broker closed the channel on which it was asked for a queue that is not there.
        channel = ConsumerChannel(connection, queue, prefetch=prefetch, tag=self._name, deliver=self._deliver)
        try:
            await channel.start()
        except ChannelNotFoundEntity:
            self._set_problem(QUEUE_MISSING)
            return None
        return channel

    async def _watch(self, connection: Connection, channel: ConsumerChannel, stopping: asyncio.Task[bool]) -> None:
        lost = asyncio.create_task(connection.lost.wait())
        try:
            while True:
                await asyncio.wait([stopping, lost], timeout=CHECK_INTERVAL, return_when=asyncio.FIRST_COMPLETED)
                if stopping.done():
                    return
                if lost.done():
                    raise ConsumingInterrupted("the connection to the broker was lost")
                if not channel.is_consuming():
                    raise ConsumingInterrupted("the broker ended the consumer")
                if self.is_blocked:
                    raise ConsumingInterrupted(ANSWERS_UNREAD)
                if self._commits.outage.seconds > MAX_OUTAGE:
                    raise ConsumingInterrupted("the database has been away for long")
        finally:
            lost.cancel()

    async def _close(self, channel: ConsumerChannel) -> None:
        """Takes nothing more; unless something is lost, waits for unsettled messages and their acks."""
        with contextlib.suppress(Exception):  # what is lost already cannot be ended politely
            async with asyncio.timeout(GRACE):
                await channel.stop()
                if self._stopping.is_set() or self.is_blocked:
                    await self._all_settled.wait()
                    await asyncio.gather(*(acks.flush() for acks in self._acks.values()))

    def _set_problem(self, problem: str | None) -> None:
        """Records the reason for which the queue is not consumed; logs a new one."""
        if problem != self.problem:
            log.log(30 if problem else 20, problem or "consuming", queue=self.subscriber.queue)
        self.problem = problem
        self._telemetry.consuming.labels(self.subscriber.queue).set(0 if problem else 1)
        if self.subscriber.on_existence is not None and problem in (None, QUEUE_MISSING):
            self.subscriber.on_existence(problem is None)

    # Handling

    def _deliver(self, message: IncomingMessage) -> None:
        item = self._decoder.decode(message)
        if item is None:
            self._ack(message)
            self._counted["ignored"].inc()
            return
        if message.redelivered and item.message_id not in self._seen:
            item.suspect = True
        else:
            self._seen[item.message_id] = None
            if len(self._seen) > 4 * self.subscriber.prefetch:
                self._seen.popitem(last=False)
        self._unsettled += 1
        self._all_settled.clear()
        self._unsettled_bytes += len(message.body)
        if self._unsettled_bytes > MAX_UNSETTLED_BYTES and self._channel is not None:
            self._channel.pause()
            self._paused = True
        self._commits.submit(item)

    def _settled(self, item: Item, outcome: Outcome) -> None:
        self._unsettled -= 1
        if not self._unsettled:
            self._all_settled.set()
        self._unsettled_bytes -= len(item.message.body)
        if self._paused and self._unsettled_bytes <= MAX_UNSETTLED_BYTES and self._channel is not None:
            self._channel.resume()
            self._paused = False
        if isinstance(item.message, IncomingMessage) and outcome != "unsettled":
            self._ack(item.message)
        self._counted[outcome].inc()

    def _ack(self, message: IncomingMessage) -> None:
        acks = self._acks.get(message.channel)
        if acks is None:
            acks = self._acks[message.channel] = AckBatcher(message.channel)
        acks.ack(message.delivery_tag)

    async def _commit(self) -> None:
        while True:
            await self._commits.arrived()
            async with self._lock.shared():
                await self._commits.commit()

    async def _retry(self, *, suspects: bool, others: bool) -> None:
        """Tries messages that are due one by one; those that may end the process with nothing else unsettled."""
        try:
            while others:
                async with self._lock.shared():
                    others = await self._retry_one(suspect=False)
            while suspects:
                async with self._lock.exclusive():
                    suspects = await self._retry_one(suspect=True)
        except Exception as error:
            if not is_database_fault(error):
                log.exception("retry failed", queue=self.subscriber.queue, reason=reason_of(error))

    async def _retry_one(self, *, suspect: bool) -> bool:
        """False when nothing more of this kind is due."""
        queue = self.subscriber.queue
        async with self._database.begin() as work:
            claimed = await retry_rows.claim(work.connection, queue, suspect=suspect)
        if claimed is None:
            return False
        outcome = await self._commits.retry(claimed, self._decoder)
        self._counted[outcome].inc()
        return True


def _problem_of(error: Exception) -> str:
    return str(error) if isinstance(error, ConsumingInterrupted) else f"cannot be consumed ({reason_of(error)})"
