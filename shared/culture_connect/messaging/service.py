"""The bus side of one replica of a service: consumers, relay and their measurements, from start to graceful stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from culture_connect.messaging.asyncapi import describe
from culture_connect.messaging.connection import with_authority
from culture_connect.messaging.consuming import retry_rows
from culture_connect.messaging.consuming.backlog import Backlog
from culture_connect.messaging.consuming.retry_policy import RETRY_DELAYS
from culture_connect.messaging.consuming.router import EventRouter
from culture_connect.messaging.consuming.supervisor import ConsumerSupervisor, Follow
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import reason_of_database_fault
from culture_connect.messaging.keyed_hash import KeyedHash
from culture_connect.messaging.outbox.metrics import measure_outbox
from culture_connect.messaging.outbox.relay import Relay
from culture_connect.messaging.periodic import periodic
from culture_connect.messaging.telemetry import Telemetry

MEASURE = 5.0  # seconds between two counts of the outbox
FLUSH = 10.0  # seconds the relay may take for what is left when stopping


class BusSettings(Protocol):
    """The settings of the kit: the URLs of the virtual hosts; `edge_url` is None for services without parties.

    `hash_key` is the key of `KeyedHash` as 64 hex digits.
    `broker_ca_file` is the authority (PEM) to be trusted where they are amqps:// ones, None for those of this machine.
    """

    @property
    def core_url(self) -> str: ...

    @property
    def edge_url(self) -> str | None: ...

    @property
    def hash_key(self) -> str: ...

    @property
    def broker_ca_file(self) -> Path | None: ...


class Service:
    """One replica. Nothing in it assumes that it is the only one.

    It consumes what the routers subscribe to, without their templates. `follow` is asked about every second for further
    subscribers: those of parties that were added at run time. A queue that does not exist yet is tried again, one that
    was removed is let go. `retry_delays` are the seconds before each further try of a message that failed.
    """

    def __init__(
        self,
        *,
        name: str,
        settings: BusSettings,
        database: Database,
        routers: Sequence[EventRouter],
        follow: Follow | None = None,
        telemetry: Telemetry | None = None,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self.name = name
        self.database = database
        self.telemetry = telemetry or Telemetry()
        self.hashes = KeyedHash(bytes.fromhex(settings.hash_key))
        self._routers = routers
        urls = {"core": settings.core_url} | ({"edge": settings.edge_url} if settings.edge_url else {})
        self._brokers = {side: with_authority(url, settings.broker_ca_file) for side, url in urls.items()}
        self._consumers = ConsumerSupervisor(
            [each for router in routers for each in router.batch_subscribers if not each.is_template],
            service=name,
            brokers=self._brokers,
            database=database,
            telemetry=self.telemetry,
            hashes=self.hashes,
            follow=follow,
            delays=retry_delays,
        )
        self._relay: Relay | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Consumes and relays while the block runs, also when the broker or the database is away for a while.

        Stops gracefully: takes nothing more, settles its messages, sends what was emitted, closes.
        """
        relay = self._relay = Relay(
            self.database.url,
            schema=self.database.schema,
            brokers=self._brokers,
            telemetry=self.telemetry,
            listen=self.database.listens,
        )
        stopping = asyncio.Event()
        consuming = asyncio.create_task(self._consumers.run(stopping), name="consume")
        relaying = asyncio.create_task(relay.run(), name="relay")
        backlog = Backlog()
        try:
            async with periodic("measure", lambda: self._measure(backlog), interval=MEASURE):
                yield
        finally:
            stopping.set()
            await consuming
            relay.drain()
            await asyncio.wait([relaying], timeout=FLUSH)
            relaying.cancel()
            await asyncio.gather(relaying, return_exceptions=True)
            await self.database.close()

    async def problems(self) -> list[str]:
        """Returns the faults that keep this replica from its work, in words for an operator; empty when it is ready."""
        found = []
        try:
            await self.database.ping()
        except Exception as error:
            found.append(f"the database does not answer ({reason_of_database_fault(error)})")
        if self._relay is not None:
            found.extend(self._relay.problems())
        return found + self._consumers.problems()

    def warnings(self) -> list[str]:
        """Returns the faults that keep this replica from a part of its work, such as one party's queue."""
        return self._consumers.warnings()

    def asyncapi(self) -> dict[str, Any]:
        """The AsyncAPI document of what this service takes from the bus and puts on it."""
        return describe(self.name, self._routers)

    async def _measure(self, backlog: Backlog) -> None:
        async with self.database.begin() as work:
            await measure_outbox(work.connection, self.telemetry)
            self.telemetry.set_retries(await retry_rows.summary(work.connection))
            self._consumers.block(await backlog.look(work.connection))
