"""Processes that stand still and go on: SIGSTOP and SIGCONT to a process with all its children, by process id."""

import contextlib
import signal

import psutil


def pause(pid: int) -> None:
    """Stops the process, then its children, so that it cannot start new ones meanwhile."""
    stopped: set[int] = set()
    while family := [each for each in _family(pid) if each.pid not in stopped]:
        for process in family:
            _send(process, signal.SIGSTOP)
            stopped.add(process.pid)


def resume(pid: int) -> None:
    """Lets the children go on, then the process; nothing happens to those that have ended or run."""
    for process in reversed(_family(pid)):
        _send(process, signal.SIGCONT)


def _family(pid: int) -> list[psutil.Process]:
    """The process first; none if it has ended."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
