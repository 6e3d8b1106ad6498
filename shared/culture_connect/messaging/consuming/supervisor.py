"""The consumers of one replica: those of its fixed queues, and those of outside parties that come and go."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from typing import Final

import structlog

from culture_connect.messaging.consuming import retry_rows
from culture_connect.messaging.consuming.backlog import lane_to_party_of
from culture_connect.messaging.consuming.consumer import GRACE, Consumer
from culture_connect.messaging.consuming.router import BatchSubscriber
from culture_connect.messaging.consuming.shared_lock import SharedLock
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import is_database_fault, reason_of
from culture_connect.messaging.keyed_hash import KeyedHash
from culture_connect.messaging.telemetry import Telemetry

log = structlog.get_logger()

CHECK_INTERVAL: Final = 1.0  # seconds between two looks at which queues there should be, and which retries are due
CLOSE: Final = 5.0  # seconds beside the grace of a consumer, for its connection

Follow = Callable[[], Awaitable[Sequence[BatchSubscriber]]]


class ConsumerSupervisor:
    """Consumers for `subscribers` and for whatever `follow` gives."""

    def __init__(
        self,
        subscribers: Sequence[BatchSubscriber],
        *,
        service: str,
        brokers: Mapping[str, str],
        database: Database,
        telemetry: Telemetry,
        hashes: KeyedHash,
        follow: Follow | None,
        delays: tuple[float, ...],
    ) -> None:
        self._fixed = {subscriber.queue: subscriber for subscriber in subscribers}
        self._service = service
        self._urls = brokers
        self._database = database
        self._telemetry = telemetry
        self._hashes = hashes
        self._follow = follow
        self._delays = delays
        self._lock = SharedLock()
        self._consumers: dict[str, Consumer] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Consumes until `stopping` is set, and then settles what was taken as far as the grace allows."""
        while not stopping.is_set():
            try:
                await self._check()
            except Exception as error:
                if not is_database_fault(error):
                    log.exception("look at the queues failed", service=self._service, reason=reason_of(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_INTERVAL):
                    await stopping.wait()
        for consumer in self._consumers.values():
            consumer.stop()
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE + CLOSE)
        for task in self._running:
            task.cancel()

    def problems(self) -> list[str]:
        """Returns the faults that keep this replica from its fixed queues, in words for an operator."""
        found = [
            f"not consuming {queue}: {consumer.problem}" if consumer else f"not consuming {queue}"
            for queue in self._fixed
            if (consumer := self._consumers.get(queue)) is None or consumer.problem
        ]
        outages = {consumer.outage for consumer in self._consumers.values() if consumer.outage}
        return found + [f"messages wait for the database: {outage}" for outage in sorted(outages)]

    def warnings(self) -> list[str]:
        """Queues of outside parties that are there and cannot be consumed."""
        return [
            f"not consuming {queue}: {consumer.problem}"
            for queue, consumer in self._consumers.items()
            if queue not in self._fixed and consumer.has_problem
        ]

    def block(self, lanes: Set[str]) -> None:
        """Stops consuming from the parties to which these lanes lead, and resumes for all others."""
        for queue, consumer in self._consumers.items():
            consumer.is_blocked = lane_to_party_of(queue) in lanes

    async def _check(self) -> None:
        wanted = dict(self._fixed)
        if self._follow is not None:
            wanted.update({each.queue: each for each in await self._follow()})
        for queue in self._consumers.keys() - wanted.keys():
            self._consumers.pop(queue).stop()
        for queue, subscriber in wanted.items():
            if queue not in self._consumers:
                self._start(subscriber)
        await self._retry_what_is_due()

    def _start(self, subscriber: BatchSubscriber) -> None:
        consumer = Consumer(
            subscriber,
            service=self._service,
            url=self._urls[subscriber.vhost],
            database=self._database,
            telemetry=self._telemetry,
            lock=self._lock,
            hashes=self._hashes,
            delays=self._delays,
        )
        self._consumers[subscriber.queue] = consumer
        task = asyncio.create_task(consumer.run(), name=f"consume {subscriber.queue}")
        self._running.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, subscriber.queue))

    def _ended(self, task: asyncio.Task[None], queue: str) -> None:
        self._running.discard(task)
        if queue not in self._consumers:
            self._telemetry.forget_queue(queue)

    async def _retry_what_is_due(self) -> None:
        async with self._database.begin() as work:
            due = await retry_rows.due(work.connection)
        for queue, (suspects, others) in due.items():
            if consumer := self._consumers.get(queue):
                consumer.retry(suspects=suspects, others=others)
