"""Waiting for a database that cannot be used: away, read-only, full, or out of connections.

None of that is the fault of a message, so unsettled messages are held until the database takes them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy import text

from culture_connect.messaging.backoff import Backoff
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import is_database_fault, reason_of_database_fault
from culture_connect.messaging.unit_of_work import UnitOfWork

T = TypeVar("T")
Effect = Callable[[UnitOfWork], Awaitable[T]]

_TRIES_BESIDE: Final = 2
"""So often an effect may meet a fault while the database works for others; then the fault is its own."""

# Refused by a database that is read-only or closed to this role, although it changes nothing.
_WRITE_NOTHING = text("update retries set attempts = attempts where false")


class Outage:
    """A fault of the database as one consumer knows it; `reason` is None while there is none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._since: float | None = None
        self.reason: str | None = None

    @property
    def seconds(self) -> float:
        """Its duration so far."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    async def run(self, effect: Effect[T], *, give_up: bool) -> T:
        """Runs `effect` in a transaction, again and again while the database cannot be used; returns what it did.

        With `give_up` it raises the database's error when the database works and this effect still does not: then
        something that others do not need is wrong. Whatever else `effect` raises is raised at once.
        """
        backoff = Backoff(0.1, 5.0)
        tries_beside = 0
        try:
            while True:
                try:
                    async with self._database.begin() as work:
                        return await effect(work)
                except Exception as error:
                    if not is_database_fault(error):
                        raise
                    self._since = self._since or time.monotonic()
                    self.reason = reason_of_database_fault(error)
                    if give_up and await self._works_for_others():
                        tries_beside += 1
                        if tries_beside == _TRIES_BESIDE:
                            raise
                await asyncio.sleep(backoff.next())
        finally:
            self._since = self.reason = None

    async def _works_for_others(self) -> bool:
        try:
            async with self._database.begin() as work:
                await work.execute(_WRITE_NOTHING)
        except Exception as error:
            if not is_database_fault(error):
                raise
            return False
        return True
