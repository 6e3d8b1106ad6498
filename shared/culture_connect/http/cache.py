"""Caches for answers that anybody may ask for and that take long to make."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_SHARE: Final = 10  # repeated requests take a tenth of the processor at most


class LazyDocument:
    """A document that is written on first use, off the event loop, and kept."""

    def __init__(self, write: Callable[[], bytes]) -> None:
        self._write = write
        self._text: bytes | None = None
        self._writing = asyncio.Lock()

    async def text(self) -> bytes:
        """The document."""
        if self._text is None:
            async with self._writing:
                if self._text is None:
                    self._text = await asyncio.to_thread(self._write)
        return self._text


class RateLimitedText:
    """A text that is rewritten at most every tenfold of the time that writing it takes."""

    def __init__(self, write: Callable[[], bytes], clock: Callable[[], float] = time.perf_counter) -> None:
        self._write = write
        self._clock = clock
        self._text = b""
        self._until = float("-inf")

    def text(self) -> bytes:
        """The text as it was a moment ago."""
        if (began := self._clock()) >= self._until:
            self._text = self._write()
            ended = self._clock()
            self._until = ended + _SHARE * (ended - began)
        return self._text


class SingleFlight(Generic[T]):
    """A call that all share who ask while it runs."""

    def __init__(self, call: Callable[[], Awaitable[T]]) -> None:
        self._call = call
        self._running: asyncio.Task[T] | None = None

    async def result(self) -> T:
        """Returns the result of the call; raises its exception."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        # A caller that goes away does not cancel the call for the others.
        return await asyncio.shield(self._running)

    async def _run(self) -> T:
        return await self._call()
