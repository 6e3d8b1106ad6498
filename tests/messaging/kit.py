"""A service that does nothing but remember, on a real broker and a real database: what the kit promises is seen on it.

It plays `ticketing`: for every `erasure.completed` it writes a row with the participant, in a table that would show
a double.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from sqlalchemy import text
from sqlalchemy.engine import make_url

from culture_connect.contracts import ErasureCompleted, Message
from culture_connect.messaging import (
    BatchSubscriber,
    Database,
    Delivery,
    EventRouter,
    PermanentFailure,
    Route,
    Service,
    TransientFailure,
    UnitOfWork,
    core_event,
)
from culture_connect.messaging.consuming import inbox
from tests.support.bus import Bus, Side
from tests.support.fault_proxy import FaultProxy
from tests.support.hashes import HASH_KEY, HASHES
from tests.support.probes import eventually
from tests.support.silent_broker import silent_queue, wake


def erasure(participant: UUID) -> ErasureCompleted:
    """The message that these tests send: an id and nothing else."""
    return ErasureCompleted(participant_id=participant)


@dataclass(frozen=True)
class BusUrls:
    """The replica's own account on both virtual hosts."""

    core_url: str
    edge_url: str | None
    hash_key: str = HASH_KEY
    broker_ca_file: Path | None = None


