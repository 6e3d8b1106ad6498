"""The metrics of the letters: how many, how old, how attempts end. Never whose."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

from prometheus_client import CollectorRegistry, Counter, Gauge

from culture_connect.messaging import Database
from culture_connect.messaging.periodic import periodic
from notifications.domain.catalogue import State
from notifications.store import letter_queries

INTERVAL = 5.0  # seconds between two counts


class LetterMetrics:
    """The metrics of the letters, in the registry of the service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.letters = Gauge("culture_connect_letters", "Letters by state", ["state"], registry=registry)
        self.unsent_for_good = Gauge(
            "culture_connect_letters_unsent_for_good",
            "Letters that failed or were not to be sent, by kind and reason",
            ["state", "kind", "reason"],
            registry=registry,
        )
        self.oldest_unsent = Gauge(
            "culture_connect_letters_oldest_unsent_seconds",
            "How long the oldest letter is late that should have gone by now: the alarm of a mail server that is away",
            registry=registry,
        )
        self.server_failures = Gauge(
            "culture_connect_mail_server_failures",
            "How often in a row the mail server could not be talked to; 0 while it takes letters",
            registry=registry,
        )
        self._sessions: set[float] = set()
        Gauge(
            "culture_connect_mail_dialogue_seconds",
            "How long the longest dialogue with the mail server has taken that is not over yet",
            registry=registry,
        ).set_function(lambda: time.monotonic() - min(self._sessions, default=time.monotonic()))
        self.attempts = Counter(
            "culture_connect_letter_attempts",
            "Attempts to send a letter by how they ended: sent, refused, deferred",
            ["outcome"],
            registry=registry,
        )

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """Counts the block as an SMTP session."""
        began = time.monotonic()
        self._sessions.add(began)
        try:
            yield
        finally:
            self._sessions.discard(began)

    async def count(self, database: Database) -> None:
        """Counts the letters now."""
        async with database.begin() as work:
            counts, oldest = await letter_queries.count(work)
        for state in State:
            self.letters.labels(str(state)).set(sum(count.letters for count in counts if count.state is state))
        for count in counts:
            if count.state in (State.FAILED, State.SUPPRESSED):
                self.unsent_for_good.labels(str(count.state), count.kind, count.reason).set(count.letters)
        self.oldest_unsent.set(oldest)

    def counting(self, database: Database) -> AbstractAsyncContextManager[None]:
        """Counts now and then while the block runs; a figure that cannot be had keeps its last value."""
        return periodic("count letters", lambda: self.count(database), interval=INTERVAL)
