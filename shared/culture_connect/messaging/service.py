"""The bus side of one replica of a service: consumers, relay and their measurements, from start to graceful stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import structlog

from culture_connect.messaging.asyncapi import describe
from culture_connect.messaging.consumer import Subscription
from culture_connect.messaging.consumption import Consumption, Follow
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import database_is_away, reason_of
from culture_connect.messaging.outbox_measures import measure_outbox
from culture_connect.messaging.relay import Relay
from culture_connect.messaging.telemetry import Telemetry

log = structlog.get_logger()

MEASURE = 5.0  # seconds between two counts of the outbox
FLUSH = 10.0  # seconds the relay may take for what is left when stopping


class BusSettings(Protocol):
    """What the kit needs to know: the URLs of the virtual hosts; `edge_url` is None for services without parties."""

    @property
    def core_url(self) -> str: ...

    @property
    def edge_url(self) -> str | None: ...


class Service:
    """One replica. Nothing in it assumes that it is the only one.

    `follow` is asked about every second for further queues to consume: those of parties that were added at run time.
    A queue that does not exist yet is tried again, one that was removed is let go. `documented` are subscriptions such
    as it gives, with a placeholder in the name of the queue: they stand for it in the AsyncAPI document.
    """

    def __init__(
        self,
        *,
        name: str,
        settings: BusSettings,
        database: Database,
        subscriptions: Sequence[Subscription],
        follow: Follow | None = None,
        documented: Sequence[Subscription] = (),
        telemetry: Telemetry | None = None,
    ) -> None:
        self.name = name
        self.database = database
        self.telemetry = telemetry or Telemetry()
        self._subscriptions = subscriptions
        self._follow = follow
        self._documented = documented
        self._brokers = {"core": settings.core_url} | ({"edge": settings.edge_url} if settings.edge_url else {})
        self._consumption: Consumption | None = None
        self._relay: Relay | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Consumes and relays while the block runs, also when the broker or the database is away for a while.

        Stops gracefully: takes nothing more, finishes what is in hand, sends what was emitted, closes.
        """
        relay = self._relay = Relay(
            self.database.url, schema=self.database.schema, brokers=self._brokers, telemetry=self.telemetry
        )
        stopping = asyncio.Event()
        consuming = asyncio.create_task(self._consume(stopping), name="consume")
        relaying = asyncio.create_task(relay.run(), name="relay")
        measuring = asyncio.create_task(self._measure(), name="measure")
        try:
            yield
        finally:
            stopping.set()
            await consuming
            relay.drain()
            await asyncio.wait([relaying], timeout=FLUSH)
            for task in (relaying, measuring):
                task.cancel()
            await asyncio.gather(relaying, measuring, return_exceptions=True)
            await self.database.close()

    async def problems(self) -> list[str]:
        """What keeps this replica from doing its work, in words for an operator; empty when it is ready."""
        found = []
        try:
            await self.database.ping()
        except Exception as error:
            found.append(f"the database does not answer ({reason_of(error)})")
        if self._relay is not None:
            found.extend(self._relay.problems())
        if self._consumption is None:
            found.append("not connected to the broker")
        else:
            found.extend(f"not consuming {queue}" for queue in await self._consumption.missing())
        return found

    def asyncapi(self) -> dict[str, Any]:
        """The AsyncAPI document of what this service takes from the bus and puts on it."""
        return describe(self.name, [*self._subscriptions, *self._documented])

    async def _consume(self, stopping: asyncio.Event) -> None:
        """Consumption after consumption: whatever is lost ends one, and a new one is made."""
        pause = 0.2
        stopped = asyncio.create_task(stopping.wait())
        while not stopping.is_set():
            try:
                await self.database.ping()
                async with self._consumption_() as consumption:
                    self._consumption = consumption
                    pause = 0.2
                    watching = asyncio.create_task(consumption.watch())
                    await asyncio.wait([watching, stopped], return_when=asyncio.FIRST_COMPLETED)
                    self._consumption = None
                    if watching.done():
                        log.warning("consumption ended", service=self.name, reason=watching.result())
                    watching.cancel()
            except Exception as error:
                self._consumption = None
                level = 30 if database_is_away(error) else 40
                log.log(level, "consumption failed", service=self.name, reason=reason_of(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()
            pause = min(pause * 2, 5.0)
        stopped.cancel()

    def _consumption_(self) -> Consumption:
        return Consumption(
            self._subscriptions,
            service=self.name,
            brokers=self._brokers,
            database=self.database,
            telemetry=self.telemetry,
            follow=self._follow,
        )

    async def _measure(self) -> None:
        while True:
            with contextlib.suppress(Exception):  # a figure that cannot be had now keeps its last value
                async with self.database.engine.connect() as connection:
                    await measure_outbox(connection, self.telemetry)
            await asyncio.sleep(MEASURE)
