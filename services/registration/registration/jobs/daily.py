"""Daily work: terms end, people are forgotten, late erasures are counted.

The days stand in the database, where they outlive every process. Each replica looks; whoever locks a partner first does
the work, and the other finds it done.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Gauge

from culture_connect.contracts import local_day
from culture_connect.http import forget_old_answers
from culture_connect.messaging import Database, Telemetry
from culture_connect.messaging.periodic import periodic
from registration.domain.calendar import kept_after, next_midnight
from registration.settings import ERASURE_OVERDUE
from registration.store import erasures, terms
from registration.store.tombstones import Tombstones, forget_unknown
from registration.use_cases.forget_participants import forget_participants
from registration.use_cases.lock_roster import lock_partner

LOOK = 30.0  # seconds between two looks; a new day is looked at when it begins
AT_A_TIME = 500  # people forgotten in one transaction
# Longer than a dead letter waits to be replayed. Who is known has their own row, and who was erased is never forgotten.
UNKNOWN_REMEMBERED = timedelta(days=400)

_log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class DailyJob:
    """Looks at the days while it runs. `now` tells the moment (aware); `retention_months` is as in the settings."""

    def __init__(
        self,
        database: Database,
        tombstones: Tombstones,
        *,
        retention_months: int,
        telemetry: Telemetry,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._database = database
        self._tombstones = tombstones
        self._retention_months = retention_months
        self._now = now
        self._open = Gauge(
            "culture_connect_erasures_open", "Erasures that a service has not completed", registry=telemetry.registry
        )
        self._overdue = Gauge(
            "culture_connect_erasures_overdue",
            "Erasures that a service has not completed within 24 hours",
            registry=telemetry.registry,
        )

    def running(self) -> AbstractAsyncContextManager[None]:
        """Looks again and again until the block ends; a new day is looked at when it begins."""
        return periodic("days", self._look, interval=LOOK)

    async def look(self) -> None:
        """Does everything that is due now."""
        now = self._now()
        await self._end_terms(now)
        await self._forget(now)
        await self._measure(now)

    async def _look(self) -> float:
        await self.look()
        return (next_midnight(now := self._now()) - now).total_seconds()

    async def _end_terms(self, now: datetime) -> None:
        today = local_day(now)
        async with self._database.begin() as work:
            partners = await terms.partners_with_ending_terms(work, today)
        for partner in partners:
            async with self._database.begin() as work:
                await lock_partner(work, partner, today)

    async def _forget(self, now: datetime) -> None:
        last = kept_after(local_day(now), self._retention_months)
        async with self._database.begin() as work:
            partners = await terms.partners_with_forgotten(work, last)
        for partner in partners:
            forgotten = AT_A_TIME
            while forgotten == AT_A_TIME:
                async with self._database.begin() as work:
                    forgotten = await forget_participants(work, self._tombstones, partner, last, AT_A_TIME)
                _log.info("forgotten after their time", partner=partner, participants=forgotten)

    async def _measure(self, now: datetime) -> None:
        async with self._database.begin() as work:
            await forget_old_answers(work)
            await forget_unknown(work, now - UNKNOWN_REMEMBERED)
            still_open, overdue = await erasures.count_open(work, now - ERASURE_OVERDUE)
        self._open.set(still_open)
        self._overdue.set(overdue)
