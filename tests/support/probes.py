"""Waiting for what happens elsewhere: a probe is asked until it answers as expected, and explains itself when not."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

INTERVAL = 0.05  # seconds between two looks


async def eventually(
    probe: Callable[[], object],
    expected: object,
    what: str,
    *,
    timeout: float = 10.0,  # noqa: ASYNC109
) -> None:
    """Asks `probe` until it returns `expected`; AssertionError, with what it last saw, after `timeout` seconds."""
    seen = await until(probe, lambda value: value == expected, f"{what} to be {expected!r}", timeout=timeout)
    assert seen == expected


@overload
async def until(
    probe: Callable[[], Awaitable[T]],
    satisfied: Callable[[T], bool],
    what: str,
    *,
    timeout: float = ...,  # noqa: ASYNC109
) -> T: ...


@overload
async def until(
    probe: Callable[[], T],
    satisfied: Callable[[T], bool],
    what: str,
    *,
    timeout: float = ...,  # noqa: ASYNC109
) -> T: ...


async def until(
    probe: Callable[[], Any],
    satisfied: Callable[[Any], bool],
    what: str,
    *,
    timeout: float = 10.0,  # noqa: ASYNC109
) -> Any:
    """Asks `probe` until `satisfied` and returns what it said; raises AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = probe()
        seen = await answer if inspect.isawaitable(answer) else answer
        if satisfied(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}; last seen: {seen!r}")
        await asyncio.sleep(INTERVAL)
