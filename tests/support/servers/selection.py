"""The kind of servers that a test run uses, from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from culture_connect_cli.stack import ExternalServers

SERVERS: Final = "CULTURE_CONNECT_TEST_SERVERS"
"""`processes` (the default) or `containers`."""

POSTGRES: Final = "CULTURE_CONNECT_TEST_POSTGRES"
"""The major version of PostgreSQL in containers; processes have that of the wheel."""

POSTGRES_VERSIONS: Final = ("18", "17")


class SelectionError(ValueError):
    """A variable of the environment cannot be used; the text names it and says what is expected."""


class Kind(Enum):
    """The ways to run a server."""

    PROCESSES = "processes"
    CONTAINERS = "containers"


@dataclass(frozen=True, slots=True)
class Selection:
    """The kind of servers, and the major version of PostgreSQL in containers."""

    kind: Kind
    postgres: str

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """From the two variables. Raises SelectionError when one is unknown or contradicts another."""
        named = environment.get(SERVERS) or Kind.PROCESSES.value
        try:
            kind = Kind(named)
        except ValueError:
            raise SelectionError(f"{SERVERS}={named}: expected {' or '.join(each.value for each in Kind)}") from None
        version = environment.get(POSTGRES)
        if kind is Kind.PROCESSES and version:
            raise SelectionError(f"{POSTGRES}={version} is for {SERVERS}=containers")
        if version and version not in POSTGRES_VERSIONS:
            raise SelectionError(f"{POSTGRES}={version}: expected {' or '.join(POSTGRES_VERSIONS)}")
        if kind is Kind.CONTAINERS and ExternalServers.read(environment) != ExternalServers(None, None):
            raise SelectionError(f"{SERVERS}=containers, and CULTURE_CONNECT_STACK_... names servers: give one of them")
        return cls(kind, version or POSTGRES_VERSIONS[0])

    @property
    def in_containers(self) -> bool:
        """True when the servers run in containers."""
        return self.kind is Kind.CONTAINERS
