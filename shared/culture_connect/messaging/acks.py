"""Acks of one channel, gathered: one frame for everything that was handled in the same moment.

An ack with `multiple` covers every delivery up to its tag. So it goes no further than the first delivery that is not
settled yet; what was handled beyond that one is acked by itself. The broker counts tags from 1, for each channel.
"""

import asyncio
import contextlib

from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import AbstractChannel
from aiormq.exceptions import AMQPError

from culture_connect.messaging.incoming import IncomingMessage


class Acks:
    """The acks of a consumer that is alone on its channel."""

    def __init__(self) -> None:
        self._channel: AbstractChannel | None = None
        self._floor = 0  # everything up to this tag is settled
        self._settled: set[int] = set()  # beyond the floor
        self._handled: set[int] = set()  # to be acked
        self._sending: asyncio.Task[None] | None = None

    def handled(self, message: IncomingMessage | AbstractIncomingMessage) -> None:
        """Acks the message, together with those that are handled in the same round of the event loop."""
        if self._belongs(message):
            self._handled.add(message.delivery_tag or 0)
            if self._sending is None:
                self._sending = asyncio.get_running_loop().create_task(self._send())

    def rejected(self, message: IncomingMessage | AbstractIncomingMessage) -> None:
        """Takes note of a message that went back to the broker already."""
        if self._belongs(message):
            self._settled.add(message.delivery_tag or 0)

    async def sent(self) -> None:
        """Returns when all acks are on their way."""
        while self._sending is not None:
            await asyncio.wait([self._sending])

    def _belongs(self, message: IncomingMessage | AbstractIncomingMessage) -> bool:
        if message.channel.is_closed:
            return False  # what was delivered on it is delivered again
        if message.channel is not self._channel:
            self._channel, self._floor = message.channel, 0
            self._settled, self._handled = set(), set()
        return True

    async def _send(self) -> None:
        # A channel that is lost takes no acks, and its messages come again.
        with contextlib.suppress(AMQPError, ConnectionError):
            while self._handled and self._channel is not None:
                channel, last, rest = self._channel, *self._next()
                if last:
                    await channel.basic_ack(last, multiple=True, wait=False)
                for tag in rest:
                    await channel.basic_ack(tag, wait=False)
        self._sending = None

    def _next(self) -> tuple[int, list[int]]:
        """The highest tag up to which all can be acked together (0: none), and those to be acked one by one."""
        last = 0
        while (tag := self._floor + 1) in self._handled or tag in self._settled:
            if tag in self._handled:
                last = tag
            self._handled.discard(tag)
            self._settled.discard(tag)
            self._floor = tag
        rest = sorted(self._handled)
        self._settled.update(rest)
        self._handled.clear()
        return last, rest
