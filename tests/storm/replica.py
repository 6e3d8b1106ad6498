"""One replica of a service as a process that can be killed, paused and started again."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx
import psutil

from culture_connect_cli.stack.ports import LOOPBACK
from culture_connect_cli.stack.processes import plain_environment, spawn
from tests.support import process_signals

CLONE: Final = Path(__file__).parent.parent.parent
_TIMEOUT: Final = 3.0  # seconds for an answer about its health


class Replica:
    """`python -m <service> serve`, or the same with a promise broken (`sabotage`), in `folder`."""

    def __init__(
        self, name: str, service: str, port: int, folder: Path, environment: Mapping[str, str], sabotage: str | None
    ) -> None:
        self.name = name
        self.service = service
        self.url = f"http://{LOOPBACK}:{port}"
        self.log = folder / "log"
        self.ended: list[int] = []
        self._folder = folder
        self._environment = plain_environment(**environment, PYTHONPATH=str(CLONE))
        self._arguments = ["tests.storm.sabotage", sabotage, service] if sabotage else [service]
        self._child: subprocess.Popen[bytes] | None = None
        self._wanted = False

    def start(self) -> None:
        """Starts it, and does not wait until it is ready."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [sys.executable, "-m", *self._arguments, "serve"]
        self._child = spawn(command, cwd=self._folder, env=self._environment, log=self.log)
        self._wanted = True

    def keep_running(self) -> None:
        """Starts it again when it ended by itself; its exit status is then in `ended`."""
        if self._wanted and self._child is not None and (status := self._child.poll()) is not None:
            self.ended.append(status)
            self.start()

    def kill(self) -> None:
        """SIGKILL, as a crash; it stays down until it is started."""
        self._wanted = False
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def pause(self) -> None:
        """SIGSTOP."""
        if self._child is not None:
            process_signals.pause(self._child.pid)

    def resume(self) -> None:
        """SIGCONT."""
        if self._child is not None:
            process_signals.resume(self._child.pid)

    def memory(self) -> int:
        """Bytes that it has in memory now."""
        return int(psutil.Process(self._child.pid).memory_info().rss) if self._child is not None else 0

    async def problem(self) -> str | None:
        """Returns the problem in its readiness, or that it does not answer; None when it is ready."""
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
                answer = await client.get(f"{self.url}/health/ready")
        except httpx.HTTPError as error:
            return f"no answer ({type(error).__name__})"
        if answer.status_code == httpx.codes.OK:
            return None
        try:
            return "; ".join(map(str, answer.json()["problems"]))
        except (ValueError, KeyError):
            return f"HTTP {answer.status_code}"
