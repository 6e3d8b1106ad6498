"""Child processes: start, recognise again after a crash of ours, and end, always by process id."""

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
    """A process that cannot be mistaken for a later one that got the same number."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        return cls(pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """The process while it lives; zombies are dead."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) > 0.5 or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.NoSuchProcess:
            return None
        return process


@dataclass(frozen=True)
class Account:
    """The user of the operating system a server runs as."""

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
    """Starts a child in a session of its own, so that Ctrl-C reaches only us and we decide the order of the end."""
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
    """Polls until ready; raises StartTimeoutError with the end of the log when it ends or time (seconds) is up."""
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


def end(processes: Iterable[psutil.Process], *, first: signal.Signals = signal.SIGTERM, grace: float = 10) -> None:
    """Asks processes to stop, and kills those still there after grace seconds; returns when all are gone."""
    remaining = list(processes)
    for each in remaining:
        _send(each, first)
    remaining = _await_end(remaining, grace)
    for each in remaining:
        _send(each, signal.SIGKILL)
    _await_end(remaining, grace)


def kill_family(parent: psutil.Process, *, grace: float = 5) -> None:
    """SIGKILL to one process; its children get `grace` seconds to notice by themselves, as after a real crash."""
    try:
        family = parent.children(recursive=True)
    except psutil.NoSuchProcess:
        return
    end([parent], first=signal.SIGKILL)
    end(_await_end(family, grace), first=signal.SIGKILL)


def _await_end(processes: list[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Those that still run after `timeout` seconds.

    A zombie has ended. psutil's own wait does not say so: it waits for whoever should reap it, and that is for ever
    where the first process of a container does not.
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
    """Processes with these names whose working folder this is; our servers keep theirs all their life."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] in names and process.cwd() == str(folder.resolve()):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


def plain_environment(**extra: str) -> dict[str, str]:
    """What a server needs of our environment and no more, so that the machine's settings cannot change it."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TZ") if name in os.environ}
    return {"LANG": "C.UTF-8", "PATH": os.defpath} | kept | extra


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
