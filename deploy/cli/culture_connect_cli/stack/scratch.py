"""Temporary folders of test servers, removed also after a killed run."""

import contextlib
import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from culture_connect_cli.stack.containers import remove_containers
from culture_connect_cli.stack.processes import ProcessId, terminate

_OWNER = "run"


@contextlib.contextmanager
def scratch_folder(clone: Path) -> Iterator[Path]:
    """A folder in the system's temporary folder for the servers of one run, removed at the end.

    First removes the folders and servers of killed runs of the same clone. Other users may traverse the folder, since
    root's PostgreSQL runs as another user, but not list it.
    """
    prefix = f"culture-connect-{hashlib.sha256(str(clone.resolve()).encode()).hexdigest()[:8]}-"
    for leftover in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        if leftover.is_dir() and leftover.stat().st_uid == os.geteuid() and not _is_in_use(leftover):
            _discard(leftover)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    own = ProcessId.of(os.getpid())
    (folder / _OWNER).write_text(f"{own.pid} {own.started}")
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        _discard(folder)


def _is_in_use(folder: Path) -> bool:
    try:
        pid, started = (folder / _OWNER).read_text().split()
        return ProcessId(int(pid), float(started)).find() is not None
    except (OSError, ValueError):
        # Another run is creating it.
        return True


def _discard(folder: Path) -> None:
    # Only processes and containers of this run work in here.
    terminate(_working_below(folder), first=signal.SIGKILL)
    remove_containers(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _working_below(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder.resolve()):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, FileNotFoundError):
            continue
    return [process for process in found if process.pid != os.getpid()]
