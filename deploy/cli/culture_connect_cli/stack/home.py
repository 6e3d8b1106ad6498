"""The folder of a local stack: its state between two starts, and the lock of the process that runs it."""

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from culture_connect_cli.private_files import replace_json
from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.ports import choose_ports
from culture_connect_cli.stack_file import read_stack, stack_folder


class AlreadyRunningError(StackError):
    """Another process runs a stack in this folder."""


class Home:
    """`.local/` of a clone, or the folder in CULTURE_CONNECT_HOME. Only its owner can read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self.secrets = self.folder / "secrets"
        self.stack_file = self.folder / "stack.json"
        self._lock: int | None = None

    @classmethod
    def default(cls) -> "Home":
        """The folder of CULTURE_CONNECT_HOME, else `.local` in the working folder."""
        return cls(stack_folder())

    def lock(self) -> None:
        """Makes this process the one that runs the stack; raises AlreadyRunningError.

        The operating system frees the lock when the process ends, however it ends.
        """
        for folder in (self.folder, self.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._lock, 20).decode() or "unknown"
            self.unlock()
            raise AlreadyRunningError(f"A stack runs in {self.folder} already (process {holder}).") from None
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def unlock(self) -> None:
        """Lets another process run the stack."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def ports(self, names: Iterable[str]) -> dict[str, int]:
        """A port for each name: that of the last start while it is free."""
        file = self.folder / "ports.json"
        ports = choose_ports(names, json.loads(file.read_text()) if file.exists() else {})
        self.remember_ports(ports)
        return ports

    def remember_ports(self, ports: Mapping[str, int]) -> None:
        """Keeps the ports for the next start."""
        replace_json(self.folder / "ports.json", ports)

    def recorded_accounts(self) -> dict[str, dict[str, str]]:
        """The accounts in stack.json, which alone has the passwords of external clients."""
        accounts: dict[str, dict[str, str]] = {}
        if self.stack_file.exists():
            accounts = read_stack(self.stack_file).get("accounts", {})
        return accounts
