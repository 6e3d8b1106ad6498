"""The sender: a few workers, each with a connection of its own, from mail to mail."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Protocol

import structlog

from culture_connect.messaging import Database, UnitOfWork
from culture_connect.messaging.errors import reason_of
from notifications.contents import Letter
from notifications.delivery.claimer import Claimer, InFlight
from notifications.domain.outcomes import DeliveryFault, DeliveryOutcome, MailDeferred, MailRefused, MailSent
from notifications.domain.schedule import GIVES_UP_AFTER, Backoff
from notifications.metrics import LetterMetrics
from notifications.rendering.composer import Mail
from notifications.rendering.sanitize import UnusableAddressError
from notifications.store import claims, mail_queue
from notifications.store.claims import Claimed
from notifications.use_cases.report_undeliverable import report_undeliverable

log = structlog.get_logger(__name__)

POLL = 1.0  # seconds between two polls for letters without a wake-up: due again, or planned by another replica
IDLE = 10.0  # seconds until a connection that is not needed is closed
GRACE = 10.0  # seconds for the mails in flight when stopping

LETTER_BACKOFF = Backoff(first=30.0, longest=3600.0)
SERVER_BACKOFF = Backoff(first=1.0, longest=30.0)


class MailConnection(Protocol):
    """A connection to the mail server, as `smtp_connection.SmtpConnection`."""

    async def send(self, mail: Mail) -> DeliveryOutcome:
        """Sends one mail; a failure is an outcome, not an exception."""
        ...

    async def close(self) -> None:
        """Closes it; the next mail opens it again."""
        ...


class Sender:
    """Sends what is due. Any number of replicas may do so at the same time: a mail is claimed by one.

    `claim_seconds` is how long a mail belongs to a worker; its session gets seven tenths of it, so that no other
    worker can begin before it is over. `per_second` bounds what all replicas together give the mail server.
    """

    def __init__(
        self,
        database: Database,
        *,
        render: Callable[[Letter], Mail],
        open_connection: Callable[[], MailConnection],
        workers: int,
        claim_seconds: float,
        metrics: LetterMetrics,
        per_second: float | None = None,
        letter_backoff: Backoff = LETTER_BACKOFF,
        server_backoff: Backoff = SERVER_BACKOFF,
    ) -> None:
        self._database = database
        self._render = render
        self._open_connection = open_connection
        self._workers = workers
        self._claim_seconds = claim_seconds
        self._claimer = Claimer(claim_seconds)
        self._metrics = metrics
        self._per_second = per_second
        self._letter_backoff = letter_backoff
        self._server_backoff = server_backoff
        self._server_failures = 0
        self._resume_at = 0.0
        self._stopping = False
        self._wake_up = asyncio.Event()
        # One at a time: more threads would only wait for each other, and the loop for all of them.
        self._composing = asyncio.Lock()

    def wake(self) -> None:
        """Makes the sender check for letters now."""
        self._claimer.refresh()
        self._wake_up.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sends while the block runs; then finishes the mails in flight and claims no others."""
        self._stopping = False
        tasks = [
            asyncio.create_task(self._work(polls=number == 0), name=f"sender {number}")
            for number in range(self._workers)
        ]
        try:
            yield
        finally:
            self._stopping = True
            self._wake_up.set()
            _, late = await asyncio.wait(tasks, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, *, polls: bool) -> None:
        connection = self._open_connection()
        in_flight = InFlight()
        database_failures, last_mail = 0, time.monotonic()
        try:
            while True:
                try:
                    wait = await self._exchange(in_flight)
                except Exception as error:
                    database_failures += 1
                    log.warning("letters not claimed", reason=reason_of(error))
                    await asyncio.sleep(self._server_backoff.after(database_failures))
                    continue
                database_failures = 0
                if (claimed := in_flight.take()) is not None:
                    self._wake_up.set()  # there may be more: the next idle worker checks
                    if wait:
                        await asyncio.sleep(wait)
                    in_flight.done = claimed, await self._send(claimed, connection)
                    last_mail = time.monotonic()
                elif self._stopping:
                    return
                else:
                    await self._wait(polls=polls)
                    if time.monotonic() - last_mail > IDLE:
                        await connection.close()
        finally:
            await connection.close()

    async def _exchange(self, in_flight: InFlight) -> float:
        """Records the last outcome, and claims mails when there are none in flight, in one transaction.

        Returns the seconds until the next may be sent.
        """
        away = self._stopping or time.monotonic() < self._resume_at
        taken: list[Claimed] = []
        wait = 0.0
        async with self._database.begin() as work:
            if in_flight.done is not None:
                await self._record(work, *in_flight.done)
            if away:
                await self._give_back(work, in_flight)
            else:
                if in_flight.mails:
                    in_flight.keep(await claims.held(work, in_flight.mails))
                if not in_flight.mails:
                    taken = await self._claimer.claim(work)
                elif in_flight.age > self._claim_seconds / 8:
                    for claimed in in_flight.mails:
                        await claims.renew(work, claimed, self._claim_seconds)
            if self._per_second and not away and (taken or in_flight.mails):
                wait = await mail_queue.reserve(work, self._per_second)
        in_flight.committed(taken, away=away, renewed_after=self._claim_seconds / 8)
        return wait

    async def _give_back(self, work: UnitOfWork, in_flight: InFlight) -> None:
        """Releases the claims on mails that were not begun, as of the moment the server is back."""
        seconds = max(self._resume_at - time.monotonic(), 0.0)
        for claimed in in_flight.mails:
            await claims.defer(work, claimed, None, seconds=seconds, answered=False, repeat=claimed.repeated)

    async def _record(self, work: UnitOfWork, claimed: Claimed, outcome: DeliveryOutcome) -> None:
        match outcome:
            case MailSent():
                await claims.mark_sent(work, claimed)
            case MailRefused(reason, fault):
                await self._fail(work, claimed, reason, fault)
            case MailDeferred(reason, server_away, _, fault) if not server_away and _gives_up(claimed, work.now):
                await self._fail(work, claimed, reason, fault)
            case MailDeferred(reason, server_away, may_have_arrived):
                backoff = self._server_backoff if server_away else self._letter_backoff
                attempts = max(self._server_failures, 1) if server_away else claimed.attempts + 1
                await claims.defer(
                    work,
                    claimed,
                    reason,
                    seconds=backoff.after(attempts),
                    answered=not server_away,
                    repeat=may_have_arrived or claimed.repeated,
                )

    async def _fail(self, work: UnitOfWork, claimed: Claimed, reason: str, fault: DeliveryFault) -> None:
        participant = claimed.letter.participant_id
        if (
            await claims.mark_failed(work, claimed, reason)
            and participant is not None
            and fault is DeliveryFault.ADDRESS
        ):
            await report_undeliverable(work, participant, claimed.letter.contents.recipient.email)

    async def _send(self, claimed: Claimed, connection: MailConnection) -> DeliveryOutcome:
        outcome = await self._attempt(claimed, connection)
        self._metrics.attempts.labels(outcome.label).inc()
        if isinstance(outcome, MailDeferred) and outcome.server_away:
            self._pause(outcome.reason)
        else:
            self._server_failures, self._resume_at = 0, 0.0
            self._metrics.server_failures.set(0)
        if not isinstance(outcome, MailSent):
            log.warning(
                "letter not sent",
                letter_id=str(claimed.letter.letter_id),
                outcome=outcome.label,
                reason=outcome.reason,
                fault=str(outcome.fault),
            )
        return outcome

    async def _attempt(self, claimed: Claimed, connection: MailConnection) -> DeliveryOutcome:
        try:
            # A mail of many tickets, each with a code and a page to print, takes longer than others should wait.
            async with self._composing:
                mail = await asyncio.to_thread(self._render, claimed.letter)
        except UnusableAddressError:
            return MailRefused("unusable-address", DeliveryFault.ADDRESS)
        except Exception as error:
            return MailDeferred(reason_of(error))
        try:
            with self._metrics.session():
                async with asyncio.timeout(self._claim_seconds * 0.7):
                    return await connection.send(mail)
        except TimeoutError:
            await connection.close()
            return MailDeferred("timeout", server_away=True, may_have_arrived=True)

    def _pause(self, reason: str) -> None:
        """Pauses all workers for a while; those that meet the same failure count it once."""
        now = time.monotonic()
        if now < self._resume_at:
            return
        self._server_failures += 1
        self._metrics.server_failures.set(self._server_failures)
        seconds = self._server_backoff.after(self._server_failures)
        self._resume_at = now + seconds
        log.warning("mail server away", reason=reason, seconds=seconds)

    async def _wait(self, *, polls: bool) -> None:
        """Waits for a wake-up or the next poll. One worker polls for all; one that finds a letter wakes the next."""
        seconds = POLL if polls else IDLE
        if polls:
            paused = self._resume_at - time.monotonic()
            seconds = min(seconds, paused) if paused > 0 else seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake_up.wait()
        self._wake_up.clear()


def _gives_up(claimed: Claimed, now: datetime) -> bool:
    """Returns whether the server has deferred the mail for so long that it means "no"."""
    return claimed.deferred_since is not None and now - claimed.deferred_since >= GIVES_UP_AFTER
