"""Messages of one queue that are not handled now: rows that wait for another try, and dead letters."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import structlog

from culture_connect.messaging.consuming import refusals, retry_rows
from culture_connect.messaging.consuming.decoder import Item, Unreadable
from culture_connect.messaging.consuming.received import ReceivedMessage, pack
from culture_connect.messaging.consuming.retry_policy import dead_letter, is_external_fault, is_final, wait_after
from culture_connect.messaging.consuming.summary import summary_of
from culture_connect.messaging.errors import PermanentFailure, RefusedMessage, reason_of
from culture_connect.messaging.keyed_hash import KeyedHash
from culture_connect.messaging.log_limit import LogLimit
from culture_connect.messaging.outbox import rows as outbox
from culture_connect.messaging.routes import VirtualHost
from culture_connect.messaging.topology import party_of
from culture_connect.messaging.unit_of_work import UnitOfWork

log = structlog.get_logger()

Outcome = Literal["handled", "waiting", "dead-lettered", "discarded", "ignored", "unsettled"]
"""What became of a message; an unsettled one is still the broker's, which gives it to the next connection.

A discarded one was refused when enough refused ones of its party were kept that day.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """The queue that messages come from, and whose it is."""

    service: str
    vhost: VirtualHost
    queue: str


@dataclass(frozen=True, slots=True)
class _Failed:
    """A message that is not tried again, and why."""

    message: ReceivedMessage
    error: Exception
    attempts: int
    received_at: datetime


class Failures:
    """Writes what is to be kept of messages, in the transaction of whoever calls; `delays` as in `retry_policy`."""

    def __init__(self, source: Source, delays: tuple[float, ...], hashes: KeyedHash) -> None:
        self._source = source
        self._delays = delays
        self._hashes = hashes
        self._is_of_party = party_of(source.queue) is not None
        self._log_limit = LogLimit()

    async def store_waiting(self, work: UnitOfWork, items: Sequence[Item]) -> None:
        """Lets the messages wait, in their order, until what is before them is done with."""
        await self._store(work, [_row(item) for item in items])

    async def reject(self, work: UnitOfWork, items: Sequence[Item]) -> list[Outcome]:
        """Makes dead letters of messages that nobody can read; returns what became of each."""
        return await self._dead_letter_all(
            work,
            [
                _Failed(item.message, RefusedMessage(item.content.problems), 1, item.received_at)
                for item in items
                if isinstance(item.content, Unreadable)
            ],
        )

    async def fail(self, work: UnitOfWork, item: Item, error: Exception) -> Outcome:
        """Settles a message from the queue whose first try ended with `error`."""
        if is_final(error, 1, self._delays):
            [outcome] = await self._dead_letter_all(work, [_Failed(item.message, error, 1, item.received_at)])
            return self._log_outcome(item.message, error, outcome)
        attempts = 0 if is_external_fault(error) else 1
        row = replace(_row(item), attempts=attempts, seconds=wait_after(1, self._delays), error=reason_of(error))
        await self._store(work, [row])
        return self._log_outcome(item.message, error, "waiting")

    async def fail_again(self, work: UnitOfWork, claimed: retry_rows.Claimed, error: Exception) -> Outcome:
        """Settles a message that has waited and whose further try ended with `error`."""
        # How often a process may have ended because of it is one count, how often it failed another.
        attempts = 1 if claimed.suspect else claimed.attempts
        if is_final(error, attempts, self._delays):
            failed = _Failed(claimed.message, error, claimed.attempts, claimed.received_at)
            [outcome] = await self._dead_letter_all(work, [failed])
            await retry_rows.delete(work.connection, claimed.id)
            return self._log_outcome(claimed.message, error, outcome)
        await retry_rows.postpone(
            work.connection,
            claimed.id,
            attempts=attempts - 1 if is_external_fault(error) else attempts,
            seconds=wait_after(attempts, self._delays),
            error=reason_of(error),
        )
        return self._log_outcome(claimed.message, error, "waiting")

    async def _store(self, work: UnitOfWork, rows: Sequence[retry_rows.Waiting]) -> None:
        if rows:
            await retry_rows.store(work.connection, self._source.vhost, self._source.queue, rows)

    async def _dead_letter_all(self, work: UnitOfWork, failed: Sequence[_Failed]) -> list[Outcome]:
        """Makes dead letters of these; of a party's refused messages only so many a day."""
        refused = [self._is_refused(each) for each in failed]
        left = sum(refused)
        if left:
            left = await refusals.count(work.connection, self._source.queue, work.now.date(), left)
        outcomes: list[Outcome] = []
        letters = []
        for each, is_refused in zip(failed, refused, strict=True):
            left -= is_refused
            outcomes.append("discarded" if is_refused and left < 0 else "dead-lettered")
            if outcomes[-1] == "dead-lettered":
                letters.append(self._letter(work, each))
        if len(letters) < len(failed) and self._log_limit.allows("discarded"):
            log.warning("refused messages are only counted for the rest of the day", queue=self._source.queue)
        await outbox.store_dead_letters(work.connection, letters)
        return outcomes

    def _is_refused(self, failed: _Failed) -> bool:
        """Returns whether an outside party has to correct it; messages of our own services are ours to correct."""
        return self._is_of_party and isinstance(failed.error, RefusedMessage)

    def _letter(self, work: UnitOfWork, failed: _Failed) -> outbox.DeadLetter:
        summary = None
        if self._is_of_party and isinstance(failed.error, RefusedMessage):
            summary = summary_of(failed.message, failed.error.problems, self._hashes)
        return dead_letter(
            failed.message,
            failed.error,
            summary=summary,
            service=self._source.service,
            vhost=self._source.vhost,
            queue=self._source.queue,
            attempts=failed.attempts,
            received_at=failed.received_at,
            now=work.now,
        )

    def _log_outcome(self, message: ReceivedMessage, error: Exception, outcome: Outcome) -> Outcome:
        if outcome == "discarded":
            return outcome  # logged once a minute, with the queue
        expected = isinstance(error, PermanentFailure) or is_external_fault(error)
        log.log(
            logging.WARNING if expected else logging.ERROR,
            "delivery failed",
            outcome=outcome,
            queue=self._source.queue,
            message_id=self._hashes.shown_id(message.message_id),
            reason=reason_of(error),
        )
        return outcome


def _row(item: Item) -> retry_rows.Waiting:
    message = item.message
    return retry_rows.Waiting(item.key, pack(message), message.body, item.received_at, suspect=item.suspect)
