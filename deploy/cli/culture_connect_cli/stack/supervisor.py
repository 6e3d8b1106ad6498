"""Restarts components that end by themselves, with growing pauses."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from culture_connect_cli.stack.errors import StackError

_POLL = 0.3  # seconds between two polls
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_STABLE = 60.0  # seconds of running after which the pause starts again at the first


class Startable(Protocol):
    """A server or a program."""

    @property
    def is_running(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


@dataclass
class Component:
    """A server or program of a stack; `enabled` is whether it should run."""

    process: Startable
    enabled: bool = True


async def supervise(components: Mapping[str, Component], report: Callable[[str], None]) -> None:
    """Watches until cancelled; components that are not enabled are left alone."""
    await asyncio.gather(*(_watch(name, component, report) for name, component in components.items()))


async def _watch(name: str, component: Component, report: Callable[[str], None]) -> None:
    pause, since = _FIRST_PAUSE, time.monotonic()
    while True:
        await asyncio.sleep(_POLL)
        if not _is_missing(component):
            continue
        if time.monotonic() - since > _STABLE:
            pause = _FIRST_PAUSE
        report(f"{name} has ended by itself; it is started again in {pause:g} s.")
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
        if not _is_missing(component):
            continue
        try:
            await asyncio.to_thread(component.process.start)
        except StackError as error:
            report(f"{name} does not start: {error}")
        else:
            report(f"{name} runs again.")
        since = time.monotonic()


def _is_missing(component: Component) -> bool:
    return component.enabled and not component.process.is_running
