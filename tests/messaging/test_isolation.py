"""Guarantee 6: each queue fails and recovers alone."""

from uuid import uuid4

from culture_connect.messaging import Subscription
from tests.messaging.kit import Kit, erasure
from tests.support.probes import eventually, until

FORBIDDEN = "hr.acme.enrolments"  # ticketing may not read it


async def test_a_queue_that_cannot_be_consumed_stops_no_other_and_is_named(kit: Kit) -> None:
    participant = uuid4()
    await kit.add_partner("acme")

    async def follow() -> list[Subscription]:
        return [Subscription("edge", FORBIDDEN, kit.handlers)]

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

    async def follow() -> list[Subscription]:
        return [Subscription("edge", queue, kit.handlers)]

    replica = kit.replica(follow=follow)
    async with replica.running():
        await eventually(lambda: kit.consumers(queue), 1, "consumers")
        async with kit.silent_queue(queue, vhost="edge"):
            await kit.publish(erasure(other), id="1")
            await eventually(kit.effects, [other], "effects")
            await until(replica.warnings, lambda found: any(queue in each for each in found), "the warning", timeout=30)
            await kit.publish(erasure(first), id="2")
            await eventually(kit.effects, [other, first], "effects")
        await kit.publish(erasure(second), id="3", vhost="edge", queue=queue)
        await eventually(kit.effects, [other, first, second], "effects", timeout=30)
