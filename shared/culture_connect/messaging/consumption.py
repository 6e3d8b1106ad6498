"""All consumers of one replica on living connections.

FastStream and aio-pika repair a good deal by themselves, and not everything: consumers can be missing after a broker
node was lost. So nothing is repaired here. When something is lost the whole consumption ends and its owner makes a new
one; unacked messages go back to their queues, once.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

import structlog
from aiormq.exceptions import ChannelNotFoundEntity
from faststream.rabbit import RabbitBroker

from culture_connect.messaging.consumer import Consumer, Subscription
from culture_connect.messaging.database import Database
from culture_connect.messaging.publisher import Publisher
from culture_connect.messaging.telemetry import Telemetry

log = structlog.get_logger()

LOOK = 1.0  # seconds between two looks at what should be consumed and what is
PATIENCE = 10.0  # seconds for the broker to answer
GRACE = 15.0  # seconds for what is in hand when stopping
# Messages held longer would be returned by the broker's own consumer timeout (30 minutes), one by one.
LONGEST_HOLD = 300.0  # seconds without the database

Follow = Callable[[], Awaitable[Sequence[Subscription]]]


class Consumption:
    """Consumers for `subscriptions` and for whatever `follow` names, until something is lost."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        *,
        service: str,
        brokers: Mapping[str, str],
        database: Database,
        telemetry: Telemetry,
        follow: Follow | None,
    ) -> None:
        self._fixed = {subscription.queue: subscription for subscription in subscriptions}
        self._service = service
        self._urls = brokers
        self._database = database
        self._telemetry = telemetry
        self._follow = follow
        self._lost = asyncio.Event()
        self._consumers: dict[str, Consumer] = {}
        self._brokers: dict[str, RabbitBroker] = {}
        self._publishers: dict[str, Publisher] = {}
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            for vhost, url in self._urls.items():
                publisher = Publisher(url, name=f"{self._service} failures")
                self._publishers[vhost] = await stack.enter_async_context(publisher)
                broker = RabbitBroker(
                    url,
                    apply_types=False,
                    graceful_timeout=GRACE,
                    logger=None,
                    on_close=[self._on_close],
                )
                stack.push_async_callback(_stop_broker, broker)
                async with asyncio.timeout(PATIENCE):
                    await broker.start()
                self._brokers[vhost] = broker
            await self._look()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(consumer.stop() for consumer in self._consumers.values()), return_exceptions=True)
        self._consumers.clear()
        await self._stack.aclose()

    async def watch(self) -> str:
        """Keeps the consumers as they should be; returns the reason when something was lost."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._lost.wait()
            if self._lost.is_set() or not all(publisher.connected for publisher in self._publishers.values()):
                return "broker connection lost"
            if any(each.seconds_without_database > LONGEST_HOLD for each in self._consumers.values()):
                return "database away for long"
            await self._look()

    async def missing(self) -> list[str]:
        """The queues that should always be consumed and are not."""
        return [queue for queue in self._fixed if not await self._is_consuming(queue)]

    async def _is_consuming(self, queue: str) -> bool:
        return queue in self._consumers and await self._consumers[queue].is_consuming()

    async def _look(self) -> None:
        wanted = dict(self._fixed)
        if self._follow is not None:
            wanted.update({each.queue: each for each in await self._follow()})
        for queue in list(self._consumers):
            if queue not in wanted or not await self._is_consuming(queue):
                log.info("consumer ended", queue=queue)
                await self._consumers.pop(queue).stop()
        for queue, subscription in wanted.items():
            if queue not in self._consumers and await self._exists(subscription):
                await self._start(subscription)
            if subscription.found is not None:
                subscription.found(queue in self._consumers)

    async def _start(self, subscription: Subscription) -> None:
        consumer = Consumer(
            subscription,
            service=self._service,
            database=self._database,
            publisher=self._publishers[subscription.vhost],
            telemetry=self._telemetry,
        )
        self._consumers[subscription.queue] = consumer
        # A broker that is still starting may never answer for a queue whose leader it does not know yet.
        async with asyncio.timeout(PATIENCE):
            await consumer.start(self._brokers[subscription.vhost])
        log.info("consuming", queue=subscription.queue)

    async def _exists(self, subscription: Subscription) -> bool:
        """Asks on a channel of its own, since the broker closes it when the queue is not there."""
        connection = await self._brokers[subscription.vhost].connect()
        if connection.transport is None:
            return False
        channel = await connection.transport.connection.channel()
        try:
            await channel.queue_declare(subscription.queue, passive=True, timeout=PATIENCE)
        except ChannelNotFoundEntity:
            return False
        await channel.close()
        return True

    def _on_close(self, *_: Any) -> None:
        self._lost.set()


async def _stop_broker(broker: RabbitBroker) -> None:
    with contextlib.suppress(Exception):  # what is lost already cannot be closed politely
        await broker.stop()
