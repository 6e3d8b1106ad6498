"""Queues of parties come and go while a replica runs."""

from uuid import uuid4

from culture_connect.messaging import Subscription
from tests.messaging.kit import Kit, erasure
from tests.support.probes import eventually


async def test_a_queue_that_is_made_later_is_consumed_without_a_restart(kit: Kit) -> None:
    participant = uuid4()
    wanted: list[Subscription] = []

    async def follow() -> list[Subscription]:
        return wanted

    replica = kit.replica(follow=follow)
    async with replica.running():
        await eventually(replica.problems, [], "problems of the replica")
        wanted.append(Subscription("edge", "box-office.late.admissions", kit.handlers))
        await kit.add_venue("late")
        await kit.publish(erasure(participant), id="1", vhost="edge", queue="box-office.late.admissions")
        await eventually(kit.effects, [participant], "effects")


async def test_a_queue_that_is_deleted_is_let_go_and_the_others_go_on(kit: Kit) -> None:
    participant = uuid4()
    await kit.add_venue("brief")

    async def follow() -> list[Subscription]:
        return [Subscription("edge", "box-office.brief.admissions", kit.handlers)]

    replica = kit.replica(follow=follow)
    async with replica.running():
        await eventually(lambda: kit.consumers("box-office.brief.admissions"), 1, "consumers")
        await kit.delete_queue("box-office.brief.admissions")
        await kit.publish(erasure(participant), id="1")
        await eventually(kit.effects, [participant], "effects")
        assert await replica.problems() == []
        await kit.add_venue("brief")
        await eventually(lambda: kit.consumers("box-office.brief.admissions"), 1, "consumers")


async def test_who_follows_a_queue_hears_each_time_that_it_is_consumed(kit: Kit) -> None:
    consumers: list[int] = []

    async def note() -> None:
        consumers.append(await kit.consumers("box-office.brief.admissions"))

    async def follow() -> list[Subscription]:
        return [Subscription("edge", "box-office.brief.admissions", kit.handlers, started=note)]

    replica = kit.replica(follow=follow)
    async with replica.running():
        await eventually(replica.problems, [], "problems of the replica")
        assert consumers == []
        await kit.add_venue("brief")
        await eventually(lambda: consumers, [1], "what was heard")
        await kit.delete_queue("box-office.brief.admissions")
        await kit.add_venue("brief")
        await eventually(lambda: consumers, [1, 1], "what was heard")


async def test_a_queue_whose_follower_fails_is_taken_up_again(kit: Kit) -> None:
    participant = uuid4()
    failures = [ConnectionRefusedError(111, "Connection refused"), ValueError("broken")]
    heard: list[str] = []
    await kit.add_venue("brief")

    async def note() -> None:
        if failures:
            raise failures.pop()
        heard.append("started")

    async def follow() -> list[Subscription]:
        return [Subscription("edge", "box-office.brief.admissions", kit.handlers, started=note)]

    async with kit.replica(follow=follow).running():
        await eventually(lambda: heard, ["started"], "what was heard")
        await kit.publish(erasure(participant), id="1", vhost="edge", queue="box-office.brief.admissions")
        await eventually(kit.effects, [participant], "effects")
