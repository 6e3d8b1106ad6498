"""An installation of `docker-compose.yml`, as an operator has it: only `docker compose` and the published ports."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from culture_connect_cli.accounts import Credentials
from culture_connect_cli.stack.ports import choose_ports
from tests.containers.engine import docker
from tests.support.command import credentials_in

ROOT: Final = Path(__file__).parent.parent.parent
PORTS: Final = (
    "AMQP",
    "AMQPS",
    "CONSOLE",
    "MAILBOX",
    "REGISTRATION",
    "TICKETING",
    "NOTIFICATIONS",
    "TICKETING_PUBLIC",
    "NOTIFICATIONS_PUBLIC",
)
SERVICES: Final = ("registration", "ticketing", "notifications")
_UP: Final = 420.0  # seconds, to build what is missing and until all is healthy
_COMMAND: Final = 120.0  # seconds


class ComposeError(Exception):
    """`docker compose` failed; with what it printed."""


class Installation:
    """A project of Compose with ports of its own, from the tree in `root`."""

    def __init__(self, project: str, root: Path = ROOT, ports: Mapping[str, int] | None = None) -> None:
        self.project = project
        self.ports = dict(ports) if ports else choose_ports(PORTS)
        self._root = root

    def of(self, root: Path) -> "Installation":
        """The same installation, its data and its ports, from another tree."""
        return Installation(self.project, root, self.ports)

    @property
    def urls(self) -> dict[str, str]:
        """Where the services are reached from outside."""
        return {service: self.url(service) for service in SERVICES}

    def url(self, name: str) -> str:
        """The address of a service, or of `mailbox` or `console`."""
        return f"http://127.0.0.1:{self.ports[name.upper()]}"

    def build(self) -> None:
        """Builds the images of the tree."""
        self.compose("build", "--quiet", timeout=_UP)

    def up(self, *services: str) -> None:
        """Starts all of it, or these services; returns when everything is healthy."""
        self.compose("up", "--detach", "--wait", "--no-build", *services, timeout=_UP)

    def down(self, *, volumes: bool = False) -> None:
        """Stops and removes the containers; the data stays, unless `volumes` go as well."""
        self.compose("down", "--remove-orphans", *(["--volumes"] if volumes else []))

    def tools(self, *arguments: str) -> str:
        """What the `culture-connect` command of the installation prints."""
        return self.compose("run", "--rm", "--no-TTY", "tools", *arguments)

    def account(self, kind: str, name: str) -> Credentials:
        """A new client's credentials, with the address that was told to it."""
        return credentials_in(self.tools("account", "add", kind, name))

    def token(self, name: str = "programme") -> str:
        """A token that the installation has from the start."""
        return self.compose(
            "run", "--rm", "--no-TTY", "--entrypoint", "cat", "tools", f"/run/culture-connect/token-{name}"
        )

    def containers(self) -> dict[str, dict[str, Any]]:
        """What `docker inspect` tells of each container, by the service's name; ended ones too."""
        ids = self.compose("ps", "--all", "--quiet").split()
        return {
            container["Config"]["Labels"]["com.docker.compose.service"]: container
            for container in json.loads(docker("inspect", *ids))
        }

    def container(self, service: str) -> dict[str, Any]:
        """The same of one."""
        return self.containers()[service]

    def health(self, service: str) -> str:
        """`healthy`, `unhealthy`, or `starting`."""
        return str(self.container(service)["State"]["Health"]["Status"])

    def compose(self, *arguments: str, timeout: float = _COMMAND) -> str:
        """What `docker compose` prints to its output. Raises ComposeError when its status is not 0."""
        ports = {f"CULTURE_CONNECT_{name}_PORT": str(port) for name, port in self.ports.items()}
        result = subprocess.run(
            ["docker", "compose", f"--project-name={self.project}", *arguments],
            cwd=self._root,
            env={**os.environ, **ports},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        if result.returncode != 0:
            raise ComposeError(f"docker compose {arguments[0]}: {result.stdout[-3_000:]}\n{result.stderr[-3_000:]}")
        return result.stdout.strip()
