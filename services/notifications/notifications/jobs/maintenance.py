"""Periodic maintenance: digests are planned, old contents purged, orphans adopted.

Any number of replicas may do so at the same time: each step is a transaction that finds done what another did.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from culture_connect.http import forget_old_answers
from culture_connect.messaging import Database, UnitOfWork
from culture_connect.messaging.errors import reason_of
from notifications.store import letters, personal_data
from notifications.use_cases.plan_digests import plan_digests

INTERVAL = 60.0  # seconds between two rounds

log = structlog.get_logger(__name__)


class Maintenance:
    """Maintains `database`. Contents of letters are kept for `kept_for`."""

    def __init__(self, database: Database, *, kept_for: timedelta, interval: float = INTERVAL) -> None:
        self._database = database
        self._kept_for = kept_for
        self._interval = interval

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Does a round every interval while the block runs."""
        task = asyncio.create_task(self._repeat(), name="maintenance")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def once(self) -> None:
        """Does one round."""
        await self._database.transact(plan_digests)
        await self._database.transact(letters.adopt_orphans)
        await self._database.transact(forget_old_answers)
        while await self._database.transact(self._purge):
            pass

    async def _purge(self, work: UnitOfWork) -> bool:
        return await personal_data.purge(work, work.now - self._kept_for)

    async def _repeat(self) -> None:
        while True:
            try:
                await self.once()
            except Exception as error:
                log.warning("maintenance postponed", reason=reason_of(error))
            await asyncio.sleep(self._interval)
