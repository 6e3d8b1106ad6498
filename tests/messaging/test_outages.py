"""Guarantees 4 and 6: servers go away and come back, replicas stop and start; nothing is lost, nothing doubled."""

import asyncio
from uuid import UUID, uuid4

from culture_connect.messaging import core_event
from tests.messaging.kit import Kit, erasure
from tests.support.probes import eventually

PARTICIPANTS = [uuid4() for _ in range(100)]


async def test_while_the_database_is_away_messages_wait_and_none_is_dead_lettered(kit: Kit) -> None:
    replica = kit.replica(behind_cuttable_wires=True)
    async with replica.running():
        await eventually(replica.problems, [], "problems of the replica")
        await kit.database_wire.cut()
        for participant in PARTICIPANTS:
            await kit.publish(erasure(participant), id=str(participant))
        await eventually(lambda: kit.has_problem(replica, "database"), True, "the replica says so")
        await kit.database_wire.mend()
        await kit.until_handled("ticketing.events")
    assert await kit.effects() == PARTICIPANTS
    assert await kit.depth("ticketing.dead") == 0
    assert await kit.waiting() == []


async def test_while_the_database_is_read_only_messages_wait_and_the_replica_says_why(kit: Kit) -> None:
    async with kit.service() as replica:
        await kit.set_read_only(True)
        for participant in PARTICIPANTS:
            await kit.publish(erasure(participant), id=str(participant))
        await eventually(lambda: kit.has_problem(replica, "read-only (25006)"), True, "the replica says so")
        await kit.set_read_only(False)
        await kit.until_handled("ticketing.events")
        await eventually(replica.problems, [], "problems of the replica")
        await eventually(lambda: sorted_effects(kit), sorted(PARTICIPANTS), "effects")
    assert await kit.depth("ticketing.dead") == 0


async def test_a_lost_broker_connection_is_made_anew_and_consumption_goes_on(kit: Kit) -> None:
    replica = kit.replica(behind_cuttable_wires=True)
    async with replica.running():
        await eventually(replica.problems, [], "problems of the replica")
        await kit.broker_wire.cut()
        await eventually(lambda: kit.has_problem(replica, "broker"), True, "the replica says so")
        for participant in PARTICIPANTS:
            await kit.publish(erasure(participant), id=str(participant))
        await kit.broker_wire.mend()
        await eventually(replica.problems, [], "problems of the replica")
        await kit.until_handled("ticketing.events")
        await kit.emit(erasure(PARTICIPANTS[0]))
        await kit.take("registration.events", 1)
    assert sorted(await kit.effects()) == sorted(PARTICIPANTS)


async def test_a_stop_finishes_what_is_in_hand_and_sends_what_was_emitted(kit: Kit) -> None:
    kit.hold()
    kit.answer = core_event(erasure(uuid4()), "ticketing")
    for participant in PARTICIPANTS:
        await kit.publish(erasure(participant), id=str(participant))
    replica = kit.replica()
    stop = asyncio.Event()

    async def live() -> None:
        async with replica.running():
            await stop.wait()

    life = asyncio.create_task(live())
    await eventually(lambda: kit.holding, True, "a handler is at work")
    stop.set()
    kit.release()
    await life
    handled = await kit.effects()
    assert handled
    # What was committed was acked and answered; what was not is still in the queue.
    assert await kit.depth("ticketing.events") == len(PARTICIPANTS) - len(handled)
    assert len(await kit.take("registration.events", len(handled))) == len(handled)
    assert await kit.outbox_size() == 0


async def test_a_replica_that_starts_before_its_servers_waits_for_them(kit: Kit) -> None:
    replica = kit.replica(behind_cuttable_wires=True)
    await kit.broker_wire.cut()
    await kit.database_wire.cut()
    async with replica.running():
        await eventually(lambda: kit.has_problem(replica, "broker"), True, "the replica says so")
        await kit.database_wire.mend()
        await kit.broker_wire.mend()
        await eventually(replica.problems, [], "problems of the replica")


async def sorted_effects(kit: Kit) -> list[UUID]:
    return sorted(await kit.effects())
