"""Filling queues, and seeing from outside what becomes of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice

import aio_pika
from aio_pika.abc import AbstractChannel

WINDOW = 1000  # messages under way at a time
LOOK = 0.01  # seconds between two looks at a queue


async def publish(channel: AbstractChannel, exchange: str, keyed: Iterable[tuple[str, aio_pika.Message]]) -> int:
    """Publishes (routing key, message) pairs, pipelined, each confirmed by the broker; returns how many."""
    target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
    count = 0
    pairs = iter(keyed)
    while window := list(islice(pairs, WINDOW)):
        await asyncio.gather(*(target.publish(message, key) for key, message in window))
        count += len(window)
    return count


class Watch:
    """The counts of queues, asked over a channel of its own by passive declaration."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel

    async def messages(self, queue: str) -> int:
        """Returns the number of messages that are ready."""
        declared = await self._channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0

    async def consumers(self, queue: str) -> int:
        """Returns the number of consumers."""
        declared = await self._channel.declare_queue(queue, passive=True)
        return declared.declaration_result.consumer_count or 0

    async def purge(self, queue: str) -> None:
        """Throws the messages away."""
        declared = await self._channel.declare_queue(queue, passive=True)
        await declared.purge()

    async def until_consumed(self, queue: str, timeout: float = 60) -> float:  # noqa: ASYNC109
        """Waits for the first consumer; returns the moment (seconds of `time.perf_counter`)."""
        return await _until(lambda: self.consumers(queue), lambda count: count > 0, f"a consumer of {queue}", timeout)

    async def until_filled(self, queue: str, count: int, timeout: float = 120) -> float:  # noqa: ASYNC109
        """Waits until so many messages are ready; returns the moment."""
        return await _until(
            lambda: self.messages(queue), lambda ready: ready >= count, f"{count} messages in {queue}", timeout
        )


async def _until(
    ask: Callable[[], Awaitable[int]],
    good: Callable[[int], bool],
    what: str,
    timeout: float,  # noqa: ASYNC109
) -> float:
    deadline = time.perf_counter() + timeout
    while True:
        seen = await ask()
        now = time.perf_counter()
        if good(seen):
            return now
        if now > deadline:
            raise TimeoutError(f"waited {timeout:g} s for {what}; last seen: {seen}")
        await asyncio.sleep(LOOK)


def with_key(key: str, messages: Iterable[aio_pika.Message]) -> Iterator[tuple[str, aio_pika.Message]]:
    """Each message with this routing key."""
    return ((key, message) for message in messages)
