"""A private RabbitMQ node in a Docker container, for machines without the package."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from culture_connect_cli.stack.errors import StackError, StartTimeoutError
from culture_connect_cli.stack.ports import LOOPBACK, choose_ports, is_listening
from culture_connect_cli.stack.processes import ProcessId
from culture_connect_cli.stack.rabbitmq.node import Node

IMAGE = "rabbitmq:4-management"
_IN_CONTAINER = Path("/culture-connect")
_PORTS = {"amqp": 5672, "amqps": 5671, "management": 15672, "prometheus": 15692}
_NOBODY = 65534


class DockerRabbitMQ(Node):
    """A node in a container that runs as our user (as nobody for root); arguments as of `Node`."""

    @property
    def processes(self) -> list[ProcessId]:
        """Empty: a container is found by its name, and an orphaned one is removed at the next start."""
        return []

    @property
    def is_running(self) -> bool:
        return is_listening(self.ports["management"])

    @property
    def _inside(self) -> dict[str, int]:
        """The ports within the container by name."""
        return {name: port for name, port in _PORTS.items() if self._tls or name != "amqps"}

    def start(self) -> None:
        """Starts or restarts; returns when clients can connect. Raises StartTimeoutError."""
        _docker("rm", "--force", self.name, check=False)
        (self.folder / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
        self.ports = choose_ports(self._inside, self.ports)
        # Within the container's own network; the engine publishes on loopback only.
        self.write_configuration(_IN_CONTAINER, self._inside, "0.0.0.0")  # noqa: S104
        if os.geteuid() == 0:
            files = (self.folder / "data", self.folder / "definitions.json", self.folder / "tls")
            for path in (self.folder, *files, *(self.folder / "tls").glob("*")):
                if path.exists():
                    os.chown(path, _NOBODY, _NOBODY)
        _docker(*self.command())
        deadline = time.monotonic() + 120
        while not self.is_ready():
            if time.monotonic() > deadline:
                self.log.write_text(_docker("logs", self.name, check=False))
                raise StartTimeoutError(f"RabbitMQ in Docker was not ready after 120 s: see {self.log}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stops and removes the container; its data stays in the folder."""
        _docker("stop", "--time=30", self.name, check=False)
        _docker("rm", "--force", self.name, check=False)

    def kill(self) -> None:
        """Sends SIGKILL to the node, as a crash."""
        _docker("kill", "--signal=KILL", self.name, check=False)

    def command(self) -> list[str]:
        """The arguments of `docker`."""
        user = os.geteuid() or _NOBODY
        published = [f"--publish={LOOPBACK}:{self.ports[name]}:{inside}" for name, inside in self._inside.items()]
        return [
            "run",
            "--detach",
            f"--name={self.name}",
            # The node finds its data by the host name.
            f"--hostname={self.name}",
            f"--user={user}:{user}",
            *published,
            f"--volume={self.folder}:{_IN_CONTAINER}",
            f"--volume={self.folder / 'data'}:/var/lib/rabbitmq",
            f"--env=RABBITMQ_CONFIG_FILE={_IN_CONTAINER}/rabbitmq.conf",
            f"--env=RABBITMQ_ENABLED_PLUGINS_FILE={_IN_CONTAINER}/enabled_plugins",
            f"--env=RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS={self.erlang_arguments}",
            IMAGE,
        ]


def engine_answers() -> bool:
    """True when a Docker engine answers."""
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=10).returncode == 0  # noqa: S607
    except subprocess.TimeoutExpired:
        return False


def _docker(*arguments: str, check: bool = True) -> str:
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
    if check and result.returncode != 0:
        raise StackError(f"docker {arguments[0]} failed: {result.stderr.strip()}")
    return result.stdout + result.stderr
