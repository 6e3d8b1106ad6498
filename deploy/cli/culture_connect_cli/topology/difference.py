"""One way in which a broker is not as the code says, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from culture_connect.messaging.topology import Topology
from culture_connect_cli.broker.definitions import Definitions


class Cure(StrEnum):
    """What puts a difference right; the value says it to people."""

    APPLY = "`culture-connect topology apply` puts it right"
    RECREATE = "empty and remove it, then run `culture-connect topology apply`"
    MIGRATE = "`culture-connect topology apply` makes it anew and keeps its messages"
    RETIRE = "`culture-connect topology apply` removes it once it is empty"
    REMOVE = "find out who made it, then remove it"
    ACCOUNT = "`culture-connect topology apply` with its password, or `culture-connect account add`"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the code says; `account` is the account that it is about, if any."""

    what: str
    problem: str
    cure: Cure
    account: str | None = None

    def __str__(self) -> str:
        return f"{self.what} {self.problem}"


def rows_within(expected: Topology, found: Definitions, part: str) -> list[Mapping[str, Any]]:
    """The rows of this part of the broker's definitions that are in the virtual hosts of `expected`."""
    return [row for row in found.get(part, ()) if row.get("vhost") in expected.vhosts]
