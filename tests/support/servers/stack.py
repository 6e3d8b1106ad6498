"""Servers of a local stack, of the kind that the test run uses: its broker in Docker is the stack's own."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypedDict

from culture_connect_cli.stack.rabbitmq.provider import VARIABLE, Way
from culture_connect_cli.stack.servers import PrivatePostgres
from tests.support.servers.postgres import ContainerPostgres
from tests.support.servers.selection import Selection

_IN_DOCKER: Final = {VARIABLE: Way.DOCKER.value}


class StackOptions(TypedDict, total=False):
    """Arguments of `LocalStack` that say which servers it uses."""

    environment: Mapping[str, str]
    postgres_folder: Path
    database: PrivatePostgres


@contextmanager
def stack_options(home: Path) -> Iterator[StackOptions]:
    """The arguments of a stack in this folder, for the length of the block; other servers of the environment are not
    for it."""
    if not Selection.read().in_containers:
        yield {"environment": {}, "postgres_folder": home.with_name(f"{home.name}-postgres")}
        return
    database = _database(home)
    try:
        yield {"environment": _IN_DOCKER, "database": database}
    finally:
        database.remove()


@contextmanager
def stack_environment(home: Path) -> Iterator[dict[str, str]]:
    """The environment of a command that runs a stack in this folder, for the length of the block."""
    if not Selection.read().in_containers:
        yield {}
        return
    with _database(home) as database:
        yield {**_IN_DOCKER, "CULTURE_CONNECT_STACK_POSTGRES_URL": database.url()}


def _database(home: Path) -> ContainerPostgres:
    log = home / "logs" / "postgres.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return ContainerPostgres(home, version=Selection.read().postgres, password=secrets.token_urlsafe(), log=log)