class Kit:
    """The servers of one service, with faults to inject into them."""

    def __init__(
        self,
        *,
        database_url: str,
        urls: BusUrls,
        channels: dict[str, aio_pika.abc.AbstractChannel],
        wires: dict[str, FaultProxy],
        bus: Bus,
    ) -> None:
        self.database = Database(database_url, schema="ticketing")
        self.batches: list[int] = []
        self.holding = False
        self.answer: Route | None = None
        self.retry_delays: tuple[float, ...] = (0.2, 0.2)
        self._router = EventRouter()
        self._router.batch_subscriber("ticketing.events")(ErasureCompleted)(self._handle)
        self.admissions = self.edge_subscriber("box-office.<venue>.admissions")
        self.database_wire = wires["database"]
        self.broker_wire = wires["broker"]
        self._urls = urls
        self._bus = bus
        self._replicas: list[Service] = []
        self._published = 0
        self._channels = channels
        self._failures: dict[UUID, Exception] = {}
        self.times: dict[UUID, list[datetime]] = {}
        self._released = asyncio.Event()
        self._released.set()

    # The service under test

    @property
    def core_url(self) -> str:
        """AMQP URL of the service's own account."""
        return self._urls.core_url

    @property
    def edge_url(self) -> str:
        """The same for the virtual host of the parties."""
        assert self._urls.edge_url
        return self._urls.edge_url

    def replica(
        self,
        *,
        behind_cuttable_wires: bool = False,
        follow: Callable[[], Awaitable[Sequence[BatchSubscriber]]] | None = None,
        urls: BusUrls | None = None,
    ) -> Service:
        """A replica, not yet running; behind the wires it loses its servers when they are cut.

        `urls` may be other ways to the same virtual hosts.
        """
        urls, database_url = urls or self._urls, self.database.url
        if behind_cuttable_wires:
            urls = BusUrls(self.broker_wire.through(urls.core_url), None)
            database_url = self.database_wire.through(database_url)
        replica = Service(
            name="ticketing",
            settings=urls,
            database=Database(database_url, schema="ticketing"),
            routers=[self._router],
            follow=follow,
            retry_delays=self.retry_delays,
        )
        self._replicas.append(replica)
        return replica

    def edge_subscriber(self, queue: str) -> BatchSubscriber:
        """A subscriber of a party's queue, with the same handler."""
        subscriber = EventRouter().batch_subscriber(queue, vhost="edge")
        subscriber(ErasureCompleted)(self._handle)
        return subscriber

    @asynccontextmanager
    async def service(self) -> AsyncIterator[Service]:
        """A replica that is running and consuming."""
        replica = self.replica()
        async with replica.running():
            await eventually(replica.problems, [], "problems of the replica")
            yield replica

    async def _handle(self, work: UnitOfWork, deliveries: Sequence[Delivery[ErasureCompleted]]) -> None:
        self.batches.append(len(deliveries))
        self.holding = not self._released.is_set()
        await self._released.wait()
        for delivery in deliveries:
            self.times.setdefault(delivery.message.participant_id, []).append(delivery.envelope.time)
        for delivery in deliveries:
            if failure := self._failures.get(delivery.message.participant_id):
                raise failure
        participants = [delivery.message.participant_id for delivery in deliveries]
        await work.execute(
            text("insert into effects (participant) select unnest(cast(:participants as uuid[]))"),
            {"participants": participants},
        )
        if self.answer:
            for delivery in deliveries:
                work.emit(delivery.message, self.answer, cause=delivery.envelope)

    def refuse(self, *participants: UUID) -> None:
        """Makes the handler fail for good on these."""
        self._failures.update({each: PermanentFailure("refused") for each in participants})

    def fail_for_now(self, participant: UUID) -> None:
        """Makes the handler fail for now on this one."""
        self._failures[participant] = TransientFailure("not-now")

    def break_on(self, participant: UUID) -> None:
        """Makes the handler raise what it never should, with a text that must not be seen."""
        self._failures[participant] = ZeroDivisionError("Canary van der Test")

    def accept(self, participant: UUID) -> None:
        """Makes the handler work again on this one."""
        del self._failures[participant]

    def hold(self) -> None:
        """Keeps the handler from going on, until `release`."""
        self._released.clear()

    def release(self) -> None:
        """Lets it go on."""
        self._released.set()

    # What goes in

    async def publish(
        self,
        message: Message,
        *,
        id: str,  # noqa: A002 - the CloudEvents attribute is called id
        headers: dict[str, Any] | None = None,
        vhost: str = "core",
        queue: str = "ticketing.events",
    ) -> None:
        """Puts a message into the queue as another service would have sent it."""
        envelope = {
            "ce-specversion": "1.0",
            "ce-id": id,
            "ce-type": message.type,
            "ce-source": "/culture-connect/tests",
            "ce-time": datetime.now(UTC).isoformat(),
        }
        all_headers = {**envelope, **(headers or {})}
        await self.put(vhost, queue, aio_pika.Message(message.to_json(), message_id=id, headers=all_headers))

    async def publish_raw(
        self,
        body: bytes,
        *,
        id: str | None,  # noqa: A002 - the AMQP property is called message_id
        type: str | None = ErasureCompleted.type,  # noqa: A002 - the AMQP property is called type
        vhost: str = "core",
        queue: str = "ticketing.events",
    ) -> None:
        """Puts any bytes into the queue, with the least of properties."""
        await self.put(vhost, queue, aio_pika.Message(body, message_id=id, type=type))

    async def take_and_give_back(self, queue: str, count: int) -> None:
        """Lets another consumer take messages and lose its connection: they come again, marked as redelivered."""
        async with await aio_pika.connect(self._bus.administrator_url("core")) as connection:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=count)
            taken: list[AbstractIncomingMessage] = []

            async def take(message: AbstractIncomingMessage) -> None:
                taken.append(message)

            await (await channel.get_queue(queue)).consume(take)
            await eventually(lambda: len(taken), count, f"messages taken from {queue}")
        await eventually(lambda: self.depth(queue), count, f"messages back in {queue}")

    async def put_back(self, dead: AbstractIncomingMessage) -> None:
        """Puts a dead letter back into the queue it came from."""
        copy = aio_pika.Message(dead.body, headers=dead.headers, message_id=dead.message_id, type=dead.type)
        await self.put("core", str(dead.headers["cc-dead-queue"]), copy)

    async def put(self, vhost: str, queue: str, message: aio_pika.Message) -> None:
        """Puts a message into the queue as it is, but persistent."""
        self._published += 1
        message.delivery_mode = aio_pika.DeliveryMode.PERSISTENT
        await self._channels[vhost].default_exchange.publish(message, queue)

    async def emit(self, message: Message, *, slowly: bool = False) -> UUID:
        """Emits an event in a transaction of its own; slowly means it commits after others that began later."""
        async with self.database.begin() as work:
            message_id = work.emit(message, core_event(message, "ticketing"))
            if slowly:
                await work.flush()
                await work.execute(text("select pg_sleep(0.05)"))
        return message_id

    async def reroute(self, work: UnitOfWork, message_id: UUID, route: Route) -> None:
        """Gives a waiting row another destination."""
        await work.execute(
            text(
                "update outbox set lane = :lane, exchange = :exchange, routing_key = :routing_key"
                " where headers ->> 'ce-id' = :id"
            ),
            {
                "lane": route.lane,
                "exchange": route.exchange,
                "routing_key": route.routing_key,
                "id": str(message_id),
            },
        )

    # What comes out

    async def effects(self) -> list[UUID]:
        """The participants whose message had its effect, in that order, doubles included."""
        return [row[0] for row in await self._rows("select participant from effects order by id")]

    async def outbox_size(self) -> int:
        """Returns the number of rows that wait to be sent."""
        return int((await self._rows("select count(*) from outbox"))[0][0])

    async def waiting(self) -> list[tuple[str | None, int]]:
        """Key and attempts of the messages that wait for another try, in their order."""
        return [(row.key, row.attempts) for row in await self._rows("select key, attempts from retries order by id")]

    async def lanes_in_trouble(self) -> dict[str, str]:
        """Returns the broker's last answer, by destination that failed."""
        return {row[0]: row[1] for row in await self._rows("select lane, last_error from outbox_lanes")}

    async def _rows(self, statement: str) -> Sequence[Any]:
        async with self.database.engine.connect() as connection:
            return (await connection.execute(text(statement))).all()

    async def depth(self, queue: str, vhost: str = "core") -> int:
        """Returns the number of messages that are ready in the queue."""
        return (await self._declared(queue, vhost)).message_count or 0

    async def consumers(self, queue: str, vhost: str = "edge") -> int:
        """Returns the number of consumers of the queue; none when there is no such queue."""
        try:
            return (await self._declared(queue, vhost)).consumer_count or 0
        except aio_pika.exceptions.ChannelNotFoundEntity:
            return 0

    async def _declared(self, queue: str, vhost: str) -> Any:
        found = await self._channels[vhost].declare_queue(queue, passive=True)
        return found.declaration_result

    async def delete_queue(self, queue: str, vhost: str = "edge") -> None:
        """Deletes a queue with all that is in it."""
        channel = await self._channels[vhost].get_underlay_channel()
        await channel.queue_delete(queue)

    async def take(
        self,
        queue: str,
        count: int,
        vhost: str = "core",
        *,
        timeout: float = 10.0,  # noqa: ASYNC109
    ) -> list[AbstractIncomingMessage]:
        """Takes so many messages out of the queue, waiting for them."""
        taken: list[AbstractIncomingMessage] = []
        source = await self._channels[vhost].get_queue(queue)

        async def so_far() -> int:
            while (message := await source.get(no_ack=True, fail=False)) is not None:
                taken.append(message)
            return len(taken)

        await eventually(so_far, count, f"messages taken from {queue}", timeout=timeout)
        return taken

    async def until_handled(self, queue: str) -> None:
        """Waits until the queue is empty and nothing of it is in a consumer's hands."""

        async def settled_and_left() -> tuple[bool, int]:
            settled = sum(map(self._settled, self._replicas))
            return settled >= self._published, await self.depth(queue)

        await eventually(settled_and_left, (True, 0), f"everything in {queue} settled, and left there", timeout=20)

    def _settled(self, replica: Service) -> int:
        samples = (sample for metric in replica.telemetry.registry.collect() for sample in metric.samples)
        return int(sum(sample.value for sample in samples if sample.name == "culture_connect_deliveries_total"))

    # What disturbs

    async def add_venue(self, venue: str) -> None:
        """Account, exchange and queues of a box office."""
        self._bus.add_party("box-office", venue)

    async def add_partner(self, partner: str) -> None:
        """The same for a partner's HR system; this service may not read its queue."""
        self._bus.add_party("hr", partner)

    @asynccontextmanager
    async def silent_queue(self, queue: str, vhost: Side = "core") -> AsyncIterator[None]:
        """While the block runs, or until `wake_queue`, the queue is there and answers nobody."""
        with silent_queue(self._bus.server, self._bus.vhost(vhost), queue):
            yield

    async def wake_queue(self, queue: str, vhost: Side = "core") -> None:
        """Lets a silent queue answer again."""
        wake(self._bus.server, self._bus.vhost(vhost), queue)

    async def set_read_only(self, read_only: bool) -> None:
        """Lets the service's role write nothing in this database, or write again, from its next connections on."""
        database = make_url(self.database.url).database
        change = "set default_transaction_read_only = on" if read_only else "reset default_transaction_read_only"
        async with self.database.engine.begin() as connection:
            await connection.execute(text("set transaction read write"))
            await connection.execute(text(f"alter role current_user in database {database} {change}"))
        await self.drop_database_connections(application="ticketing")

    async def drop_database_connections(self, *, application: str) -> None:
        """Ends the connections of this application on the server."""
        await self._rows(
            f"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{application}'"  # noqa: S608 - a constant
            " and datname = current_database() and pid <> pg_backend_pid()"
        )

    async def has_problem(self, replica: Service, word: str) -> bool:
        """Returns whether one of the replica's problems names this word."""
        return any(word in problem for problem in await replica.problems())

    @asynccontextmanager
    async def holding_inbox_row(self, queue: str, message: Message, message_id: str) -> AsyncIterator[None]:
        """While the block runs a transaction elsewhere handles this message; then it is given up."""
        async with self.database.engine.connect() as connection:
            digest = inbox.digest_of(HASHES, message.type, message.to_json())
            await inbox.record(connection, HASHES, queue, {message_id: digest})
            yield
            await connection.rollback()

    def leads(self, replica: Service) -> bool:
        """Returns whether this replica's relay is the active one."""
        return replica.telemetry.registry.get_sample_value("culture_connect_relay_leading") == 1
