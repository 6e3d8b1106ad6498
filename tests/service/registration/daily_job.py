"""Looking at the days as another replica would, at any moment; and the hands that turn days back in the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Self

from sqlalchemy import text

from culture_connect.contracts import LOCAL_TIME
from culture_connect.messaging import Database, Telemetry
from registration.jobs.daily import DailyJob
from registration.settings import RegistrationSettings
from registration.store.tombstones import Tombstones


def begin_of(day: date) -> datetime:
    """The moment at which a day begins in The Hague."""
    return datetime.combine(day, time(), LOCAL_TIME)


@dataclass(frozen=True)
class Look:
    """The figures of one run of the daily job."""

    still_open: float | None
    overdue: float | None


class Clocks:
    """Clocks on a schema, as its own role sees it."""

    def __init__(self, settings: RegistrationSettings, database: Database) -> None:
        self._tombstones = Tombstones(bytes.fromhex(settings.tombstone_key))
        self.database = database

    @classmethod
    @asynccontextmanager
    async def of(cls, settings: RegistrationSettings) -> AsyncIterator[Self]:
        """Clocks of one replica until the end of the block."""
        database = Database(settings.database_url, schema="registration")
        yield cls(settings, database)
        await database.close()

    async def look(self, at: datetime | None = None, *, retention_months: int = 12) -> Look:
        """One look, now or at another moment."""
        telemetry = Telemetry()
        moment = at or datetime.now(UTC)
        clock = DailyJob(
            self.database,
            self._tombstones,
            retention_months=retention_months,
            telemetry=telemetry,
            now=lambda: moment,
        )
        await clock.look()
        gauges = ("culture_connect_erasures_open", "culture_connect_erasures_overdue")
        return Look(*map(telemetry.registry.get_sample_value, gauges))

    async def execute(self, statement: str, **parameters: Any) -> list[Any]:
        """Runs SQL in a transaction of its own; the rows, if it gives any."""
        async with self.database.begin() as work:
            result = await work.execute(text(statement), parameters)
            return [*result] if result.returns_rows else []
