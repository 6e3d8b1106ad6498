"""The sender: a few workers, each with a line of its own, from letter to letter."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Protocol

import structlog

from culture_connect.messaging import Database, UnitOfWork
from culture_connect.messaging.errors import reason_of
from notifications.delivery.claim import Claims
from notifications.delivery.in_flight import Hands
from notifications.delivery.outcomes import Deferred, Outcome, Refused, Sent
from notifications.domain.backoff import Pauses
from notifications.domain.faults import Fault
from notifications.domain.timing import GIVES_UP_AFTER
from notifications.metrics import Measures
from notifications.rendering.composer import Mail
from notifications.rendering.models import Letter
from notifications.rendering.sanitize import UnusableAddressError
from notifications.store import claims, rate_limit
from notifications.store.claims import Claimed
from notifications.use_cases.record_bounce import tell_undeliverable

log = structlog.get_logger(__name__)

POLL = 1.0  # seconds between two looks for letters that nobody announced: due again, or planned by another replica
IDLE = 10.0  # seconds until a line that is not needed is closed
GRACE = 10.0  # seconds for the letters in hand when stopping

LETTER_PAUSES = Pauses(first=30.0, longest=3600.0)
SERVER_PAUSES = Pauses(first=1.0, longest=30.0)


class Line(Protocol):
    """A way to the mail server, as `smtp.SmtpLine`."""

    async def send(self, mail: Mail) -> Outcome:
        """Sends one letter; what goes wrong is an outcome, not an exception."""
        ...

    async def close(self) -> None:
        """Hangs up; the next letter opens it again."""
        ...


class Sender:
    """Sends what is due. Any number of replicas may do so at the same time: a mail is claimed by one.

    `claim_seconds` is how long a mail belongs to a worker; its dialogue gets seven tenths of it, so that no other
    worker can begin before it is over. `per_second` bounds what all replicas together give the mail server.
    """

    def __init__(
        self,
        database: Database,
        *,
        write: Callable[[Letter], Mail],
        open_line: Callable[[], Line],
        workers: int,
        claim_seconds: float,
        measures: Measures,
        per_second: float | None = None,
        letter_pauses: Pauses = LETTER_PAUSES,
        server_pauses: Pauses = SERVER_PAUSES,
    ) -> None:
        self._database = database
        self._write = write
        self._open_line = open_line
        self._workers = workers
        self._claim_seconds = claim_seconds
        self._claims = Claims(claim_seconds)
        self._measures = measures
        self._per_second = per_second
        self._letter_pauses = letter_pauses
        self._server_pauses = server_pauses
        self._server_failures = 0
        self._resume_at = 0.0
        self._stopping = False
        self._news = asyncio.Event()
        # One at a time: more threads would only wait for each other, and the loop for all of them.
        self._writing = asyncio.Lock()

    def wake(self) -> None:
        """Makes the sender look for letters now."""
        self._claims.refresh()
        self._news.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sends while the block runs; then finishes the letters in hand and takes no others."""
        self._stopping = False
        tasks = [
            asyncio.create_task(self._work(polls=number == 0), name=f"sender {number}")
            for number in range(self._workers)
        ]
        try:
            yield
        finally:
            self._stopping = True
            self._news.set()
            _, late = await asyncio.wait(tasks, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, *, polls: bool) -> None:
        line = self._open_line()
        hands = Hands()
        database_failures, last_letter = 0, time.monotonic()
        try:
            while True:
                try:
                    wait = await self._exchange(hands)
                except Exception as error:
                    database_failures += 1
                    log.warning("letters not reached", reason=reason_of(error))
                    await asyncio.sleep(self._server_pauses.after(database_failures))
                    continue
                database_failures = 0
                if (claimed := hands.take()) is not None:
                    self._news.set()  # there may be more: the next idle worker looks
                    if wait:
                        await asyncio.sleep(wait)
                    hands.done = claimed, await self._send(claimed, line)
                    last_letter = time.monotonic()
                elif self._stopping:
                    return
                else:
                    await self._rest(polls=polls)
                    if time.monotonic() - last_letter > IDLE:
                        await line.close()
        finally:
            await line.close()

    async def _exchange(self, hands: Hands) -> float:
        """Settles the last mail, and takes some when there are none in hand, in one transaction.

        Returns the seconds until the next may be sent.
        """
        away = self._stopping or time.monotonic() < self._resume_at
        taken: list[Claimed] = []
        wait = 0.0
        async with self._database.begin() as work:
            if hands.done is not None:
                await self._settle(work, *hands.done)
            if away:
                await self._give_back(work, hands)
            else:
                if hands.mails:
                    hands.keep(await claims.held(work, hands.mails))
                if not hands.mails:
                    taken = await self._claims.take(work)
                elif hands.age > self._claim_seconds / 8:
                    for claimed in hands.mails:
                        await claims.renew(work, claimed, self._claim_seconds)
            if self._per_second and not away and (taken or hands.mails):
                wait = await rate_limit.reserve(work, self._per_second)
        hands.committed(taken, away=away, renewed_after=self._claim_seconds / 8)
        return wait

    async def _give_back(self, work: UnitOfWork, hands: Hands) -> None:
        """What was taken and not begun is anybody's again, as soon as the server is back."""
        seconds = max(self._resume_at - time.monotonic(), 0.0)
        for claimed in hands.mails:
            await claims.deferred(work, claimed, None, seconds=seconds, answered=False, repeat=claimed.repeated)

    async def _settle(self, work: UnitOfWork, claimed: Claimed, outcome: Outcome) -> None:
        match outcome:
            case Sent():
                await claims.sent(work, claimed)
            case Refused(reason, fault):
                await self._fail(work, claimed, reason, fault)
            case Deferred(reason, server_away, _, fault) if not server_away and _in_vain(claimed, work.now):
                await self._fail(work, claimed, reason, fault)
            case Deferred(reason, server_away, may_have_arrived):
                pause = self._server_pauses if server_away else self._letter_pauses
                attempts = max(self._server_failures, 1) if server_away else claimed.attempts + 1
                await claims.deferred(
                    work,
                    claimed,
                    reason,
                    seconds=pause.after(attempts),
                    answered=not server_away,
                    repeat=may_have_arrived or claimed.repeated,
                )

    async def _fail(self, work: UnitOfWork, claimed: Claimed, reason: str, fault: Fault) -> None:
        participant = claimed.letter.participant_id
        if await claims.failed(work, claimed, reason) and participant is not None and fault is Fault.ADDRESS:
            await tell_undeliverable(work, participant, claimed.letter.contents.recipient.email)

    async def _send(self, claimed: Claimed, line: Line) -> Outcome:
        outcome = await self._attempt(claimed, line)
        self._measures.attempts.labels(type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Deferred) and outcome.server_away:
            self._pause(outcome.reason)
        else:
            self._server_failures, self._resume_at = 0, 0.0
            self._measures.server_failures.set(0)
        if not isinstance(outcome, Sent):
            log.warning(
                "letter not sent",
                letter_id=str(claimed.letter.letter_id),
                outcome=type(outcome).__name__.lower(),
                reason=outcome.reason,
                fault=str(outcome.fault),
            )
        return outcome

    async def _attempt(self, claimed: Claimed, line: Line) -> Outcome:
        try:
            # A mail of many tickets, each with a code and a page to print, takes longer than others should wait.
            async with self._writing:
                mail = await asyncio.to_thread(self._write, claimed.letter)
        except UnusableAddressError:
            return Refused("unusable-address", Fault.ADDRESS)
        except Exception as error:
            return Deferred(reason_of(error))
        try:
            with self._measures.dialogue():
                async with asyncio.timeout(self._claim_seconds * 0.7):
                    return await line.send(mail)
        except TimeoutError:
            await line.close()
            return Deferred("timeout", server_away=True, may_have_arrived=True)

    def _pause(self, reason: str) -> None:
        """Leaves the server alone for a while; the workers that meet the same failure count it once."""
        now = time.monotonic()
        if now < self._resume_at:
            return
        self._server_failures += 1
        self._measures.server_failures.set(self._server_failures)
        seconds = self._server_pauses.after(self._server_failures)
        self._resume_at = now + seconds
        log.warning("mail server away", reason=reason, seconds=seconds)

    async def _rest(self, *, polls: bool) -> None:
        """Until there is news, or it is time to look. One worker polls for all; who finds a letter wakes the next."""
        seconds = POLL if polls else IDLE
        if polls:
            paused = self._resume_at - time.monotonic()
            seconds = min(seconds, paused) if paused > 0 else seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()


def _in_vain(claimed: Claimed, now: datetime) -> bool:
    """A server that says "not now" to a letter for so long means "no"; one that does not answer says nothing."""
    return claimed.deferred_since is not None and now - claimed.deferred_since >= GIVES_UP_AFTER
