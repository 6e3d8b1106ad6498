"""A difference between a broker and the topology in the code, and its remedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from culture_connect.messaging.topology import Topology
from culture_connect_cli.broker.definitions import Definitions


class Remedy(StrEnum):
    """The way to remove a difference, as text for people."""

    APPLY = "`culture-connect topology apply` puts it right"
    RECREATE = "empty and remove it, then run `culture-connect topology apply`"
    MIGRATE = "`culture-connect topology apply` makes it anew and keeps its messages"
    RETIRE = "`culture-connect topology apply` removes it once it is empty"
    REMOVE = "find out who made it, then remove it"
    ACCOUNT = "`culture-connect topology apply` with its password, or `culture-connect account add`"


@dataclass(frozen=True, slots=True)
class Difference:
    """A thing on the broker that differs from the code; `account` is the account it concerns, if any."""

    what: str
    problem: str
    remedy: Remedy
    account: str | None = None

    def __str__(self) -> str:
        return f"{self.what} {self.problem}"


def rows_in_vhosts(expected: Topology, found: Definitions, part: str) -> list[Mapping[str, Any]]:
    """The rows of a part of the definitions that are in the virtual hosts of `expected`."""
    return [row for row in found.get(part, ()) if row.get("vhost") in expected.vhosts]
