"""Child processes: started, recognised after a crash of ours, and terminated, always by process id."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from culture_connect_cli.stack.errors import StartTimeoutError


@dataclass(frozen=True)
class ProcessId:
    """A process id with its start time, which a later process with the same id does not have."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        return cls(pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """The process while it runs; None for a zombie."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) > 0.5 or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.NoSuchProcess:
            return None
        return process


@dataclass(frozen=True)
class Account:
    """The user of the operating system that runs a server."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child in its own session, so that Ctrl-C reaches only us and we decide the order of termination."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own servers, no shell
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def wait_until_ready(
    name: str, ready: Callable[[], bool], process: subprocess.Popen[bytes], *, timeout: float, log: Path
) -> None:
    """Polls until ready. Raises StartTimeoutError with the end of the log when the process ends or after `timeout`."""
    deadline = time.monotonic() + timeout
    while not ready():
        if process.poll() is not None:
            raise StartTimeoutError(f"{name} ended with status {process.returncode}.\n{tail(log)}")
        if time.monotonic() > deadline:
            raise StartTimeoutError(f"{name} was not ready after {timeout:.0f} s.\n{tail(log)}")
        time.sleep(0.05)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, headed by its path."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join([f"{log}:", *text.splitlines()[-lines:]])


def terminate(
    processes: Iterable[psutil.Process], *, first: signal.Signals = signal.SIGTERM, grace: float = 10
) -> None:
    """Sends `first`, then SIGKILL after `grace` seconds; returns when all have ended."""
    remaining = list(processes)
    for each in remaining:
        _send(each, first)
    remaining = _await_end(remaining, grace)
    for each in remaining:
        _send(each, signal.SIGKILL)
    _await_end(remaining, grace)


def kill_tree(parent: psutil.Process, *, grace: float = 5) -> None:
    """Sends SIGKILL to a process, and to its children if they run after `grace` seconds, as after a real crash."""
    try:
        family = parent.children(recursive=True)
    except psutil.NoSuchProcess:
        return
    terminate([parent], first=signal.SIGKILL)
    terminate(_await_end(family, grace), first=signal.SIGKILL)


def _await_end(processes: list[psutil.Process], timeout: float) -> list[psutil.Process]:
    """The processes that still run after `timeout` seconds.

    A zombie has ended. psutil's own wait waits until it is reaped, which never happens in a container whose first
    process does not reap.
    """
    deadline = time.monotonic() + timeout
    remaining = processes
    while True:
        remaining = [each for each in remaining if not _has_ended(each)]
        if not remaining or time.monotonic() > deadline:
            return remaining
        time.sleep(0.02)


def _has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def processes_in(folder: Path, names: Collection[str]) -> list[psutil.Process]:
    """Processes with these names and this working folder, which our servers never change."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] in names and process.cwd() == str(folder.resolve()):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


def plain_environment(**extra: str) -> dict[str, str]:
    """The part of our environment that a server needs, so that other settings of the machine cannot change it."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
    return {"LANG": "C.UTF-8", "PATH": os.defpath} | kept | extra


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
