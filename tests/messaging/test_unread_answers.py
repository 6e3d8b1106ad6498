"""A party that sends and never reads fills its own queues, and not our database."""

from collections.abc import Sequence
from uuid import uuid4

import pytest

from culture_connect.messaging import BatchSubscriber, feed_to, service
from culture_connect.messaging.consuming import backlog as waiting
from tests.messaging.kit import Kit, erasure
from tests.support.probes import eventually, until

QUEUE, FEED = "box-office.paard.admissions", "box-office.paard.tickets"


async def test_who_does_not_read_the_answers_is_asked_nothing_more_until_they_do(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST", 8)
    monkeypatch.setattr(service, "MEASURE", 0.2)
    kit.answer = feed_to("paard")
    people = [uuid4() for _ in range(15)]
    await kit.add_venue("paard")
    await kit.add_venue("ndt")
    await kit.delete_queue(FEED)

    async def follow() -> Sequence[BatchSubscriber]:
        return [kit.admissions.for_party(venue) for venue in ("paard", "ndt")]

    replica = kit.replica(follow=follow)
    async with replica.running():
        await eventually(lambda: kit.consumers(QUEUE), 1, "consumers")
        for person in people[:10]:
            await kit.publish(erasure(person), id=str(person), vhost="edge", queue=QUEUE)
        await eventually(lambda: kit.consumers(QUEUE), 0, "consumers", timeout=20)
        for person in people[10:]:
            await kit.publish(erasure(person), id=str(person), vhost="edge", queue=QUEUE)
        await until(replica.warnings, bool, "warnings")
        assert [warning for warning in replica.warnings() if "does not read" in warning] == replica.warnings()
        assert await kit.depth(QUEUE, "edge") == 5
        assert await kit.outbox_size() == 10
        assert await replica.problems() == []
        assert await kit.consumers("box-office.ndt.admissions") == 1
        await kit.add_venue("paard")
        await eventually(lambda: kit.depth(FEED, "edge"), 15, "answers", timeout=30)
        await eventually(replica.warnings, [], "warnings")
    assert sorted(await kit.effects()) == sorted(people)
