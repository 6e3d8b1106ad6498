"""From the outbox to the broker.

One relay per service is active at a time: it holds an advisory lock, and another replica takes over when it is
gone. It publishes in the order of the rows, many at once, deletes what the broker confirmed and keeps what it did
not. It knows destinations and bytes, no event types.
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Mapping, Sequence

import asyncpg
import structlog

from culture_connect.messaging.errors import reason_of
from culture_connect.messaging.publisher import Publication, Publisher, PublishFailed
from culture_connect.messaging.telemetry import Telemetry

log = structlog.get_logger()

BATCH = 1000
POLL = 1.0  # seconds; NOTIFY makes it faster, this makes it certain
LONGEST_POSTPONEMENT = 2  # seconds

_LOCK = "select pg_try_advisory_lock(hashtext('outbox relay'), hashtext(current_schema()))"
_AT_ONCE = """
    select id, vhost, exchange, routing_key, headers, correlation_id, body, properties from outbox
    where due_at is null order by id limit $1
"""
_DUE = """
    select id, vhost, exchange, routing_key, headers, correlation_id, body, properties from outbox
    where due_at <= now() order by due_at, id limit $1
"""
_NEXT_DUE = "select extract(epoch from min(due_at) - now())::float8 from outbox where due_at is not null"
_DELETE = "delete from outbox where id = any($1)"
_POSTPONE = """
    update outbox set last_error = failed.error, due_at = now() + make_interval(secs => $3)
    from unnest($1::bigint[], $2::text[]) as failed (id, error)
    where outbox.id = failed.id
"""


class Relay:
    """Moves one service's outbox to the virtual hosts in `brokers` (name -> AMQP URL)."""

    def __init__(self, database_url: str, *, schema: str, brokers: Mapping[str, str], telemetry: Telemetry) -> None:
        self._database_url = database_url
        self._schema = schema
        self._brokers = brokers
        self._telemetry = telemetry
        self._written = asyncio.Event()
        self._draining = False

    async def run(self) -> None:
        """Relays until cancelled, or after `drain` until nothing is left to send at once."""
        pause = 0.1
        while not self._draining:
            try:
                async with contextlib.AsyncExitStack() as stack:
                    connection = await self._connect(stack)
                    publishers = {
                        vhost: await stack.enter_async_context(Publisher(url, name=f"{self._schema} relay"))
                        for vhost, url in self._brokers.items()
                    }
                    pause = 0.1
                    await self._relay(connection, publishers)
            except Exception as error:
                log.warning("relay interrupted", service=self._schema, reason=reason_of(error))
                self._telemetry.relay_leading.set(0)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    def drain(self) -> None:
        """Lets `run` end as soon as nothing is left that can be sent now."""
        self._draining = True
        self._written.set()

    async def _connect(self, stack: contextlib.AsyncExitStack) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self._database_url,
            timeout=10,
            server_settings={"search_path": self._schema, "application_name": f"{self._schema} relay"},
        )
        stack.push_async_callback(connection.close, timeout=5)
        await connection.add_listener(f"outbox_{self._schema}", lambda *_: self._written.set())
        connection.add_termination_listener(lambda _: self._written.set())
        return connection

    async def _relay(self, connection: asyncpg.Connection, publishers: Mapping[str, Publisher]) -> None:
        """Sends what is there and waits for more; ends when draining, raises when a connection is lost."""
        leading = False
        while True:
            self._written.clear()
            leading = leading or await connection.fetchval(_LOCK)
            self._telemetry.relay_leading.set(int(leading))
            sent = await self._send_all(connection, publishers) if leading else 0
            if self._draining and not sent:
                return
            if not all(publisher.connected for publisher in publishers.values()):
                raise ConnectionError("broker connection lost")
            await self._wait(await connection.fetchval(_NEXT_DUE) if leading else None)

    async def _wait(self, seconds_to_next: float | None) -> None:
        """Until something is written, a row comes due, or the poll interval is over."""
        timeout = POLL if seconds_to_next is None else min(POLL, max(seconds_to_next, 0.0))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._written.wait()

    async def _send_all(self, connection: asyncpg.Connection, publishers: Mapping[str, Publisher]) -> int:
        """Sends until nothing is due; returns how many messages were confirmed."""
        sent = 0
        while rows := [*await connection.fetch(_DUE, BATCH), *await connection.fetch(_AT_ONCE, BATCH)]:
            failed = await self._send(rows, publishers)
            confirmed = [row["id"] for row in rows if row["id"] not in failed]
            await connection.execute(_DELETE, confirmed)
            if failed:
                await connection.execute(_POSTPONE, list(failed), list(failed.values()), float(LONGEST_POSTPONEMENT))
            sent += len(confirmed)
            self._telemetry.relay_confirmed.inc(len(confirmed))
            self._telemetry.relay_postponed.inc(len(failed))
        return sent

    async def _send(self, rows: Sequence[asyncpg.Record], publishers: Mapping[str, Publisher]) -> dict[int, str]:
        """Publishes the rows, pipelined; returns the reasons of those the broker did not take, by row id."""
        by_vhost: dict[str, list[asyncpg.Record]] = {}
        for row in rows:
            by_vhost.setdefault(row["vhost"], []).append(row)
        answers = await asyncio.gather(
            *(publishers[vhost].publish_all(list(map(_publication, chosen))) for vhost, chosen in by_vhost.items())
        )
        results = zip(itertools.chain(*by_vhost.values()), itertools.chain(*answers), strict=True)
        failed: dict[int, str] = {}
        for row, result in results:
            if isinstance(result, PublishFailed):
                # A channel takes its neighbours down with the one message the broker objects to: each gets a try
                # of its own, so that the blame falls on the right one.
                if error := await self._publish_alone(row, publishers[row["vhost"]]):
                    failed[row["id"]] = error
            elif result is not None:
                raise result
        return failed

    async def _publish_alone(self, row: asyncpg.Record, publisher: Publisher) -> str | None:
        try:
            (error,) = await publisher.publish_all([_publication(row)])
            if error is not None:
                raise error
        except PublishFailed as error:
            if not publisher.connected:
                raise
            log.warning(
                "message not delivered",
                service=self._schema,
                vhost=row["vhost"],
                exchange=row["exchange"],
                reason=reason_of(error),
            )
            return reason_of(error)
        return None


def _publication(row: asyncpg.Record) -> Publication:
    return Publication(
        row["exchange"],
        row["routing_key"],
        json.loads(row["headers"]),
        row["correlation_id"],
        row["body"],
        row["properties"],
    )
