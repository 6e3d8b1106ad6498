"""Starts again what dies by itself, with growing pauses."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from culture_connect_cli.stack.errors import StackError

_LOOK = 0.3  # seconds between two looks
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_STEADY = 60.0  # seconds of running after which a death is a first one again


class Startable(Protocol):
    """A server or a program."""

    @property
    def is_running(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


@dataclass
class Part:
    """A part of a stack; `wanted` is whether it should run."""

    what: Startable
    wanted: bool = True


async def supervise(parts: Mapping[str, Part], say: Callable[[str], None]) -> None:
    """Watches until cancelled; parts that are not wanted are left alone."""
    await asyncio.gather(*(_watch(name, part, say) for name, part in parts.items()))


async def _watch(name: str, part: Part, say: Callable[[str], None]) -> None:
    pause, since = _FIRST_PAUSE, time.monotonic()
    while True:
        await asyncio.sleep(_LOOK)
        if not _is_missing(part):
            continue
        if time.monotonic() - since > _STEADY:
            pause = _FIRST_PAUSE
        say(f"{name} has ended by itself; it is started again in {pause:g} s.")
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
        if not _is_missing(part):
            continue
        try:
            await asyncio.to_thread(part.what.start)
        except StackError as error:
            say(f"{name} does not start: {error}")
        else:
            say(f"{name} runs again.")
        since = time.monotonic()


def _is_missing(part: Part) -> bool:
    return part.wanted and not part.what.is_running
