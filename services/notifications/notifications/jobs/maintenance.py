"""Periodic maintenance: digests are planned, old contents purged, orphans adopted.

Any number of replicas may do so at the same time: each step is a transaction that finds done what another did.
"""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from culture_connect.http import forget_old_answers
from culture_connect.messaging import Database, UnitOfWork
from culture_connect.messaging.periodic import periodic
from notifications.store import letters, personal_data
from notifications.use_cases.plan_digests import plan_digests

INTERVAL = 60.0  # seconds between two rounds


class Maintenance:
    """Maintains `database`. Contents of letters are kept for `kept_for`."""

    def __init__(self, database: Database, *, kept_for: timedelta, interval: float = INTERVAL) -> None:
        self._database = database
        self._kept_for = kept_for
        self._interval = interval

    def running(self) -> AbstractAsyncContextManager[None]:
        """Does a round every interval while the block runs."""
        return periodic("maintenance", self.once, interval=self._interval)

    async def once(self) -> None:
        """Does one round."""
        await self._database.transact(plan_digests)
        await self._database.transact(letters.adopt_orphans)
        await self._database.transact(forget_old_answers)
        while await self._database.transact(self._purge):
            pass

    async def _purge(self, work: UnitOfWork) -> bool:
        return await personal_data.purge(work, work.now - self._kept_for)
