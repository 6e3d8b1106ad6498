"""What an operator can see of the letters: how many, how old, how it goes. Never whose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from prometheus_client import CollectorRegistry, Counter, Gauge

from culture_connect.messaging import Database
from notifications.store import letters

INTERVAL = 5.0  # seconds between two counts


class Measures:
    """The metrics of the letters, in the registry of the service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.letters = Gauge("culture_connect_letters", "Letters by state", ["state"], registry=registry)
        self.oldest_unsent = Gauge(
            "culture_connect_letters_oldest_unsent_seconds",
            "Age of the oldest letter that is planned or being sent",
            registry=registry,
        )
        self.attempts = Counter(
            "culture_connect_letter_attempts",
            "Attempts to send a letter by how they ended: sent, refused, deferred",
            ["outcome"],
            registry=registry,
        )

    async def count(self, database: Database) -> None:
        """Counts the letters now."""
        async with database.begin() as work:
            by_state, oldest = await letters.tally(work)
        for state, number in by_state.items():
            self.letters.labels(str(state)).set(number)
        self.oldest_unsent.set(oldest)

    @contextlib.asynccontextmanager
    async def counting(self, database: Database) -> AsyncIterator[None]:
        """Counts now and then while the block runs."""
        task = asyncio.create_task(self._count_again_and_again(database), name="count letters")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _count_again_and_again(self, database: Database) -> None:
        while True:
            with contextlib.suppress(Exception):  # a figure that cannot be had now keeps its last value
                await self.count(database)
            await asyncio.sleep(INTERVAL)
