"""`python -m tests.storm.sabotage SWITCH SERVICE serve`: a service that breaks one promise, to see that it is noticed.

The switches are here and not in the product: what they replace is named in this module alone.
"""

import runpy
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from culture_connect.messaging.keyed_hash import KeyedHash
from tests.storm.findings import BACK, DOUBLE, LOST, OVERSOLD


@dataclass(frozen=True)
class Switch:
    """The promise that has to be found broken, and the kinds of breaks under which it is."""

    promise: str
    kinds: Sequence[str]


SWITCHES: Final[Mapping[str, Switch]] = {
    "inbox": Switch(DOUBLE, ("kill-replica", "cut-broker-wire", "half-broker-wire")),
    "confirms": Switch(LOST, ("full-receipts",)),
    "locks": Switch(OVERSOLD, ("slow-database-wire",)),
    "order": Switch(BACK, ("kill-replica", "cut-broker-wire", "cut-database-wire")),
}

_GUARD: Final = "if is_oversold"


async def prepare(switch: str, session: asyncpg.Connection) -> None:
    """Takes the database's own part in the promise away, before the services start."""
    if switch == "locks":
        definition = await session.fetchval("select pg_get_functiondef('ticketing.count_seats'::regproc)")
        assert _GUARD in definition
        await session.execute(definition.replace(_GUARD, "if false and is_oversold"))


def no_inbox() -> None:
    """Every delivery counts as new."""
    from culture_connect.messaging.consuming import inbox

    async def record(
        connection: AsyncConnection, hashes: KeyedHash, consumer: str, digests: Mapping[str, UUID]
    ) -> tuple[set[str], dict[str, UUID]]:
        return set(digests), {}

    inbox.record = record


def no_confirms() -> None:
    """Makes messages count as published once they are written to the socket."""
    from culture_connect.messaging.outbox.confirms import Batch
    from culture_connect.messaging.outbox.publisher import Publication, Publisher

    send = Publisher.send

    async def careless(
        self: Publisher, publications: Sequence[Publication], *, may_publish: Callable[[], bool]
    ) -> Batch:
        batch = await send(self, publications, may_publish=may_publish)
        for place in range(len(publications)):
            batch.answer(place, None)
        return batch

    Publisher.send = careless  # type: ignore[method-assign]


def no_locks() -> None:
    """Seats are counted without the evening's row being locked."""
    from ticketing.store import admissions, evenings

    for module, name in ((evenings, "_LOCK"), (evenings, "_LOCK_ONE"), (admissions, "_LOCK_EVENINGS")):
        statement = getattr(module, name)
        assert "for no key update" in statement.text
        setattr(module, name, text(statement.text.replace("for no key update", "")))


def no_order() -> None:
    """A command that was overtaken by a later one is obeyed, and nothing waits behind what waits."""
    from culture_connect.messaging.consuming import retry_rows
    from registration.domain import enrolment

    async def nothing_waits(connection: AsyncConnection, queue: str, keys: Collection[str]) -> set[str]:
        return set()

    retry_rows.waiting_keys = nothing_waits
    enrolment._too_late = lambda *_: []


_HOW: Final[Mapping[str, Mapping[str, Callable[[], None]]]] = {
    "inbox": dict.fromkeys(("registration", "ticketing", "notifications"), no_inbox),
    "confirms": dict.fromkeys(("registration", "ticketing", "notifications"), no_confirms),
    "locks": {"ticketing": no_locks},
    "order": {"registration": no_order},
}


def main() -> None:
    """Breaks the promise in this process, and runs the service."""
    switch, service, *arguments = sys.argv[1:]
    if service in _HOW[switch]:
        _HOW[switch][service]()
    sys.argv = [service, *arguments]
    runpy.run_module(service, run_name="__main__")


if __name__ == "__main__":
    main()
