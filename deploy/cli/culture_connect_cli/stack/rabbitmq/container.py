"""A private RabbitMQ node in a Docker container, for machines without the package."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from culture_connect_cli.stack.containers import LABEL, docker, end_reader, follow_log
from culture_connect_cli.stack.errors import StartTimeoutError
from culture_connect_cli.stack.ports import LOOPBACK, choose_ports, is_listening
from culture_connect_cli.stack.processes import ProcessId
from culture_connect_cli.stack.rabbitmq.node import Node, Tls

IMAGE: Final = "rabbitmq:4-management"
_IN_CONTAINER: Final = Path("/culture-connect")
_DATA_IN_CONTAINER: Final = "/var/lib/rabbitmq"
_PORTS: Final = {"amqp": 5672, "amqps": 5671, "management": 15672, "prometheus": 15692}
_NOBODY: Final = 65534
_READY: Final = 120.0  # seconds

# In the form of RabbitMQ 4: 3.10 knows none of these settings. Collecting metrics for the management API is deprecated
# as well, and stays: `doctor`, `topology verify` and the console read the fill levels of queues from it.
DENIED: Final = (
    "classic_queue_mirroring",
    "global_qos",
    "ram_node_type",
    "transient_nonexcl_queues",
)
"""Deprecated features of RabbitMQ 4 that the node refuses to everybody, since nothing of ours uses them."""

_SETTINGS: Final = "log.console = true\nlog.console.level = info\n" + "".join(
    f"deprecated_features.permit.{feature} = false\n" for feature in DENIED
)


class DockerRabbitMQ(Node):
    """A node in a container that runs as our user (as nobody for root); arguments as of `Node`."""

    _log_reader: subprocess.Popen[bytes] | None = None

    @property
    def processes(self) -> list[ProcessId]:
        """Empty: a container is found by its name, and an orphaned one is removed at the next start."""
        return []

    @property
    def is_running(self) -> bool:
        return is_listening(self.ports["management"])

    @property
    def published(self) -> Mapping[int, int]:
        """The ports of this machine, on loopback only, by port within the container."""
        return {inside: self.ports[name] for name, inside in self._inside.items()}

    @property
    def volumes(self) -> Mapping[Path, str]:
        """The paths within the container by folder of this machine."""
        return {self.folder: str(_IN_CONTAINER), self.folder / "data": _DATA_IN_CONTAINER}

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment of the node; no secret is in it."""
        return {
            "RABBITMQ_CONFIG_FILE": f"{_IN_CONTAINER}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{_IN_CONTAINER}/enabled_plugins",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": self.erlang_arguments,
        }

    @property
    def user(self) -> str:
        """User and group that the node runs as."""
        user = os.geteuid() or _NOBODY
        return f"{user}:{user}"

    @property
    def _inside(self) -> dict[str, int]:
        """The ports within the container by name."""
        return {name: port for name, port in _PORTS.items() if self._tls or name != "amqps"}

    def start(self) -> None:
        """Starts or restarts; returns when clients can connect. Raises StartTimeoutError."""
        self._remove()
        (self.folder / "data").mkdir(parents=True, exist_ok=True, mode=0o700)
        self.ports = choose_ports(self._inside, self.ports)
        # Within the container's own network; the engine publishes on loopback only.
        self.write_configuration(_IN_CONTAINER, self._inside, "0.0.0.0", extra=_SETTINGS)  # noqa: S104
        self._give_files_to_node()
        has_data = any((self.folder / "data").iterdir())
        self.run()
        self._log_reader = follow_log(self.name, self.log)
        deadline = time.monotonic() + _READY
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise StartTimeoutError(f"RabbitMQ in Docker was not ready after {_READY:.0f} s: see {self.log}")
            time.sleep(0.1)
        if has_data:
            self.elect_leaders()

    def run(self) -> None:
        """Makes the container and starts it; returns before the node is ready. Raises StackError."""
        docker(*self.command())

    def stop(self) -> None:
        """Stops and removes the container; its data stays in the folder."""
        docker("stop", "--time=30", self.name, check=False)
        self._remove()

    def kill(self) -> None:
        """Sends SIGKILL to the node, as a crash."""
        docker("kill", "--signal=KILL", self.name, check=False)

    def is_ready(self) -> bool:
        """True when clients can connect. The engine accepts connections for a node whose listeners are not open yet."""
        return super().is_ready() and all(
            self._listens(self._inside[name]) for name in ("amqp", "amqps") if name in self._inside
        )

    def evaluate(self, expression: str) -> str:
        """Evaluates an Erlang expression on the running node; returns the output with errors."""
        return docker("exec", self.name, "rabbitmqctl", "eval", expression, check=False)

    def command(self) -> list[str]:
        """The arguments of `docker`."""
        return [
            "run",
            "--detach",
            f"--name={self.name}",
            # The node finds its data by the host name.
            f"--hostname={self.name}",
            f"--label={LABEL}={self.folder}",
            f"--user={self.user}",
            *(f"--publish={LOOPBACK}:{port}:{inside}" for inside, port in self.published.items()),
            *(f"--volume={folder}:{inside}" for folder, inside in self.volumes.items()),
            *(f"--env={name}={value}" for name, value in self.variables.items()),
            IMAGE,
        ]

    def _remove(self) -> None:
        docker("rm", "--force", "--volumes", self.name, check=False)
        if self._log_reader is not None:
            end_reader(self._log_reader)
            self._log_reader = None

    def _copy_certificate(self, tls: Tls) -> None:
        super()._copy_certificate(tls)
        self._give_files_to_node()

    def _give_files_to_node(self) -> None:
        """Gives the files that root wrote to the user who runs the node."""
        if os.geteuid() != 0:
            return
        files = (self.folder / "data", self.folder / "definitions.json", self.folder / "tls")
        for path in (self.folder, *files, *(self.folder / "tls").glob("*")):
            if path.exists():
                os.chown(path, _NOBODY, _NOBODY)

    def _listens(self, port: int) -> bool:
        """True when the node says that it listens on this port within the container."""
        url = f"{self.management_url}/api/health/checks/port-listener/{port}"
        try:
            answer = httpx.get(url, auth=(self.username, self.password), timeout=5, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK
