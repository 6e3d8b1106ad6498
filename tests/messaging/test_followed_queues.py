"""Queues of parties come and go while a replica runs."""

from uuid import UUID, uuid4

from culture_connect.messaging import BatchSubscriber
from culture_connect_cli.topology import migration
from culture_connect_cli.topology.apply import apply_topology
from tests.messaging.kit import Kit, erasure
from tests.support.bus import Bus
from tests.support.probes import eventually


async def test_a_queue_that_is_made_later_is_consumed_without_a_restart(kit: Kit) -> None:
    participant = uuid4()
    wanted: list[BatchSubscriber] = []

    async def follow() -> list[BatchSubscriber]:
        return wanted

    replica = kit.replica(follow=follow)
    async with replica.running():
        await eventually(replica.problems, [], "problems of the replica")
        wanted.append(kit.admissions.for_party("late"))
        await kit.add_venue("late")
        await kit.publish(erasure(participant), id="1", vhost="edge", queue="box-office.late.admissions")
        await eventually(kit.effects, [participant], "effects")


async def test_a_queue_that_is_deleted_is_let_go_and_the_others_go_on(kit: Kit) -> None:
    participant = uuid4()
    await kit.add_venue("brief")

    async def follow() -> list[BatchSubscriber]:
        return [kit.admissions.for_party("brief")]

    replica = kit.replica(follow=follow)
    async with replica.running():
        await eventually(lambda: kit.consumers("box-office.brief.admissions"), 1, "consumers")
        await kit.delete_queue("box-office.brief.admissions")
        await kit.publish(erasure(participant), id="1")
        await eventually(kit.effects, [participant], "effects")
        assert await replica.problems() == []
        await kit.add_venue("brief")
        await eventually(lambda: kit.consumers("box-office.brief.admissions"), 1, "consumers")


async def test_a_queue_that_is_made_anew_under_its_consumer_is_consumed_on_and_loses_nothing(
    kit: Kit, bus: Bus
) -> None:
    """`topology apply` on a broker that an earlier release has set up, while the service runs."""
    queue, before, after = "box-office.paard.admissions", [uuid4() for _ in range(200)], uuid4()
    await kit.add_venue("paard")
    async with bus.broker.management() as management:
        await management.delete("queues", bus.vhosts.edge, queue)
        old = {"x-queue-type": "quorum", "x-delivery-limit": 20}
        await management.put("queues", bus.vhosts.edge, queue, body={"durable": True, "arguments": old})
        for participant in before:
            await kit.publish(erasure(participant), id=str(participant), vhost="edge", queue=queue)

        async def follow() -> list[BatchSubscriber]:
            return [kit.admissions.for_party("paard")]

        async with kit.replica(follow=follow).running():
            await apply_topology(management, bus.vhosts)
            outcomes = await migration.migrate(bus.broker, management)
            assert outcomes == [migration.MigrationResult(queue)]
            await kit.publish(erasure(after), id=str(after), vhost="edge", queue=queue)
            await eventually(lambda: _sorted_effects(kit), sorted([*before, after]), "effects", timeout=20)


async def _sorted_effects(kit: Kit) -> list[UUID]:
    return sorted(await kit.effects())


async def test_who_follows_a_queue_hears_when_it_comes_and_goes(kit: Kit) -> None:
    heard: list[bool] = []

    def note(is_there: bool) -> None:
        if heard[-1:] != [is_there]:
            heard.append(is_there)

    async def follow() -> list[BatchSubscriber]:
        return [kit.admissions.for_party("brief", note)]

    replica = kit.replica(follow=follow)
    async with replica.running():
        await eventually(lambda: heard, [False], "what was heard")
        await kit.add_venue("brief")
        await eventually(lambda: heard, [False, True], "what was heard")
        await kit.delete_queue("box-office.brief.admissions")
        await eventually(lambda: heard, [False, True, False], "what was heard")
        await kit.add_venue("brief")
        await eventually(lambda: heard, [False, True, False, True], "what was heard")
