"""What is in a queue, told and moved over AMQP, where the console's counts are too old."""

import asyncio
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

_TIMEOUT: Final = 10.0  # seconds for the broker to answer
_BATCH: Final = 100  # messages under way at once

# The broker counts anew in the next queue.
_OF_THE_BROKER: Final = "x-delivery-count"


async def counts(connection: AbstractConnection, queue: str) -> tuple[int, int]:
    """How many messages are ready in the queue, and how many consumers have it or something of it."""
    async with connection.channel() as channel:
        declared = (await channel.declare_queue(queue, passive=True, timeout=_TIMEOUT)).declaration_result
    return declared.message_count or 0, declared.consumer_count or 0


async def move(connection: AbstractConnection, source: str, target: str) -> int:
    """Moves all messages that are ready in `source` to the end of `target`; returns how many.

    A message is taken off `source` when the broker has confirmed it in `target`: broken off, some are in both.
    """
    moved = 0
    async with connection.channel(publisher_confirms=True, on_return_raises=True) as channel:
        queue = await channel.get_queue(source, ensure=False)
        while batch := await _batch(queue):
            # One after the other, in their order; the broker confirms them meanwhile.
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
        headers={name: value for name, value in message.headers.items() if name != _OF_THE_BROKER},
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
