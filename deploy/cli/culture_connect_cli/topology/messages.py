"""Messages of a queue, counted and moved over AMQP, since the management API's counts are seconds old."""

import asyncio
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

_TIMEOUT: Final = 10.0  # seconds for the broker to answer
_BATCH: Final = 100  # messages in flight

# Set by the broker, which starts again in the next queue.
_DELIVERY_COUNT: Final = "x-delivery-count"


async def queue_counts(connection: AbstractConnection, queue: str) -> tuple[int, int]:
    """The numbers of ready messages and of consumers of a queue."""
    async with connection.channel() as channel:
        declared = (await channel.declare_queue(queue, passive=True, timeout=_TIMEOUT)).declaration_result
    return declared.message_count or 0, declared.consumer_count or 0


async def move_messages(connection: AbstractConnection, source: str, target: str) -> int:
    """Moves all ready messages of `source` to the end of `target`; returns their number.

    A message is acknowledged once it is confirmed in `target`: after an interruption some are in both.
    """
    moved = 0
    async with connection.channel(publisher_confirms=True, on_return_raises=True) as channel:
        queue = await channel.get_queue(source, ensure=False)
        while batch := await _batch(queue):
            # Published in order; confirms arrive meanwhile.
            await asyncio.gather(*(_publish(channel, message, target) for message in batch))
            await batch[-1].ack(multiple=True)
            moved += len(batch)
    return moved


async def _batch(queue: AbstractQueue) -> list[AbstractIncomingMessage]:
    batch: list[AbstractIncomingMessage] = []
    while len(batch) < _BATCH and (message := await queue.get(fail=False, timeout=_TIMEOUT)) is not None:
        batch.append(message)
    return batch


async def _publish(channel: AbstractChannel, message: AbstractIncomingMessage, queue: str) -> None:
    copy = aio_pika.Message(
        message.body,
        headers={name: value for name, value in message.headers.items() if name != _DELIVERY_COUNT},
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        type=message.type,
        app_id=message.app_id,
        timestamp=message.timestamp,
        correlation_id=message.correlation_id,
    )
    await channel.default_exchange.publish(copy, queue, timeout=_TIMEOUT)
