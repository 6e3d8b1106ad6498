"""Acks of one channel, gathered: one frame for everything that was handled in the same moment.

An ack with `multiple` covers every delivery up to its tag. So it goes no further than the first delivery that is not
settled yet; what was handled beyond that one is acked by itself. The broker counts tags from 1, for each channel.
"""

import asyncio
import contextlib

from aiormq.abc import AbstractChannel


class AckBatcher:
    """The acks of a consumer that is alone on `channel`."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel
        self._floor = 0  # everything up to this tag is settled
        self._settled: set[int] = set()  # beyond the floor
        self._to_ack: set[int] = set()  # to be acked
        self._sending: asyncio.Task[None] | None = None

    def ack(self, tag: int) -> None:
        """Acks the delivery, together with those that are handled in the same round of the event loop."""
        # What was delivered on a channel that is closed is delivered again.
        if not self._channel.is_closed:
            self._to_ack.add(tag)
            if self._sending is None:
                self._sending = asyncio.get_running_loop().create_task(self._send())

    async def flush(self) -> None:
        """Returns when all acks are on their way."""
        if self._sending is not None:
            await asyncio.wait([self._sending])

    async def _send(self) -> None:
        try:
            # A channel that is lost takes no acks, whatever it raises, and its messages come again.
            with contextlib.suppress(Exception):
                while self._to_ack:
                    last, rest = self._next()
                    if last:
                        await self._channel.basic_ack(last, multiple=True, wait=False)
                    for tag in rest:
                        await self._channel.basic_ack(tag, wait=False)
        finally:
            self._sending = None

    def _next(self) -> tuple[int, list[int]]:
        """The highest tag up to which all can be acked together (0: none), and those to be acked one by one."""
        last = 0
        while (tag := self._floor + 1) in self._to_ack or tag in self._settled:
            if tag in self._to_ack:
                last = tag
            self._to_ack.discard(tag)
            self._settled.discard(tag)
            self._floor = tag
        rest = sorted(self._to_ack)
        self._settled.update(rest)
        self._to_ack.clear()
        return last, rest
