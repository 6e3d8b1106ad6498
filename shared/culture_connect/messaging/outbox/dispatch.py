"""Dispatches rows of the outbox to destinations, and records their outcomes, while this relay leads."""

import asyncio
import time
from collections.abc import Callable, Mapping

import asyncpg
import structlog

from culture_connect.messaging.log_limit import LogLimit
from culture_connect.messaging.outbox import queries
from culture_connect.messaging.outbox.destination import (
    BATCH,
    LARGEST_BATCH,
    DestinationFailure,
    DestinationPublisher,
    Outcomes,
)
from culture_connect.messaging.outbox.lease import Lease
from culture_connect.messaging.telemetry import Telemetry

log = structlog.get_logger()

POLL = 1.0  # seconds; a notification makes it faster, this makes it certain
LONGEST_WAIT = 60.0  # seconds between two tries of a lane in trouble
TRIES = 10  # after which a lane that only another topology can help is quarantined: after five minutes and a half
QUARANTINE = 900.0  # seconds between two tries of a quarantined lane
SETTLE = 2.0  # seconds that what is under way may take at the end
GRACE = 3.0  # seconds that a lane may be without the broker before that is a problem of this replica
_END = 4.0  # seconds after which a publisher that was stopped is abandoned


class LeadershipLost(Exception):
    """The lease has run out, or another relay has it."""


class Dispatch:
    """The lanes of one leader. All that it asks of the database goes over one connection, one question at a time."""

    def __init__(
        self,
        *,
        service: str,
        brokers: Mapping[str, str],
        lease: Lease,
        outcomes: Outcomes,
        telemetry: Telemetry,
        notify: Callable[[], None],
        log_limit: LogLimit,
        confirm_timeout: float,
    ) -> None:
        self._service = service
        self._brokers = brokers
        self._lease = lease
        self._telemetry = telemetry
        self._notify = notify
        self._log_limit = log_limit
        self._confirm_timeout = confirm_timeout
        self._lanes: dict[str, DestinationPublisher] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._outcomes = outcomes
        self._timers_at = 0.0
        # Lanes of which the last look may not have seen all rows.
        self._unseen: set[str] = set()

    @property
    def is_busy(self) -> bool:
        """True when something is known that can be sent or recorded now."""
        if self._outcomes.has_any:
            return True
        return any(lane.is_busy or (name in self._unseen and lane.can_send) for name, lane in self._lanes.items())

    @property
    def problems(self) -> dict[str, str]:
        """The faults that have kept lanes from the broker for longer than `GRACE`, by lane."""
        before = time.monotonic() - GRACE
        return {
            name: lane.problem
            for name, lane in self._lanes.items()
            if lane.problem is not None and lane.problem_since < before
        }

    async def run_once(self, connection: asyncpg.Connection, *, rows_written: bool) -> float:
        """Records the outcomes of rows and dispatches new ones; returns the seconds until the next timer or poll.

        `rows_written` says that there are new rows. Raises LeadershipLost, and asyncpg's errors.
        """
        await self._record(connection)
        if time.monotonic() >= self._timers_at:
            released, seconds_to_next = await queries.release_timers(connection, BATCH)
            wait = POLL if seconds_to_next is None else min(POLL, max(seconds_to_next, 0.0))
            self._timers_at = time.monotonic() + (0.0 if released == BATCH else wait)
            rows_written = True
        if rows_written or any(self._lanes[name].has_room for name in self._unseen & self._lanes.keys()):
            await self._distribute(connection)
        return max(0.0, self._timers_at - time.monotonic())

    async def stop(self, connection: asyncpg.Connection) -> None:
        """Ends the lanes within some seconds, and records what was still answered."""
        for lane in self._lanes.values():
            lane.stop()
        if tasks := list(self._tasks.values()):
            _, left = await asyncio.wait(tasks, timeout=SETTLE)
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=_END)
        if self._outcomes.confirmed and not connection.is_closed():
            async with asyncio.timeout(SETTLE):
                await self._record(connection)

    async def _record(self, connection: asyncpg.Connection) -> None:
        """Records the outcomes of the destinations; those it could not record are kept for the next time."""
        outcomes = self._outcomes
        if confirmed := outcomes.confirmed[:]:
            held = await queries.delete(connection, confirmed, lease=self._lease.name, holder=self._lease.holder)
            if not held:
                raise LeadershipLost
            del outcomes.confirmed[: len(confirmed)]
            self._telemetry.relay_confirmed.inc(len(confirmed))
        if unsendable := dict(outcomes.unsendable):
            await queries.quarantine(connection, unsendable)
            for id_, reason in unsendable.items():
                del outcomes.unsendable[id_]
                self._telemetry.relay_postponed.labels(reason).inc()
                if self._log_limit.allows("unsendable", reason):
                    log.error("message can never be sent", service=self._service, outbox_id=id_, reason=reason)
        if recovered := outcomes.recovered[:]:
            await queries.record_recovery(connection, recovered)
            del outcomes.recovered[: len(recovered)]
            self._unseen.update(recovered)
            if well := [lane for lane in recovered if self._log_limit.allows("well", lane)]:
                log.info("lanes are well again", service=self._service, lanes=well)
        for lane, trouble in list(outcomes.failures.items()):
            await self._record_failure(connection, lane, trouble)
            del outcomes.failures[lane]

    async def _record_failure(self, connection: asyncpg.Connection, lane: str, trouble: DestinationFailure) -> None:
        quarantined = trouble.can_be_quarantined and trouble.attempts >= TRIES
        # Not 2 ** attempts: after a week in quarantine that is no number any more.
        wait = QUARANTINE if quarantined else min(2.0 ** min(trouble.attempts - 1, 6), LONGEST_WAIT)
        await queries.record_trouble(
            connection,
            lane,
            attempts=trouble.attempts,
            error=trouble.reason,
            wait=wait,
            quarantined=quarantined,
        )
        self._telemetry.relay_postponed.labels(trouble.reason).inc()
        if quarantined and trouble.attempts == TRIES:
            log.error("lane quarantined", service=self._service, lane=lane, reason=trouble.reason)

    async def _distribute(self, connection: asyncpg.Connection) -> None:
        """Fetches rows for lanes with room, without pending and unrecorded ones, and gives them to their publishers."""
        for name in [name for name, task in self._tasks.items() if task.done()]:
            if not any(self._lanes[name].pending):
                del self._lanes[name], self._tasks[name]
        outcomes = self._outcomes
        full = [name for name, lane in self._lanes.items() if not lane.has_room]
        pending = [id_ for lane in self._lanes.values() for id_ in lane.pending]
        fetched = await queries.fetch(
            connection,
            full=full,
            pending=[*pending, *outcomes.confirmed, *outcomes.unsendable],
            limit=BATCH,
            largest=LARGEST_BATCH,
        )
        if not self._lease.is_held():
            raise LeadershipLost
        cut = {name for name, each in fetched.items() if not len(each.rows) == each.candidates < BATCH}
        self._unseen = cut | {*full}
        for name, each in fetched.items():
            if name in outcomes.failures:
                continue
            vhost = name.partition("/")[0]
            url = self._brokers.get(vhost)
            sendable = [row for row in each.rows if url is not None and row.vhost == vhost]
            if len(sendable) < len(each.rows):
                lost = {row.id for row in each.rows} - {row.id for row in sendable}
                outcomes.unsendable.update(dict.fromkeys(lost, "unknown-virtual-host"))
                self._notify()
            if url is not None and sendable:
                self._lane(name, url).add(sendable, each.attempts)

    def _lane(self, name: str, url: str) -> DestinationPublisher:
        """Returns the running publisher of this lane."""
        lane = self._lanes.get(name)
        if lane is None or self._tasks[name].done():
            lane = self._lanes[name] = DestinationPublisher(
                name,
                url,
                service=self._service,
                outcomes=self._outcomes,
                notify=self._notify,
                may_publish=self._lease.is_held,
                log_limit=self._log_limit,
                confirm_timeout=self._confirm_timeout,
            )
            self._tasks[name] = asyncio.create_task(lane.run(), name=f"lane {name}")
        return lane
