"""Work that is done again and again while a service runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from culture_connect.messaging.errors import is_database_fault, reason_of

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def periodic(name: str, work: Callable[[], Awaitable[float | None]], *, interval: float) -> AsyncIterator[None]:
    """Runs `work` at once and then every `interval` seconds, until the block ends.

    `work` may return the seconds until its next run, at most `interval`. What it raises is logged and ends nothing; a
    database that is away is reported by others.
    """
    task = asyncio.create_task(_repeat(name, work, interval), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _repeat(name: str, work: Callable[[], Awaitable[float | None]], interval: float) -> None:
    while True:
        pause: float | None = None
        try:
            pause = await work()
        except Exception as error:
            if not is_database_fault(error):
                log.error("periodic work failed", work=name, reason=reason_of(error), exc_info=error)
        await asyncio.sleep(interval if pause is None else min(max(pause, 0.0), interval))
