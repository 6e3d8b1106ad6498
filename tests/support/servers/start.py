"""Servers of the kind that the test run uses."""

from pathlib import Path
from typing import Unpack

from culture_connect_cli.stack import Postgres
from culture_connect_cli.stack.rabbitmq.node import Node
from culture_connect_cli.stack.rabbitmq.provider import NodeOptions, private_rabbitmq
from culture_connect_cli.stack.servers import PrivatePostgres
from tests.support.servers.postgres import ContainerPostgres
from tests.support.servers.rabbitmq import ContainerRabbitMQ
from tests.support.servers.selection import Selection


def new_postgres(folder: Path, *, password: str, log: Path) -> PrivatePostgres:
    """A PostgreSQL that survives kills but no power cut: it does not wait for the disk. Not started yet."""
    chosen = Selection.read()
    if chosen.in_containers:
        return ContainerPostgres(folder, version=chosen.postgres, password=password, log=log)
    return Postgres(folder, password=password, log=log, durable=False)


def new_rabbitmq(folder: Path, *, log: Path, **options: Unpack[NodeOptions]) -> Node:
    """A broker, not started; arguments as of `Node`."""
    if Selection.read().in_containers:
        return ContainerRabbitMQ(folder, log=log, **options)
    return private_rabbitmq(folder, log=log, **options)
