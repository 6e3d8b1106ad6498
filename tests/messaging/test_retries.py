"""Guarantee 4: a message that waits keeps its place, and nobody but those behind it waits with it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from culture_connect.contracts import ErasureCompleted
from culture_connect.messaging.consuming import retry_rows
from culture_connect.messaging.consuming.received import StoredMessage, pack
from culture_connect.messaging.consuming.retry_policy import MAX_CRASHES
from tests.messaging.kit import Kit, erasure
from tests.support.probes import eventually, until

OFTEN = (0.2,) * 100


def about(person: str) -> dict[str, str]:
    """The header that names what a message is about."""
    return {"ce-subject": person}


async def test_later_messages_of_a_person_wait_behind_one_that_waits_and_others_go_on(kit: Kit) -> None:
    first, second, third, other = (uuid4() for _ in range(4))
    kit.fail_for_now(first)
    kit.retry_delays = OFTEN
    async with kit.service():
        await kit.publish(erasure(first), id="1", headers=about("anna"))
        await until(kit.waiting, bool, "the first to wait")
        await kit.publish(erasure(second), id="2", headers=about("anna"))
        await kit.publish(erasure(other), id="3", headers=about("bert"))
        await kit.publish(erasure(third), id="4", headers=about("anna"))
        await eventually(kit.effects, [other], "effects")
        await eventually(lambda: keys(kit), ["anna"] * 3, "what waits")
        kit.accept(first)
        await eventually(kit.effects, [other, first, second, third], "effects")
        await eventually(kit.waiting, [], "what waits")


async def test_messages_of_a_person_that_arrive_together_keep_their_order_when_the_first_fails(kit: Kit) -> None:
    people = [uuid4() for _ in range(20)]
    kit.fail_for_now(people[0])
    kit.retry_delays = OFTEN
    for participant in people:
        await kit.publish(erasure(participant), id=str(participant), headers=about("anna"))
    async with kit.service():
        await until(kit.waiting, lambda waiting: len(waiting) == len(people), "all of them to wait")
        kit.accept(people[0])
        await eventually(kit.effects, people, "effects")


async def test_what_waits_outlives_the_replica_and_is_taken_up_by_the_next(kit: Kit) -> None:
    first, second = uuid4(), uuid4()
    kit.fail_for_now(first)
    kit.retry_delays = OFTEN
    async with kit.service():
        await kit.publish(erasure(first), id="1", headers=about("anna"))
        await until(kit.waiting, bool, "the first to wait")
    kit.accept(first)
    async with kit.service():
        await kit.publish(erasure(second), id="2", headers=about("anna"))
        await eventually(kit.effects, [first, second], "effects")


async def test_neighbours_of_many_failing_messages_do_not_wait_for_their_next_tries(kit: Kit) -> None:
    people = [uuid4() for _ in range(300)]
    failing = people[::10]
    for participant in failing:
        kit.fail_for_now(participant)
    kit.retry_delays = (600.0,)
    for participant in people:
        await kit.publish(erasure(participant), id=str(participant))
    async with kit.service():
        await kit.until_handled("ticketing.events")
    assert await kit.effects() == [each for each in people if each not in failing]
    assert await kit.waiting() == [(None, 1)] * len(failing)


async def test_a_message_whose_row_is_locked_waits_and_its_neighbours_go_on(kit: Kit) -> None:
    people = [uuid4() for _ in range(50)]
    locked = people[25]
    kit.retry_delays = OFTEN
    others = [each for each in people if each != locked]
    async with kit.service():
        async with kit.holding_inbox_row("ticketing.events", erasure(locked), str(locked)):
            for participant in people:
                await kit.publish(erasure(participant), id=str(participant))
            await eventually(kit.effects, others, "effects of the others")
        await eventually(kit.effects, [*others, locked], "effects")
    assert await kit.depth("ticketing.dead") == 0


async def test_a_message_without_a_time_keeps_that_of_its_first_arrival(kit: Kit) -> None:
    participant = uuid4()
    kit.fail_for_now(participant)
    async with kit.service():
        await kit.publish_raw(erasure(participant).to_json(), id="timeless")
        [dead] = await kit.take("ticketing.dead", 1)
        kit.accept(participant)
        await kit.put_back(dead)
        await eventually(kit.effects, [participant], "effects")
    assert len(kit.times[participant]) == len(kit.retry_delays) + 2
    assert len(set(kit.times[participant])) == 1


async def test_what_another_process_had_in_hand_when_it_ended_is_taken_one_at_a_time(kit: Kit) -> None:
    people = [uuid4() for _ in range(20)]
    for participant in people:
        await kit.publish(erasure(participant), id=str(participant))
    await kit.take_and_give_back("ticketing.events", len(people))
    async with kit.service():
        await eventually(kit.effects, people, "effects")
    assert kit.batches == [1] * len(people)


async def test_what_was_in_hand_when_only_the_connection_was_lost_is_no_suspect(kit: Kit) -> None:
    people = [uuid4() for _ in range(20)]
    kit.hold()
    replica = kit.replica(behind_cuttable_wires=True)
    async with replica.running():
        for participant in people:
            await kit.publish(erasure(participant), id=str(participant))
        await eventually(lambda: kit.holding, True, "a handler is at work")
        await eventually(lambda: kit.depth("ticketing.events"), 0, "messages not in hand")
        await kit.broker_wire.cut()
        await kit.broker_wire.mend()
        kit.release()
        await eventually(kit.effects, people, "effects")
        await eventually(replica.problems, [], "problems of the replica")
    assert await kit.waiting() == []


async def test_only_the_message_that_was_alone_when_the_process_died_again_and_again_is_dead_lettered(
    kit: Kit,
) -> None:
    deadly, harmless = uuid4(), uuid4()
    await store_suspect(kit, deadly, attempts=MAX_CRASHES)
    await store_suspect(kit, harmless, attempts=MAX_CRASHES - 1)
    async with kit.service():
        [dead] = await kit.take("ticketing.dead", 1)
        await eventually(kit.effects, [harmless], "effects")
    assert dead.headers["cc-dead-reason"] == "process-died"
    assert dead.message_id == str(deadly)


async def test_a_message_in_one_hand_is_not_tried_by_another(kit: Kit) -> None:
    await store_suspect(kit, uuid4(), attempts=0)
    async with kit.database.begin() as work:
        first = await retry_rows.claim(work.connection, "ticketing.events", suspect=True)
    async with kit.database.begin() as work:
        second = await retry_rows.claim(work.connection, "ticketing.events", suspect=True)
    assert first is not None
    assert second is None


async def store_suspect(kit: Kit, participant: UUID, *, attempts: int) -> None:
    """Lets a message wait of which a process had died so often."""
    message = StoredMessage(erasure(participant).to_json(), message_id=str(participant), type=ErasureCompleted.type)
    received_at = datetime.now(UTC) - timedelta(minutes=1)
    row = retry_rows.Waiting(None, pack(message), message.body, received_at, attempts=attempts, suspect=True)
    async with kit.database.begin() as work:
        await retry_rows.store(work.connection, "core", "ticketing.events", [row])


async def keys(kit: Kit) -> list[str | None]:
    return [key for key, _ in await kit.waiting()]
