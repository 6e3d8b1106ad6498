"""The folder of a local stack: what it remembers between two starts, and who is using it now."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.ports import keep_or_choose

VARIABLE = "CULTURE_CONNECT_HOME"


class AlreadyRunningError(StackError):
    """Another process runs a stack in this folder."""


class Home:
    """`.local/` of a clone, or the folder that CULTURE_CONNECT_HOME names. Only its owner may look into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self.secrets = self.folder / "secrets"
        self.stack_file = self.folder / "stack.json"
        self._lock: int | None = None

    @classmethod
    def default(cls) -> "Home":
        """The folder of CULTURE_CONNECT_HOME, else `.local` in the working folder."""
        return cls(Path(os.environ.get(VARIABLE) or ".local"))

    def take(self) -> None:
        """Makes this process the one that runs the stack; raises AlreadyRunningError.

        The system gives the lock back when the process ends, however it ends.
        """
        for folder in (self.folder, self.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._lock, 20).decode() or "unknown"
            self.release()
            raise AlreadyRunningError(f"A stack runs in {self.folder} already (process {holder}).") from None
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Lets another process run the stack."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def ports(self, names: Iterable[str]) -> dict[str, int]:
        """A port for each name: that of the last time, unless someone else has taken it meanwhile."""
        file = self.folder / "ports.json"
        ports = keep_or_choose(names, _read(file))
        self.remember_ports(ports)
        return ports

    def remember_ports(self, ports: Mapping[str, int]) -> None:
        """What a server chose in the end."""
        write_whole(self.folder / "ports.json", dict(ports))

    def recorded_accounts(self) -> dict[str, dict[str, str]]:
        """The accounts of parties in the description, which alone knows their passwords."""
        accounts: dict[str, dict[str, str]] = _read(self.stack_file).get("accounts", {})
        return accounts


def write_whole(file: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON with mode 0600; a reader sees the old or the new content, never a part."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as new:
        json.dump(content, new, indent=2)
    Path(name).replace(file)


def _read(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content
