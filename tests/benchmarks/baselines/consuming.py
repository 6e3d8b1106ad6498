"""The cost of a delivery before anything is done with it, by its way through the libraries.

Arguments: AMQP URL, queue, number of messages, one of `WAYS`. Every way acks in the same manner, many deliveries with
one frame. Prints the processor seconds of this process from the first delivery to the last when they are acked.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import aiormq
import uvloop
from aiormq.abc import AbstractChannel, DeliveredMessage
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware
from faststream.rabbit.prometheus import RabbitPrometheusMiddleware
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from culture_connect.contracts import EnrolmentRequested
from culture_connect.messaging import EventRouter
from culture_connect.messaging.connection import connected
from culture_connect.messaging.consuming.ack_batcher import AckBatcher
from culture_connect.messaging.consuming.channel import ConsumerChannel, Deliver
from culture_connect.messaging.consuming.decoder import Decoder
from culture_connect.messaging.consuming.incoming_message import IncomingMessage
from tests.support.hashes import HASHES

PREFETCH: Final = 600


class Count:
    """AckBatcher deliveries and counts them; `done` is set when all are there."""

    def __init__(self, expected: int) -> None:
        self.done = asyncio.Event()
        self.started = 0.0
        self._left = expected
        self._acks: AckBatcher | None = None

    def take(self, channel: AbstractChannel, tag: int) -> None:
        """Takes one delivery."""
        if self._acks is None:
            self.started = time.process_time()
            self._acks = AckBatcher(channel)
        self._acks.ack(tag)
        self._left -= 1
        if not self._left:
            self.done.set()

    async def spent(self) -> float:
        """Waits for the last ack; returns the processor seconds."""
        await self.done.wait()
        assert self._acks is not None
        await self._acks.flush()
        return time.process_time() - self.started


async def with_aiormq(url: str, queue: str, count: Count) -> float:
    """The library at the bottom of FastStream and aio-pika, alone."""

    async def take(message: DeliveredMessage) -> None:
        count.take(message.channel, message.delivery_tag or 0)

    connection = await aiormq.connect(url)
    channel = await connection.channel(publisher_confirms=False)
    await channel.basic_qos(prefetch_count=PREFETCH)
    await channel.basic_consume(queue, take)
    return await count.spent()


async def with_the_kit(url: str, queue: str, count: Count) -> float:
    """The kit's channel, without what follows it."""

    def take(message: IncomingMessage) -> None:
        count.take(message.channel, message.delivery_tag)

    return await _with_channel(url, queue, count, take)


async def with_the_kit_decoded(url: str, queue: str, count: Count) -> float:
    """The same, with the envelope read, the data validated and the digest made."""
    subscriber = EventRouter().batch_subscriber(
        queue, vhost="edge", ordering_key=lambda message, _: message.employee_ref
    )

    @subscriber(EnrolmentRequested)
    async def nothing(*_: object) -> None:
        pass

    decoder = Decoder(subscriber, HASHES)

    def take(message: IncomingMessage) -> None:
        decoder.decode(message)
        count.take(message.channel, message.delivery_tag)

    return await _with_channel(url, queue, count, take)


async def _with_channel(url: str, queue: str, count: Count, take: Deliver) -> float:
    async with connected(url, name="benchmark") as connection:
        await ConsumerChannel(connection, queue, prefetch=PREFETCH, tag="benchmark", deliver=take).start()
        return await count.spent()


async def with_faststream(url: str, queue: str, count: Count, **options: Any) -> float:
    """A FastStream subscriber that only hands the message on; nothing is decoded or injected."""

    async def undecoded(message: RabbitMessage) -> RabbitMessage:
        return message

    async def take(message: Any) -> None:
        count.take(message.raw_message.channel, message.raw_message.delivery_tag or 0)

    return await _with_handler(url, queue, count, take, apply_types=False, decoder=undecoded, **options)


async def with_faststream_injected(url: str, queue: str, count: Count) -> float:
    """The same with FastStream's dependency injection, which its users have by default."""

    async def take(message: RabbitMessage) -> None:
        count.take(message.raw_message.channel, message.raw_message.delivery_tag or 0)

    return await _with_handler(url, queue, count, take)


async def with_faststream_observed(url: str, queue: str, count: Count) -> float:
    """The same as `with_faststream` with its middlewares for Prometheus and OpenTelemetry."""
    middlewares = (
        RabbitPrometheusMiddleware(registry=CollectorRegistry()),
        RabbitTelemetryMiddleware(tracer_provider=TracerProvider()),
    )
    return await with_faststream(url, queue, count, middlewares=middlewares)


async def with_faststream_decoded(url: str, queue: str, count: Count) -> float:
    """As FastStream's documentation has it: the handler gets a validated model."""

    async def take(_: EnrolmentRequested, message: RabbitMessage) -> None:
        count.take(message.raw_message.channel, message.raw_message.delivery_tag or 0)

    return await _with_handler(url, queue, count, take)


async def _with_handler(
    url: str, queue: str, count: Count, handler: Callable[..., Awaitable[None]], **options: Any
) -> float:
    broker = RabbitBroker(url, logger=None, **options)
    broker.subscriber(
        RabbitQueue(queue, declare=False),
        channel=Channel(prefetch_count=PREFETCH, publisher_confirms=False),
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
    )(handler)
    await broker.start()
    return await count.spent()


WAYS: Final[dict[str, Callable[[str, str, Count], Awaitable[float]]]] = {
    "aiormq": with_aiormq,
    "kit": with_the_kit,
    "kit-decoded": with_the_kit_decoded,
    "faststream": with_faststream,
    "faststream-injected": with_faststream_injected,
    "faststream-observed": with_faststream_observed,
    "faststream-decoded": with_faststream_decoded,
}


async def consume(url: str, queue: str, expected: int, way: str) -> None:
    """Takes `expected` messages, then waits to be ended."""
    spent = await WAYS[way](url, queue, Count(expected))
    print(spent, flush=True)  # noqa: T201 - the harness reads it, and ends this process
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(consume(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
