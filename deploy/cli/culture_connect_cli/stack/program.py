"""A Python program as a child process: a service or the mailbox."""

import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.processes import (
    plain_environment,
    processes_in,
    spawn,
    tail,
    terminate,
    wait_until_ready,
)

_START_TIMEOUT = 60.0  # seconds
# `ready_url` is plain HTTP. Without this httpx reads all authorities of the machine at every try, for 20 ms each.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class Program:
    """`python -m module arguments`, ready when `ready_url` answers with 200.

    `folder` is its own working folder, by which an orphan is recognised.
    """

    name: str
    module: str
    arguments: Sequence[str]
    folder: Path
    log: Path
    ready_url: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Starts the program and returns when it is ready. Raises StartTimeoutError with the end of its log."""
        self.stop()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        terminate(self.orphans(), grace=20)
        self._child = spawn(
            [sys.executable, "-m", self.module, *self.arguments],
            cwd=self.folder,
            env=plain_environment(**self.environment),
            log=self.log,
        )
        wait_until_ready(self.name, self._is_ready, self._child, timeout=_START_TIMEOUT, log=self.log)

    def run(self, *arguments: str) -> None:
        """Runs the program once with other arguments, such as `migrate`. Raises StackError when that fails."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        child = spawn(
            [sys.executable, "-m", self.module, *arguments],
            cwd=self.folder,
            env=plain_environment(**self.environment),
            log=self.log,
        )
        if child.wait() != 0:
            raise StackError(f"{self.name} {' '.join(arguments)} failed.\n{tail(self.log)}")

    def stop(self) -> None:
        """Sends SIGTERM, and SIGKILL after 20 seconds."""
        self._end(lambda process: terminate([process], grace=20))

    def kill(self) -> None:
        """Sends SIGKILL, as a crash."""
        self._end(psutil.Process.kill)

    def orphans(self) -> list[psutil.Process]:
        """Processes of this program that a killed run left."""
        names = {Path(sys.executable).resolve().name, Path(sys.executable).name, "python", "python3"}
        return [process for process in processes_in(self.folder, names) if self.module in process.cmdline()]

    def _end(self, send: Callable[[psutil.Process], None]) -> None:
        if self._child is not None:
            if self._child.poll() is None:
                send(psutil.Process(self._child.pid))
            self._child.wait()
            self._child = None

    def _is_ready(self) -> bool:
        try:
            answer = httpx.get(self.ready_url, timeout=5, trust_env=False, verify=_NO_AUTHORITIES)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK
