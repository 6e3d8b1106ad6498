"""The relay: from the outbox to the broker.

One relay per service is active at a time: it holds a lease, and another replica takes over when it is gone, hangs or
is cut off. It publishes in the order of the rows, many at once, deletes what the broker confirmed and keeps what it
did not. It knows destinations and bytes, no event types.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping

import asyncpg
import structlog

from culture_connect.messaging.addresses import Addresses
from culture_connect.messaging.backoff import Backoff
from culture_connect.messaging.errors import reason_of
from culture_connect.messaging.log_limit import LogLimit
from culture_connect.messaging.outbox.destination import Outcomes
from culture_connect.messaging.outbox.dispatch import POLL, Dispatch, LeadershipLost
from culture_connect.messaging.outbox.lease import TTL, Lease
from culture_connect.messaging.outbox.publisher import CONFIRM_TIMEOUT
from culture_connect.messaging.postgres import connect_to_any
from culture_connect.messaging.telemetry import Telemetry

log = structlog.get_logger()

CONNECT_TIMEOUT = 5.0  # seconds
# Seconds that an answer of the database may take. A question comes every second, so that silence is noticed by then.
COMMAND_TIMEOUT = 10.0
CLOSE_TIMEOUT = 2.0  # seconds
GRACE = 10.0  # seconds that the database may be away before this replica calls itself unready


class Relay:
    """Moves one service's outbox to the virtual hosts in `brokers` (name -> AMQP URL).

    `listen` is False where the database is reached through a pool in transaction mode (pgbouncer): then nothing is
    asked of it that belongs to a session, and new rows are noticed by looking every second. `lease_ttl` is how long a
    leader that went silent keeps the others waiting, `command_timeout` how long an answer of the database may take, and
    `confirm_timeout` how long a destination may be silent (all in seconds).
    """

    def __init__(
        self,
        database_url: str,
        *,
        schema: str,
        brokers: Mapping[str, str],
        telemetry: Telemetry,
        listen: bool = True,
        lease_ttl: float = TTL,
        command_timeout: float = COMMAND_TIMEOUT,
        confirm_timeout: float = CONFIRM_TIMEOUT,
    ) -> None:
        self._database = Addresses(database_url)
        self._schema = schema
        self._brokers = brokers
        self._telemetry = telemetry
        self._listen = listen
        self._command_timeout = command_timeout
        self._confirm_timeout = confirm_timeout
        self._lease = Lease("relay", ttl=lease_ttl)
        # What was confirmed before a connection was lost is deleted over the next.
        self._outcomes = Outcomes()
        self._dispatch: Dispatch | None = None
        self._log_limit = LogLimit()
        self._woken = asyncio.Event()
        self._rows_written = True
        self._draining = False
        self._database_away_since: float | None = None
        self._database_problem = ""

    async def run(self) -> None:
        """Relays until cancelled, or after `drain` until nothing is left to send at once.

        Ends within some seconds then, whatever is silent.
        """
        backoff = Backoff(0.1, 5.0)
        while not self._draining:
            try:
                async with self._connection() as connection:
                    backoff.reset()
                    await self._compete(connection)
            except Exception as error:
                self._database_problem = reason_of(error)
                if self._database_away_since is None:
                    self._database_away_since = time.monotonic()
                if self._log_limit.allows("database", self._database_problem):
                    log.warning("relay interrupted", service=self._schema, reason=self._database_problem)
                self._woken.clear()
                await self._wait(backoff.next())

    def drain(self) -> None:
        """Lets `run` end as soon as nothing is left that can be sent now."""
        self._draining = True
        self._woken.set()

    def problems(self) -> list[str]:
        """Returns the faults that have kept the relay from its servers for some seconds, in words for an operator.

        A destination in trouble is none of these: it is the destination's, and the same on every replica.
        """
        found = []
        if self._database_away_since is not None:
            away = time.monotonic() - self._database_away_since
            if away > GRACE:
                found.append(f"the relay has not reached the database for {away:.0f} s ({self._database_problem})")
        lanes = {} if self._dispatch is None else self._dispatch.problems
        for reason in sorted(set(lanes.values())):
            affected = sorted(lane for lane, other in lanes.items() if other == reason)
            what = "the broker takes no messages (memory or disk)" if reason == "blocked" else f"no broker ({reason})"
            found.append(f"{what}: messages wait for {', '.join(affected)}")
        return found

    def _wake(self) -> None:
        self._woken.set()

    def _notified(self, *_: object) -> None:
        self._rows_written = True
        self._woken.set()

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection that is closed within `CLOSE_TIMEOUT` seconds, whether or not the server answers."""
        settings = {
            "search_path": self._schema,
            "application_name": f"{self._schema} relay",
            # A list of ids is looked up as a hash only where the planner sees it.
            "plan_cache_mode": "force_custom_plan",
        }
        connection = await connect_to_any(
            self._database,
            timeout=CONNECT_TIMEOUT,
            command_timeout=self._command_timeout,
            # A pool in transaction mode knows neither prepared statements nor settings of a session.
            **({"server_settings": settings} if self._listen else {"statement_cache_size": 0}),
        )
        try:
            if self._listen:
                await connection.add_listener(f"outbox_{self._schema}", self._notified)
                connection.add_termination_listener(self._notified)
            yield connection
            await connection.close(timeout=CLOSE_TIMEOUT)
        finally:
            connection.terminate()

    async def _compete(self, connection: asyncpg.Connection) -> None:
        """Competes for the lease and leads while it has it; returns when draining, raises when the database is lost."""
        while True:
            self._woken.clear()
            if await self._lease.acquire(connection):
                await self._lead(connection)
            self._database_away_since = None
            if self._draining:
                return
            await self._wait(POLL)

    async def _lead(self, connection: asyncpg.Connection) -> None:
        """Dispatches until draining is done or the lease is lost; raises when the database is lost."""
        dispatch = self._dispatch = Dispatch(
            service=self._schema,
            brokers=self._brokers,
            lease=self._lease,
            outcomes=self._outcomes,
            telemetry=self._telemetry,
            notify=self._wake,
            log_limit=self._log_limit,
            confirm_timeout=self._confirm_timeout,
        )
        self._rows_written = True
        self._telemetry.relay_leading.set(1)
        try:
            while await self._lease.keep(connection):
                self._woken.clear()
                rows_written, self._rows_written = self._rows_written or self._draining, False
                wait = await dispatch.run_once(connection, rows_written=rows_written)
                self._database_away_since = None
                if self._draining and not dispatch.is_busy:
                    return
                await self._wait(min(wait, POLL))
        except LeadershipLost:
            log.warning("leadership lost", service=self._schema)
        finally:
            self._telemetry.relay_leading.set(0)
            await self._step_down(dispatch, connection)

    async def _step_down(self, dispatch: Dispatch, connection: asyncpg.Connection) -> None:
        """Stops dispatching, then releases the lease; within some seconds, whether or not the servers answer."""
        with contextlib.suppress(Exception):
            await dispatch.stop(connection)
        self._dispatch = None
        with contextlib.suppress(Exception):
            if not connection.is_closed():
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._lease.release(connection)
        self._lease.forget()

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
