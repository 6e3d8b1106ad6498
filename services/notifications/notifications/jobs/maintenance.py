"""What is to be done now and then, whatever is told: digests are planned, contents fade, strays are taken in.

Any number of replicas may do so at the same time: each step is a transaction that finds done what another did.
"""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from culture_connect.http import forget_old_answers
from culture_connect.messaging import Database, UnitOfWork
from culture_connect.messaging.periodic import periodic
from notifications.domain.kinds import Kind, Suppression
from notifications.domain.letters import digest_letter_id
from notifications.domain.weeks import last_week
from notifications.store import digests, letters, retention
from notifications.store.letters import NewLetter

INTERVAL = 60.0  # seconds between two rounds


class Housekeeping:
    """Keeps the house of `database` in order. Contents of letters are kept for `kept_for`."""

    def __init__(self, database: Database, *, kept_for: timedelta, interval: float = INTERVAL) -> None:
        self._database = database
        self._kept_for = kept_for
        self._interval = interval

    def running(self) -> AbstractAsyncContextManager[None]:
        """Goes round while the block runs."""
        return periodic("maintenance", self.once, interval=self._interval)

    async def once(self) -> None:
        """One round."""
        await self._database.transact(plan_digests)
        await self._database.transact(letters.adopt)
        await self._database.transact(forget_old_answers)
        while await self._database.transact(self._fade):
            pass

    async def _fade(self, work: UnitOfWork) -> bool:
        return await retention.fade(work, work.now - self._kept_for)


async def plan_digests(work: UnitOfWork) -> None:
    """Plans the digest of the last whole week for each partner that has none of it yet."""
    week = last_week(work.now)
    planned = [
        NewLetter(
            digest_letter_id(partner, week.monday),
            Kind.DIGEST,
            week.told_at,
            partner=partner,
            stillborn=None if has_contact else Suppression.NO_ADDRESS,
            details={"monday": week.monday.isoformat()},
        )
        for partner, has_contact in (await digests.partners_to_write_to(work, week)).items()
    ]
    await letters.plan(work, planned)
