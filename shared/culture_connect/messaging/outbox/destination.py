"""The publisher of one destination, on a connection of its own: its faults reach no other destination.

A queue that does not confirm also stops the connection on which it is published to: once a few hundred messages wait
for it the broker reads no further, for whatever channel (https://www.rabbitmq.com/docs/flow-control). Hence a
connection for each destination that has something to send, closed when nothing came for a while.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from culture_connect.messaging.backoff import Backoff
from culture_connect.messaging.errors import reason_of
from culture_connect.messaging.log_limit import LogLimit
from culture_connect.messaging.outbox.confirms import Answer
from culture_connect.messaging.outbox.publish_failures import (
    ACCESS_REFUSED,
    FRAME_ERRORS,
    NOT_FOUND,
    ChannelRefused,
    ConnectionLost,
    PublishFailed,
    Refused,
    Unconfirmed,
    Unencodable,
    Unroutable,
)
from culture_connect.messaging.outbox.publisher import Publisher
from culture_connect.messaging.outbox.queries import Row

log = structlog.get_logger()

BATCH = 1000  # messages under way at once
LARGEST_BATCH = 8 * 1024 * 1024  # bytes of their bodies, but for the last of them
IDLE = 60.0  # seconds after which a connection without messages is closed
_REPORT = 1.0  # seconds after which the answers of a batch are passed on, also when some are missing
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0  # seconds between two tries to connect


@dataclass(slots=True)
class DestinationFailure:
    """A message of the lane was not taken; `can_be_quarantined` when only a change of the topology can help."""

    reason: str
    attempts: int
    can_be_quarantined: bool


@dataclass(slots=True)
class Outcomes:
    """Results that are not recorded yet: rows confirmed or unsendable, lanes that failed or recovered."""

    confirmed: list[int] = field(default_factory=list)
    unsendable: dict[int, str] = field(default_factory=dict)
    failures: dict[str, DestinationFailure] = field(default_factory=dict)
    recovered: list[str] = field(default_factory=list)

    @property
    def has_any(self) -> bool:
        """True when something is to be recorded."""
        return bool(self.confirmed or self.unsendable or self.failures or self.recovered)


class DestinationPublisher:
    """Publishes the rows it is given, in their order, and reports what became of them.

    `may_publish` is asked right before every write whether this relay may still publish; `notify` is called when there
    is something new in `outcomes`; `confirm_timeout` is the seconds without any answer that count as a failure.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        service: str,
        outcomes: Outcomes,
        notify: Callable[[], None],
        may_publish: Callable[[], bool],
        log_limit: LogLimit,
        confirm_timeout: float,
    ) -> None:
        self.name = name
        self.problem: str | None = None
        self.problem_since = 0.0
        self._url = url
        self._service = service
        self._outcomes = outcomes
        self._notify = notify
        self._may_publish = may_publish
        self._log_limit = log_limit
        self._confirm_timeout = confirm_timeout
        self._waiting: deque[Row] = deque()
        self._sent: dict[int, Row] = {}
        self._attempts = 0
        # How many rows are still to be sent one at a time, since one of them closed the channel for all.
        self._one_by_one = 0
        self._given = asyncio.Event()
        self._stop = asyncio.Event()

    @property
    def pending(self) -> Iterable[int]:
        """The ids of its rows without a reported outcome."""
        yield from (row.id for row in self._waiting)
        yield from self._sent

    @property
    def is_busy(self) -> bool:
        """True when it has rows and can send them."""
        return bool(self._waiting or self._sent) and self.can_send

    @property
    def can_send(self) -> bool:
        """True when neither the broker nor the destination has a known fault."""
        return self.problem is None and not self._attempts

    @property
    def has_room(self) -> bool:
        """True when it should get more rows: the next batch is fetched while the last one is under way."""
        if self._attempts:
            return not self._waiting and not self._sent
        return len(self._waiting) < BATCH and sum(len(row.publication.body) for row in self._waiting) < LARGEST_BATCH

    def add(self, rows: Collection[Row], attempts: int) -> None:
        """Adds rows, whose ids are not pending; `attempts` counts the lane's failures so far."""
        self._attempts = attempts
        self._waiting.extend(rows)
        self._given.set()

    def stop(self) -> None:
        """Lets `run` end as soon as what is under way is answered."""
        self._stop.set()
        self._given.set()

    async def run(self) -> None:
        """Publishes until nothing comes any more, or `stop`. Reports what goes wrong and raises nothing."""
        backoff = Backoff(_FIRST_PAUSE, _LONGEST_PAUSE)
        while await self._has_rows():
            try:
                async with Publisher(self._url, name=f"{self._service} relay {self.name}") as publisher:
                    while await self._has_rows():
                        await self._send_next(publisher)
                        self._set_problem(None)
                        backoff.reset()
            except PermissionError:
                return
            except (Unconfirmed, Unroutable, Refused, ChannelRefused) as failure:
                # Next time over another connection: RabbitMQ 3.10 goes on refusing on one that met a full queue.
                self._report_failure(failure)
            except PublishFailed as failure:
                self._set_problem(failure.reason)
                if self._log_limit.allows("connection", self.name):
                    log.warning("relay not connected", service=self._service, lane=self.name, reason=failure.reason)
                self._notify()
                await _set_within(self._stop, backoff.next())
            except Exception as error:
                if self._log_limit.allows("failure", self.name):
                    log.error("lane failed", service=self._service, lane=self.name, reason=reason_of(error))
                self._report_failure(PublishFailed())

    def _set_problem(self, problem: str | None) -> None:
        if self.problem is None and problem is not None:
            self.problem_since = time.monotonic()
        self.problem = problem

    async def _has_rows(self) -> bool:
        if not self._waiting and not self._stop.is_set():
            self._given.clear()
            await _set_within(self._given, IDLE)
        return bool(self._waiting) and not self._stop.is_set()

    async def _send_next(self, publisher: Publisher) -> None:
        """Sends one batch and reports; raises ConnectionLost with its rows waiting again, or Unconfirmed."""
        rows = self._next_rows(1 if self._one_by_one else BATCH)
        self._one_by_one = max(0, self._one_by_one - len(rows))
        self._sent = {row.id: row for row in rows}
        failures: list[PublishFailed] = []
        try:
            batch = await publisher.send([row.publication for row in rows], may_publish=self._may_publish)
            silent = 0.0
            while True:
                answers = await batch.answers(_REPORT)
                failures += self._report(rows, answers)
                if batch.is_complete:
                    break
                silent = 0.0 if answers else silent + _REPORT
                if silent >= self._confirm_timeout and not await self._waits_for_the_broker(publisher):
                    batch.fail(Unconfirmed())
        except PublishFailed as failure:
            failures.append(failure)
        finally:
            unanswered, self._sent = [*self._sent.values()], {}
            self._waiting.extendleft(reversed(unanswered))
        self._raise_for(failures, unanswered, alone=len(rows) == 1)

    def _report(self, rows: Sequence[Row], answers: Collection[Answer]) -> list[PublishFailed]:
        """Passes on what was confirmed and what can never be sent; returns the other failures."""
        failures = []
        for place, failure in answers:
            row = rows[place]
            if failure is None:
                self._outcomes.confirmed.append(row.id)
                del self._sent[row.id]
            elif isinstance(failure, Unencodable) or (len(rows) == 1 and _is_fault_of_the_row(failure)):
                self._outcomes.unsendable[row.id] = failure.reason
                del self._sent[row.id]
                self._one_by_one = 0
            else:
                failures.append(failure)
        if self._attempts and any(failure is None for _, failure in answers):
            self._attempts = 0
            self._outcomes.recovered.append(self.name)
        if answers:
            self._notify()
        return failures

    def _next_rows(self, most: int) -> list[Row]:
        """Takes the next rows from those that wait, up to one whose key is among them: of a key one is sent at once."""
        chosen: list[Row] = []
        taken: set[str] = set()
        while self._waiting and len(chosen) < most and taken.isdisjoint(self._waiting[0].keys):
            row = self._waiting.popleft()
            chosen.append(row)
            taken |= row.keys
        return chosen

    def _raise_for(self, failures: Collection[PublishFailed], unanswered: Sequence[Row], *, alone: bool) -> None:
        """Decides what the failures of a batch mean for what comes next; raises what is the destination's trouble."""
        for failure in failures:
            if isinstance(failure, Unconfirmed):
                raise failure
        for failure in failures:
            if isinstance(failure, Unroutable | Refused) or _is_fault_of_the_lane(failure):
                raise failure
        for failure in failures:
            if _is_fault_of_the_row(failure) and not alone:
                self._one_by_one = len(unanswered)
        for failure in failures:
            if isinstance(failure, ConnectionLost):
                raise failure

    def _report_failure(self, failure: PublishFailed) -> None:
        """Gives all rows back: they are fetched again when the lane is tried again."""
        self._waiting.clear()
        self._attempts += 1
        self._one_by_one = 0
        lasting = isinstance(failure, Unroutable | ChannelRefused)
        self._outcomes.failures[self.name] = DestinationFailure(failure.reason, self._attempts, lasting)
        if self._log_limit.allows("trouble", self.name, failure.reason):
            log.warning(
                "messages not delivered",
                service=self._service,
                lane=self.name,
                reason=failure.reason,
                attempts=self._attempts,
            )
        self._notify()

    async def _waits_for_the_broker(self, publisher: Publisher) -> bool:
        """Returns whether the broker itself is blocked: then messages under way stay so, and nothing is doubled."""
        blocked = await publisher.is_blocked()
        self._set_problem("blocked" if blocked else None)
        return blocked


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Returns when the event is set, or after this long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _is_fault_of_the_lane(failure: PublishFailed) -> bool:
    return isinstance(failure, ChannelRefused) and failure.code in (ACCESS_REFUSED, NOT_FOUND)


def _is_fault_of_the_row(failure: PublishFailed) -> bool:
    """Returns whether the broker objects to something in the message, when it was alone."""
    if isinstance(failure, ConnectionLost):
        return failure.code in FRAME_ERRORS
    return isinstance(failure, ChannelRefused) and failure.code not in (ACCESS_REFUSED, NOT_FOUND)
