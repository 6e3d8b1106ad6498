"""Guarantee 6: each queue fails and recovers alone."""

import json
from uuid import uuid4

from culture_connect.messaging import BatchSubscriber
from culture_connect.messaging.consuming.consumer import MAX_UNSETTLED_BYTES
from culture_connect.messaging.consuming.receiver import CHUNK
from tests.messaging.kit import Kit, erasure
from tests.support.probes import eventually, until

FORBIDDEN = "hr.acme.enrolments"  # ticketing may not read it


async def test_a_queue_that_cannot_be_consumed_stops_no_other_and_is_named(kit: Kit) -> None:
    participant = uuid4()
    await kit.add_partner("acme")

    async def follow() -> list[BatchSubscriber]:
        return [kit.edge_subscriber(FORBIDDEN)]

    replica = kit.replica(follow=follow)
    async with replica.running():
        await until(replica.warnings, lambda warnings: any(FORBIDDEN in each for each in warnings), "the warning")
        await eventually(replica.problems, [], "problems of the replica")
        await kit.publish(erasure(participant), id="1")
        await eventually(kit.effects, [participant], "effects")
        consuming = replica.telemetry.registry.get_sample_value
        assert consuming("culture_connect_consuming", {"queue": FORBIDDEN}) == 0
        assert consuming("culture_connect_consuming", {"queue": "ticketing.events"}) == 1


async def test_a_queue_whose_leader_is_silent_delays_only_itself_and_comes_back(kit: Kit) -> None:
    first, second, other = uuid4(), uuid4(), uuid4()
    await kit.add_venue("paard")
    queue = "box-office.paard.admissions"

    async def follow() -> list[BatchSubscriber]:
        return [kit.admissions.for_party("paard")]

    await kit.publish(erasure(first), id="1", vhost="edge", queue=queue)
    replica = kit.replica(follow=follow)
    async with kit.silent_queue(queue, vhost="edge"), replica.running():
        await kit.publish(erasure(other), id="2")
        await eventually(kit.effects, [other], "effects")
        await until(replica.warnings, lambda found: any(queue in each for each in found), "the warning", timeout=30)
        await kit.publish(erasure(second), id="3")
        await eventually(kit.effects, [other, second], "effects")
        await kit.wake_queue(queue, vhost="edge")
        await eventually(kit.effects, [other, second, first], "effects", timeout=30)
        await eventually(replica.warnings, [], "warnings")


async def test_of_one_queue_only_so_many_bytes_are_in_hand_at_a_time(kit: Kit) -> None:
    people = [uuid4() for _ in range(80)]
    kit.hold()
    async with kit.service() as replica:

        def bytes_in_hand() -> float:
            name, labels = "culture_connect_bytes_in_hand", {"queue": "ticketing.events"}
            return replica.telemetry.registry.get_sample_value(name, labels) or 0.0

        for participant in people:
            body = json.dumps({"participant_id": str(participant), "ignored": "x" * 250_000})
            await kit.publish_raw(body.encode(), id=str(participant))
        await until(bytes_in_hand, lambda size: size > MAX_UNSETTLED_BYTES, "bytes in hand")
        await kit.database.ping()
        assert bytes_in_hand() < MAX_UNSETTLED_BYTES + 2 * CHUNK
        kit.release()
        await eventually(lambda: sizes(kit), len(people), "effects")
        await eventually(bytes_in_hand, 0.0, "bytes in hand")


async def sizes(kit: Kit) -> int:
    return len(await kit.effects())
