"""Processes that stand still."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.support.probes import until
from tests.support.process_signals import pause, resume

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import sys; print('ready', flush=True); sys.stdin.read()"])
child.wait()
"""


@pytest.fixture
def family() -> Iterator[psutil.Process]:
    """A process with a child that waits for its input to end."""
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield psutil.Process(process.pid)
    process.communicate()


async def test_a_paused_process_stands_still_with_its_children_and_goes_on(family: psutil.Process) -> None:
    assert not stopped(family)
    pause(family.pid)
    await until(lambda: states(family), lambda seen: set(seen) == {psutil.STATUS_STOPPED}, "everybody to stop")
    assert len(states(family)) == 2
    resume(family.pid)
    await until(lambda: stopped(family), lambda some: not some, "everybody to go on")


def test_a_process_that_has_ended_is_left_alone() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    pause(gone.pid)
    resume(gone.pid)


def states(parent: psutil.Process) -> list[str]:
    return [process.status() for process in (parent, *parent.children())]


def stopped(parent: psutil.Process) -> bool:
    return psutil.STATUS_STOPPED in states(parent)
