"""Consuming through FastStream without its pipeline.

FastStream owns the connection, the channel, and the start and stop of subscribers. A delivery passes by its parser,
decoder, middlewares and contexts, none of which the bus kit uses: it goes from the receiver to a function of ours.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, cast

import aio_pika
import aiormq
import structlog
from aiormq.abc import DeliveredMessage
from faststream import AckPolicy
from faststream._internal.broker.registrator import Registrator
from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.configs import RabbitBrokerConfig
from faststream.rabbit.subscriber.config import RabbitSubscriberConfig, RabbitSubscriberSpecificationConfig
from faststream.rabbit.subscriber.specification import RabbitSubscriberSpecification
from faststream.rabbit.subscriber.usecase import RabbitSubscriber

from culture_connect.messaging.connection import UnderlyingConnection, close_connection, connect, within
from culture_connect.messaging.incoming import IncomingMessage
from culture_connect.messaging.receiver import DirectConsumer

log = structlog.get_logger()

GRACE = 15.0  # seconds for what is in hand when stopping
PATIENCE = 10.0  # seconds for the broker to answer
_CANCEL_TIMEOUT = 3.0  # seconds, for a consumer or for what is still in hand

Deliver = Callable[[IncomingMessage], Awaitable[None]]


class DirectBroker(RabbitBroker):
    """FastStream's broker on a connection of ours, seen at the broker under `name`.

    `closed` is set when the connection is gone, however that came. It is not opened again: a new broker is made.
    """

    def __init__(self, url: str, *, name: str, graceful_timeout: float = GRACE) -> None:
        super().__init__(url, apply_types=False, logger=None, graceful_timeout=graceful_timeout)
        self.closed = asyncio.Event()
        self._url = url
        self._name = name

    async def start(self) -> None:
        """Connects, and nothing else. Raises what `connection.connect` does."""
        await self.connect()
        self.running = True

    async def _connect(self) -> aio_pika.RobustConnection:
        # Robust to FastStream's types only: it asks no more of it than of any connection.
        connection = cast("aio_pika.RobustConnection", await connect(self._url, name=self._name))
        connection.close_callbacks.add(self._on_closed)
        if not connection.connected.is_set():
            self.closed.set()  # lost already
        self.config.connect(connection)
        return connection

    async def stop(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        """Stops the subscribers and closes the connection, at the latest after the graceful timeout and 12 s."""
        try:
            await asyncio.gather(*(subscriber.stop() for subscriber in self.subscribers))
        finally:
            connection, self._connection = self._connection, None
            if connection is not None:
                await close_connection(connection)
            self.closed.set()
            self.running = False
            self.config.disconnect()

    async def ask(self, queue: str) -> None:
        """Returns when the queue has answered that it is there.

        Raises one of aiormq's errors (no such queue, connection lost) or TimeoutError.
        """
        await within(PATIENCE, self._ask(queue))

    async def _ask(self, queue: str) -> None:
        connection = self._connection
        if connection is None or connection.transport is None:
            raise ConnectionError("not connected")
        # A channel of its own, since the broker closes it when there is no such queue.
        channel = await connection.transport.connection.channel()
        try:
            await channel.queue_declare(queue, passive=True)
        finally:
            if not channel.is_closed:
                await channel.close()

    def direct_subscriber(self, queue: str, *, prefetch: int, deliver: Deliver) -> "DirectSubscriber":
        """A subscriber to an existing queue, not yet started, with at most `prefetch` messages in hand."""
        config = cast("RabbitBrokerConfig", self.config)
        subscriber = DirectSubscriber(config, RabbitQueue(queue, declare=False), prefetch, deliver)
        Registrator.subscriber(self, subscriber, persistent=False)
        return subscriber

    def _on_closed(self, *_: object) -> None:
        self.closed.set()


@contextlib.asynccontextmanager
async def connected_broker(url: str, *, name: str, graceful_timeout: float = GRACE) -> AsyncIterator[DirectBroker]:
    """A connected broker until the end of the block. Raises what `connection.connect` does."""
    broker = DirectBroker(url, name=name, graceful_timeout=graceful_timeout)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


class DirectSubscriber(RabbitSubscriber):
    """One queue on a channel of its own. Made by `DirectBroker.direct_subscriber`.

    Each delivery runs as a task of its own, begun in the order of arrival. Settling it is up to `deliver`; what that
    raises leaves it unsettled, until the connection is closed.
    """

    def __init__(self, config: RabbitBrokerConfig, queue: RabbitQueue, prefetch: int, deliver: Deliver) -> None:
        exchange = RabbitExchange()
        calls = CallsCollection[Any]()
        super().__init__(
            RabbitSubscriberConfig(
                queue=queue,
                exchange=exchange,
                channel=Channel(prefetch_count=prefetch, publisher_confirms=False),
                no_reply=True,
                _ack_policy=AckPolicy.MANUAL,
                _outer_config=config,
            ),
            specification=RabbitSubscriberSpecification(
                _outer_config=config,
                specification_config=RabbitSubscriberSpecificationConfig(
                    title_=None, description_=None, include_in_schema=False, queue=queue, exchange=exchange
                ),
                calls=calls,
            ),
            calls=calls,
        )
        self._deliver = deliver
        self._in_hand: set[asyncio.Task[None]] = set()
        self._consumed: aiormq.Channel | None = None

    async def start(self) -> None:
        """Begins to consume. Raises one of aiormq's errors (no such queue, connection lost) or TimeoutError."""
        await within(PATIENCE, self._start())

    async def _start(self) -> None:
        channel = await self._outer_config.channel_manager.get_channel(self.channel)
        underlay = cast("aiormq.Channel", await channel.get_underlay_channel())
        connection = cast("UnderlyingConnection", underlay.connection)
        connection.direct[underlay.number] = DirectConsumer(underlay, self._take)
        self._consumed = underlay
        self.running = True
        answer = await underlay.basic_consume(self.queue.name, _never)
        self._consumer_tag = answer.consumer_tag

    async def stop(self) -> None:
        """Takes nothing more, and waits for what is in hand as long as the broker's graceful timeout allows.

        What is still in hand then is cancelled. The channel stays open for the last acks until the broker is stopped.
        """
        if not self.running:
            return
        consuming = self.is_consuming()
        self.running = False
        if consuming and self._consumed is not None and self._consumer_tag is not None:
            # A broker that does not answer has nothing more to say to us either.
            with contextlib.suppress(Exception):
                await within(_CANCEL_TIMEOUT, self._consumed.basic_cancel(self._consumer_tag))
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=self._outer_config.graceful_timeout)
        for task in self._in_hand:
            task.cancel()
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=_CANCEL_TIMEOUT)

    def is_consuming(self) -> bool:
        """True while the broker delivers to this subscriber; it ends it, for instance, when the queue is deleted."""
        channel = self._consumed if self.running else None
        return channel is not None and not channel.is_closed and self._consumer_tag in channel.consumers

    def _take(self, message: IncomingMessage) -> None:
        if not self.running:
            return  # it goes back to its queue with the channel
        task = asyncio.ensure_future(self._deliver(message))
        self._in_hand.add(task)
        task.add_done_callback(self._delivered)

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery left unsettled", queue=self.queue.name, reason=type(error).__name__)


async def _never(_: DeliveredMessage) -> None:
    """What aiormq is told of, so that it knows the consumer: its deliveries never get there."""
