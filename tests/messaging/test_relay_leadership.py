"""Guarantee 2: one relay of a service is active, and what goes silent is replaced in time."""

import asyncio
from uuid import uuid4

import asyncpg

from culture_connect.messaging import Route, Telemetry, feed_to
from culture_connect.messaging.outbox import queries
from culture_connect.messaging.outbox.lease import Lease
from culture_connect.messaging.outbox.relay import Relay
from culture_connect.messaging.topology import tickets_queue
from tests.messaging.kit import Kit
from tests.messaging.relays import emit, execute, figure, relaying, waiting
from tests.support.bus import Bus
from tests.support.probes import eventually, until

CORE = Route("core", "events", "erasure.completed.ticketing")
LEADING = "culture_connect_relay_leading"


async def test_a_lease_is_one_holders_until_its_time_is_over(kit: Kit) -> None:
    connection = await asyncpg.connect(kit.database.url)
    try:
        first, second = Lease("relay", ttl=1.0), Lease("relay", ttl=1.0)
        assert await first.acquire(connection)
        assert not await second.acquire(connection)
        await eventually(first.is_held, False, "held without being renewed")
        await until(lambda: second.acquire(connection), bool, "the second takes over")
        assert not await first.keep(connection)
        assert not await first.acquire(connection)
        await second.release(connection)
        assert await first.acquire(connection)
    finally:
        await connection.close()


async def test_a_leader_behind_a_silent_database_connection_is_replaced_and_comes_back(kit: Kit, bus: Bus) -> None:
    first, second = Telemetry(), Telemetry()
    behind = kit.database_wire.through(kit.database.url)
    silent = relaying(kit, bus, database_url=behind, telemetry=first, lease_ttl=3.0, command_timeout=2.0)
    async with silent as relay:
        await eventually(lambda: figure(first, LEADING), 1, "the first leads")
        async with relaying(kit, bus, telemetry=second, lease_ttl=3.0):
            await kit.database_wire.silence()
            ids = await emit(kit, *[CORE] * 20)
            messages = await kit.take("registration.events", 20)
            assert [message.message_id for message in messages] == ids
            assert figure(second, LEADING) == 1
            await eventually(lambda: figure(first, LEADING), 0, "the first gives up")
        await kit.database_wire.mend()
        await eventually(lambda: figure(first, LEADING), 1, "the first leads again", timeout=20)
        assert relay.problems() == []


async def test_a_leader_whose_lease_is_anothers_neither_publishes_nor_deletes(kit: Kit, bus: Bus) -> None:
    telemetry = Telemetry()
    async with relaying(kit, bus, telemetry=telemetry, lease_ttl=1.0):
        await eventually(lambda: figure(telemetry, LEADING), 1, "it leads")
        [[holder]] = await execute(kit, "select holder from leases")
        await execute(kit, "update leases set holder = gen_random_uuid(), expires_at = now() + interval '1 minute'")
        await eventually(lambda: figure(telemetry, LEADING), 0, "it gives up")
        [message_id] = await emit(kit, CORE)
        [[row]] = await execute(kit, "select id from outbox")
        connection = await asyncpg.connect(kit.database.url)
        assert not await queries.delete(connection, [row], lease="relay", holder=holder)
        await connection.close()
        assert await kit.outbox_size() == 1
        assert await kit.depth("registration.events") == 0
        await execute(kit, "update leases set expires_at = now()")
        [message] = await kit.take("registration.events", 1)
        assert message.message_id == message_id
        await eventually(lambda: figure(telemetry, LEADING), 1, "it leads again")


async def test_what_was_confirmed_when_the_database_was_lost_is_not_sent_again(kit: Kit, bus: Bus) -> None:
    behind = kit.database_wire.through(kit.database.url)
    async with relaying(kit, bus, database_url=behind, command_timeout=1.0):
        await emit(kit, CORE)
        await kit.take("registration.events", 1)
        await eventually(lambda: waiting(kit), {}, "what waits")
        # Its questions arrive and their answers do not: the row is fetched, sent, and deleted only later.
        locked = await asyncpg.connect(kit.database.url)
        async with locked.transaction():
            [message_id] = await emit(kit, CORE)
            await locked.execute("lock table outbox in share row exclusive mode")
            [message] = await kit.take("registration.events", 1)
            assert message.message_id == message_id
            await kit.database_wire.cut()
        await locked.close()
        await kit.database_wire.mend()
        await eventually(lambda: waiting(kit), {}, "what waits", timeout=20)
    assert await kit.depth("registration.events") == 0


async def test_a_relay_works_without_anything_that_belongs_to_a_session(kit: Kit, bus: Bus) -> None:
    """As behind pgbouncer in transaction mode: no LISTEN, no prepared statements, no settings."""
    async with relaying(kit, bus, listen=False):
        ids = await emit(kit, *[CORE] * 3)
        messages = await kit.take("registration.events", 3)
        assert [message.message_id for message in messages] == ids
        prepared = await execute(
            kit, "select query from pg_stat_activity where query ilike 'listen %' and datname = current_database()"
        )
    assert prepared == []


async def test_a_relay_stops_within_seconds_while_its_servers_are_silent(kit: Kit, bus: Bus) -> None:
    await kit.add_venue("paard")
    brokers = {side: kit.broker_wire.through(bus.url("ticketing", side)) for side in ("core", "edge")}
    behind = kit.database_wire.through(kit.database.url)
    relay = Relay(behind, schema="ticketing", brokers=brokers, telemetry=Telemetry())
    running = asyncio.create_task(relay.run())
    await emit(kit, CORE, feed_to("paard"))
    await kit.take("registration.events", 1)
    await kit.take(tickets_queue("paard"), 1, "edge")
    await kit.broker_wire.silence()
    await emit(kit, CORE, feed_to("paard"))
    await kit.database_wire.silence()
    relay.drain()
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=12)
    assert done == {running}


async def test_a_lost_broker_is_named_until_it_is_back_and_no_destination_is_blamed(kit: Kit, bus: Bus) -> None:
    brokers = {"core": kit.broker_wire.through(bus.url("ticketing", "core"))}
    async with relaying(kit, bus, brokers=brokers) as relay:
        await emit(kit, CORE)
        await kit.take("registration.events", 1)
        await kit.broker_wire.cut()
        [message_id] = await emit(kit, CORE)
        await until(relay.problems, bool, "problems of the relay")
        assert relay.problems() == ["no broker (connection-lost): messages wait for core/events/erasure"]
        await kit.broker_wire.mend()
        [message] = await kit.take("registration.events", 1)
        assert message.message_id == message_id
        await eventually(relay.problems, [], "problems of the relay")
        assert await execute(kit, "select lane from outbox_lanes") == []


async def test_rows_of_one_subject_arrive_in_their_order_through_a_broker_that_comes_and_goes(
    kit: Kit, bus: Bus
) -> None:
    brokers = {"core": kit.broker_wire.through(bus.url("ticketing", "core"))}
    subject = str(uuid4())
    ids = []
    async with relaying(kit, bus, brokers=brokers):
        for _ in range(5):
            for _ in range(10):
                ids += await emit(kit, CORE, subject=subject)
            await kit.broker_wire.reset()
        await eventually(lambda: waiting(kit), {}, "what waits", timeout=20)
    depth = await until(lambda: kit.depth("registration.events"), lambda n: n >= len(ids), "messages")
    messages = await kit.take("registration.events", depth)
    assert list(dict.fromkeys(message.message_id for message in messages)) == ids
