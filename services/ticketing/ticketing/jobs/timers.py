"""The jobs of timers that are due: allotments are released, waiting lists are closed.

Each replica polls the rows (`store.timers`); whoever locks the evening first does the work, and the other finds the
timer gone.
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
from ticketing.use_cases.allocate import allocate

POLL_INTERVAL = 1.0  # seconds between two polls at most: what another replica has just set is not missed by more
CLEANUP_INTERVAL = 600.0  # seconds between two deletions of expired answers

_log = structlog.get_logger(__name__)


class TimerJob:
    """Runs timers that are due, and deletes expired answers, in the background."""

    def __init__(self, database: Database, issuer: Issuer) -> None:
        self._database = database
        self._issuer = issuer

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Polls until the block ends."""
        async with (
            periodic("timers", self.run_due, interval=POLL_INTERVAL),
            periodic("answers", lambda: self._database.transact(forget_old_answers), interval=CLEANUP_INTERVAL),
        ):
            yield

    async def run_due(self) -> float:
        """Runs everything that is due now; returns the seconds until the next poll.

        Raises the first error, once every evening had its turn.
        """
        async with self._database.begin() as work:
            due = await timers.due(work)
        failure: Exception | None = None
        for evening in due:
            try:
                await self._fire(evening)
            except Exception as error:
                # An evening whose allocation fails must not keep the others from theirs.
                failure = failure or error
        if failure is not None:
            raise failure
        async with self._database.begin() as work:
            following = await timers.next_due(work)
            if following is None:
                return POLL_INTERVAL
            return min(max((following - work.now).total_seconds(), 0.0), POLL_INTERVAL)

    async def _fire(self, evening: UUID) -> None:
        async with self._database.begin() as work:
            if await evenings.lock_one(work, evening) is None:
                return
            fired = await timers.take(work, evening)
            if "release" in fired:
                await allocate(work, Scope({evening}, ()), self._issuer)
            if "closing" in fired:
                await waiting_list.close(work, evening)
        if fired:
            _log.info("timer fired", evening=str(evening), kinds=sorted(fired))
