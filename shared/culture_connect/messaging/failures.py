"""Messages of one queue that are not handled now: rows that wait for another try, and dead letters."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import structlog

from culture_connect.messaging import outbox, retries
from culture_connect.messaging.errors import PermanentFailure, reason_of
from culture_connect.messaging.reading import Item, Unreadable
from culture_connect.messaging.received import ReceivedMessage, pack
from culture_connect.messaging.routes import VirtualHost
from culture_connect.messaging.settlement import dead_letter, is_blameless, is_final, wait_after
from culture_connect.messaging.unit_of_work import UnitOfWork

log = structlog.get_logger()

Outcome = Literal["handled", "waiting", "dead-lettered", "ignored", "unsettled"]
"""What became of a message; an unsettled one is still the broker's, which gives it to the next connection."""


@dataclass(frozen=True, slots=True)
class Source:
    """The queue that messages come from, and whose it is."""

    service: str
    vhost: VirtualHost
    queue: str


class Failures:
    """Writes what is to be kept of messages, in the transaction of whoever calls; `delays` as in `settlement`."""

    def __init__(self, source: Source, delays: tuple[float, ...]) -> None:
        self._source = source
        self._delays = delays

    async def set_aside(self, work: UnitOfWork, items: Sequence[Item]) -> None:
        """Lets the messages wait, in their order, until what is before them is done with."""
        await self._store(work, [_row(item) for item in items])

    async def reject(self, work: UnitOfWork, items: Sequence[Item]) -> None:
        """Makes dead letters of messages that nobody can read."""
        letters = [
            self._letter(work, item.message, PermanentFailure(item.content.reason), 1, item.received_at)
            for item in items
            if isinstance(item.content, Unreadable)
        ]
        await outbox.store_dead_letters(work.connection, letters)

    async def fail(self, work: UnitOfWork, item: Item, error: Exception) -> Outcome:
        """Settles a message from the queue whose first try ended with `error`."""
        if is_final(error, 1, self._delays):
            letter = self._letter(work, item.message, error, 1, item.received_at)
            await outbox.store_dead_letters(work.connection, [letter])
            return self._told(item.message, error, "dead-lettered")
        attempts = 0 if is_blameless(error) else 1
        row = replace(_row(item), attempts=attempts, seconds=wait_after(1, self._delays), error=reason_of(error))
        await self._store(work, [row])
        return self._told(item.message, error, "waiting")

    async def fail_again(self, work: UnitOfWork, claimed: retries.Claimed, error: Exception) -> Outcome:
        """Settles a message that has waited and whose further try ended with `error`."""
        # How often a process may have ended because of it is one count, how often it failed another.
        attempts = 1 if claimed.suspect else claimed.attempts
        if is_final(error, attempts, self._delays):
            letter = self._letter(work, claimed.message, error, claimed.attempts, claimed.received_at)
            await outbox.store_dead_letters(work.connection, [letter])
            await retries.delete(work.connection, claimed.id)
            return self._told(claimed.message, error, "dead-lettered")
        await retries.postpone(
            work.connection,
            claimed.id,
            attempts=attempts - 1 if is_blameless(error) else attempts,
            seconds=wait_after(attempts, self._delays),
            error=reason_of(error),
        )
        return self._told(claimed.message, error, "waiting")

    async def _store(self, work: UnitOfWork, rows: Sequence[retries.Waiting]) -> None:
        if rows:
            await retries.store(work.connection, self._source.vhost, self._source.queue, rows)

    def _letter(
        self, work: UnitOfWork, message: ReceivedMessage, error: Exception, attempts: int, received_at: datetime
    ) -> outbox.DeadLetter:
        return dead_letter(
            message,
            error,
            service=self._source.service,
            vhost=self._source.vhost,
            queue=self._source.queue,
            attempts=attempts,
            received_at=received_at,
            now=work.now,
        )

    def _told(self, message: ReceivedMessage, error: Exception, outcome: Outcome) -> Outcome:
        expected = isinstance(error, PermanentFailure) or is_blameless(error)
        log.log(
            logging.WARNING if expected else logging.ERROR,
            "delivery failed",
            outcome=outcome,
            queue=self._source.queue,
            message_id=message.message_id,
            reason=reason_of(error),
        )
        return outcome


def _row(item: Item) -> retries.Waiting:
    message = item.message
    return retries.Waiting(item.key, pack(message), message.body, item.received_at, suspect=item.suspect)
