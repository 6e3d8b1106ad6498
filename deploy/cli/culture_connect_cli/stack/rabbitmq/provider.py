"""The private RabbitMQ of a stack: from the installed package, a package installed now, or Docker.

PostgreSQL needs no such choice, since it comes with the Python dependencies.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, Required, TypedDict, Unpack

from culture_connect_cli.stack.containers import engine_answers
from culture_connect_cli.stack.errors import InfrastructureMissingError, StackError
from culture_connect_cli.stack.processes import tail
from culture_connect_cli.stack.rabbitmq.container import DockerRabbitMQ
from culture_connect_cli.stack.rabbitmq.node import Node, Tls
from culture_connect_cli.stack.rabbitmq.process import RabbitMQ, is_installed

_NO_BROKER = """\
Culture Connect needs a RabbitMQ, and found none. Any one of these will do:
  1. the package: apt-get install rabbitmq-server (as root on Debian or Ubuntu this happens by itself);
  2. a Docker engine that answers to `docker info`;
  3. a broker of yours: set CULTURE_CONNECT_STACK_RABBITMQ_URL (amqp://administrator:password@host:port)
     and CULTURE_CONNECT_STACK_RABBITMQ_MANAGEMENT_URL (http://host:port).
CULTURE_CONNECT_STACK_RABBITMQ=docker takes the second way where the package is installed as well."""


VARIABLE = "CULTURE_CONNECT_STACK_RABBITMQ"
"""The way to a private broker, as one of `Way`."""


class Way(Enum):
    """The ways to a private broker: the package, Docker, or the first of them that can be had."""

    ANY = ""
    PACKAGE = "package"
    DOCKER = "docker"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Way":
        """From the environment. Raises StackError for another value."""
        try:
            return cls(environment.get(VARIABLE, ""))
        except ValueError:
            raise StackError(f"{VARIABLE}: expected package or docker, or nothing for either") from None


class NodeOptions(TypedDict, total=False):
    """The options of every kind of node."""

    password: Required[str]
    definitions: Mapping[str, Any]
    ports: Mapping[str, int]
    statistics_interval: int
    tls: Tls


_POLICY = Path("/usr/sbin/policy-rc.d")


def private_rabbitmq(folder: Path, *, log: Path, way: Way = Way.ANY, **options: Unpack[NodeOptions]) -> Node:
    """A private broker, not started; arguments as of `Node`.

    May install the package. Raises InfrastructureMissingError when the broker cannot be had in the way that is wanted;
    its text names the ways.
    """
    if way is Way.DOCKER:
        if not engine_answers():
            raise InfrastructureMissingError(f"no Docker engine answers, and {VARIABLE} asks for one")
        return DockerRabbitMQ(folder, log=log, **options)
    if not is_installed():
        if _can_install():
            install(log)
        elif way is Way.ANY and engine_answers():
            return DockerRabbitMQ(folder, log=log, **options)
        else:
            raise InfrastructureMissingError(_NO_BROKER)
    return RabbitMQ(folder, log=log, **options)


def install(log: Path) -> None:
    """Installs Debian's rabbitmq-server without starting its service. Raises InfrastructureMissingError."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    commands = (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", "rabbitmq-server"],
    )
    with _services_stay_down(), log.open("ab") as output:
        for command in commands:
            result = subprocess.run(command, env=environment, stdout=output, stderr=output, check=False)  # noqa: S603
            if result.returncode != 0:
                raise InfrastructureMissingError(f"{' '.join(command)} failed.\n{tail(log)}\n\n{_NO_BROKER}")


@contextmanager
def _services_stay_down() -> Iterator[None]:
    # Packages ask this program whether they may start their service; 101 is no (Debian's invoke-rc.d).
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


def _can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None
