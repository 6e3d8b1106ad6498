"""Consuming through FastStream without its pipeline.

FastStream owns the connection, the channel, and the start and stop of subscribers. A delivery passes by its parser,
decoder, middlewares and contexts, none of which the bus kit uses: it goes from the receiver to a function of ours.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
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
from culture_connect.messaging.consuming.incoming import IncomingMessage
from culture_connect.messaging.consuming.receiver import DirectConsumer

log = structlog.get_logger()

PATIENCE = 10.0  # seconds for the broker to answer
_CANCEL_TIMEOUT = 3.0  # seconds

Deliver = Callable[[IncomingMessage], None]


class DirectBroker(RabbitBroker):
    """FastStream's broker on a connection of ours, seen at the broker under `name`.

    `closed` is set when the connection is gone, however that came. It is not opened again: a new broker is made.
    """

    def __init__(self, url: str, *, name: str) -> None:
        super().__init__(url, apply_types=False, logger=None)
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
        """Stops the subscribers and closes the connection, at the latest after 8 s."""
        try:
            await asyncio.gather(*(subscriber.stop() for subscriber in self.subscribers))
        finally:
            connection, self._connection = self._connection, None
            if connection is not None:
                await close_connection(connection)
            self.closed.set()
            self.running = False
            self.config.disconnect()

    def direct_subscriber(self, queue: str, *, prefetch: int, deliver: Deliver) -> "DirectSubscriber":
        """A subscriber to an existing queue, not yet started, with at most `prefetch` messages in hand."""
        config = cast("RabbitBrokerConfig", self.config)
        subscriber = DirectSubscriber(config, RabbitQueue(queue, declare=False), prefetch, deliver, tag=self._name)
        Registrator.subscriber(self, subscriber, persistent=False)
        return subscriber

    def _on_closed(self, *_: object) -> None:
        self.closed.set()


@contextlib.asynccontextmanager
async def connected_broker(url: str, *, name: str) -> AsyncIterator[DirectBroker]:
    """A connected broker until the end of the block. Raises what `connection.connect` does."""
    broker = DirectBroker(url, name=name)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


class DirectSubscriber(RabbitSubscriber):
    """One queue on a channel of its own. Made by `DirectBroker.direct_subscriber`; at the broker its consumer is `tag`.

    `deliver` is called for each delivery, in the order of arrival, while the connection is read. Settling it is up to
    `deliver`; what that raises leaves it unsettled, until the connection is closed.
    """

    def __init__(
        self, config: RabbitBrokerConfig, queue: RabbitQueue, prefetch: int, deliver: Deliver, *, tag: str
    ) -> None:
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
        self._tag = tag
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
        answer = await underlay.basic_consume(self.queue.name, _never, consumer_tag=self._tag)
        self._consumer_tag = answer.consumer_tag

    async def stop(self) -> None:
        """Takes nothing more. The channel stays open for the last acks until the broker is stopped."""
        if not self.running:
            return
        consuming = self.is_consuming()
        self.running = False
        if consuming and self._consumed is not None and self._consumer_tag is not None:
            # A broker that does not answer has nothing more to say to us either.
            with contextlib.suppress(Exception):
                await within(_CANCEL_TIMEOUT, self._consumed.basic_cancel(self._consumer_tag))

    def pause(self) -> None:
        """Lets nothing more come over the connection until `resume`; after 12 to 14 s it is lost by that."""
        if self._consumed is not None:
            cast("UnderlyingConnection", self._consumed.connection).reading.clear()

    def resume(self) -> None:
        """Lets deliveries come again."""
        if self._consumed is not None:
            cast("UnderlyingConnection", self._consumed.connection).reading.set()

    def is_consuming(self) -> bool:
        """True while the broker delivers to this subscriber; it ends it, for instance, when the queue is deleted."""
        channel = self._consumed if self.running else None
        return channel is not None and not channel.is_closed and self._consumer_tag in channel.consumers

    def _take(self, message: IncomingMessage) -> None:
        if not self.running:
            return  # it goes back to its queue with the channel
        try:
            self._deliver(message)
        except Exception as error:
            log.exception("delivery left unsettled", queue=self.queue.name, reason=type(error).__name__)


async def _never(_: DeliveredMessage) -> None:
    """What aiormq is told of, so that it knows the consumer: its deliveries never get there."""
