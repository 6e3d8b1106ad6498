"""What happens because a moment has come: allotments are released, lines are closed.

The moments stand in rows (`store.timers`), where they outlive every process and move with their evening. Each
replica looks; whoever locks the evening first does the work, and the other finds the timer gone.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from culture_connect.http import forget_old_answers
from culture_connect.messaging import Database
from culture_connect.messaging.periodic import periodic
from ticketing.store import evenings, timers, waiting_list
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import settle

LOOK = 1.0  # seconds between two looks at most: a timer that another replica has just set is not missed by more
TIDY = 600.0  # seconds between two looks at answers that nobody can ask for any more

_log = structlog.get_logger(__name__)


class Clock:
    """Looks at the timers while it runs."""

    def __init__(self, database: Database, issuer: Issuer) -> None:
        self._database = database
        self._issuer = issuer

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Looks again and again until the block ends."""
        async with (
            periodic("timers", self.look, interval=LOOK),
            periodic("answers", lambda: self._database.transact(forget_old_answers), interval=TIDY),
        ):
            yield

    async def look(self) -> float:
        """Does everything that is due now; returns the seconds until the next look.

        Raises the first thing that went wrong, once every evening had its turn.
        """
        async with self._database.begin() as work:
            due = await timers.due(work)
        failure: Exception | None = None
        for evening in due:
            try:
                await self._fire(evening)
            except Exception as error:
                # An evening that cannot be settled must not keep the others from theirs.
                failure = failure or error
        if failure is not None:
            raise failure
        async with self._database.begin() as work:
            following = await timers.next_due(work)
            if following is None:
                return LOOK
            return min(max((following - work.now).total_seconds(), 0.0), LOOK)

    async def _fire(self, evening: UUID) -> None:
        async with self._database.begin() as work:
            if await evenings.lock_one(work, evening) is None:
                return
            fired = await timers.take(work, evening)
            if "release" in fired:
                await settle(work, Scope({evening}, ()), self._issuer)
            if "closing" in fired:
                await waiting_list.close(work, evening)
        if fired:
            _log.info("timer fired", evening=str(evening), kinds=sorted(fired))
