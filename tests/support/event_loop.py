"""The time for which an event loop is blocked: nothing else of the service moves meanwhile."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

_BEAT = 0.002  # seconds between two looks


@dataclass
class Held:
    """`longest`: seconds for which the loop came to nothing else at one time, as far as was seen."""

    longest: float = 0.0


@contextlib.asynccontextmanager
async def held() -> AsyncIterator[Held]:
    """Measures the running loop until the end of the block.

    What the machine gives to others counts as well, so a bound on it must be a wide one.
    """
    found = Held()
    beating = asyncio.create_task(_beat(found))
    await asyncio.sleep(0)
    try:
        yield found
        # What held the loop last is seen at the next beat.
        await asyncio.sleep(_BEAT * 2)
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating


async def _beat(found: Held) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(_BEAT)
        found.longest = max(found.longest, time.perf_counter() - before - _BEAT)
