"""Ending tasks that may not hear the first time."""

import asyncio
from typing import Any, Final

_AGAIN: Final = 1.0  # seconds between two cancellations
_TRIES: Final = 20


async def end(task: asyncio.Task[Any]) -> None:
    """Cancels the task until it has ended; AssertionError when it does not within twenty seconds.

    A client library that is just closing its connection may take a cancellation for the end of that alone, and
    whoever waits for the task waits for ever.
    """
    for _ in range(_TRIES):
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN)
        if task.done():
            if not task.cancelled():
                task.exception()  # else asyncio complains of an error that nobody wants any more
            return
    raise AssertionError(f"{task.get_name()} does not end")
