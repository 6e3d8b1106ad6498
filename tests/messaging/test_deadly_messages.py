"""A message that ends every process which handles it takes none of its neighbours to the dead letters."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from culture_connect.messaging.consuming.retry_policy import MAX_CRASHES
from tests.messaging.deadly import DIED
from tests.messaging.kit import Kit, erasure
from tests.support.probes import eventually

CLONE = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("vhost", "queue"), [("core", "ticketing.events"), ("edge", "box-office.paard.admissions")], ids=["core", "edge"]
)
async def test_a_message_that_ends_every_process_is_the_only_dead_letter_among_its_neighbours(
    kit: Kit, vhost: str, queue: str
) -> None:
    await kit.add_venue("paard")
    people = [uuid4() for _ in range(100)]
    deadly = people[50]
    for participant in people:
        await kit.publish(erasure(participant), id=str(participant), vhost=vhost, queue=queue)
    # Once among its neighbours, then alone.
    for _ in range(1 + MAX_CRASHES):
        process = await start_replica(kit, vhost, queue, deadly)
        assert await process.wait() == DIED
    process = await start_replica(kit, vhost, queue, deadly)
    # The relay of a process that died leads until its lease has run out.
    [dead] = await kit.take("ticketing.dead", 1, vhost, timeout=30)
    await eventually(lambda: effects_of(kit), {each for each in people if each != deadly}, "effects")
    process.terminate()
    await process.wait()
    assert dead.message_id == str(deadly)
    assert dead.headers["cc-dead-reason"] == "process-died"
    assert len(await kit.effects()) == len(people) - 1


async def start_replica(kit: Kit, vhost: str, queue: str, deadly: UUID) -> asyncio.subprocess.Process:
    arguments = (kit.database.url, kit.core_url, kit.edge_url, vhost, queue, str(deadly))
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.messaging.deadly", *arguments, cwd=CLONE)


async def effects_of(kit: Kit) -> set[UUID]:
    return set(await kit.effects())
