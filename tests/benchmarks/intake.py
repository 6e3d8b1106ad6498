"""Intake: HR messages that wait in the partner's queue, until receipt and event of each are confirmed.

All lines find their queue filled. The clock runs from the moment the queue has a consumer to the moment the last
answer is in its queue; nobody reads the answers meanwhile.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Literal

import httpx

from culture_connect.messaging.topology import enrolments_queue, events_queue, hr_account, receipts_queue
from tests.benchmarks import people
from tests.benchmarks.queues import Watch, publish, with_key
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Surroundings

READERS = ("ticketing", "notifications")


async def fill(where: Surroundings, partner: str, count: int) -> None:
    """Puts the messages of the partner's HR system into its queue."""
    async with where.channel(where.edge()) as channel:
        await publish(channel, hr_account(partner), with_key("enrolment", people.enrolments(partner, count)))
        await Watch(channel).until_filled(enrolments_queue(partner), count)


async def service(where: Surroundings, base: str, partner: str, count: int) -> Sample:
    """Registration, running in a process of its own, that takes up the queue as soon as it knows the partner."""
    await fill(where, partner, count)

    async def begin() -> None:
        new = {"slug": partner, "name": f"Werkgever {partner}", "places": count, "language": "nl"}
        async with httpx.AsyncClient(trust_env=False) as client:
            headers = {"Authorization": f"Bearer {where.token}"}
            (await client.post(f"{base}/partners", json=new, headers=headers)).raise_for_status()

    # The event of the partner itself is no part of the work.
    sample = await _until_answered(where, partner, count, begin(), others=1)
    enrolled = await where.scalar(f"select count(*) from registration.participants where partner = '{partner}'")  # noqa: S608
    if enrolled != count:
        raise RuntimeError(f"{enrolled} participants of {partner} instead of {count}")
    return sample


async def plain(where: Surroundings, partner: str, count: int) -> Sample:
    """The same with a plain handler, one ORM session per message."""
    await fill(where, partner, count)
    arguments = (where.edge(), where.core(), where.database_url("plain"), enrolments_queue(partner), partner)
    async with where.baseline("plain", *arguments):
        sample = await _until_answered(where, partner, count)
    enrolled = await where.scalar(f"select count(*) from plain.plain_participants where partner = '{partner}'")  # noqa: S608
    if enrolled != count:
        raise RuntimeError(f"{enrolled} participants of {partner} instead of {count}")
    return sample


async def nothing(where: Surroundings, partner: str, count: int, form: Literal["decoded", "raw"]) -> Sample:
    """A FastStream subscriber that does nothing with the same messages; see `baselines.idle_handler` for the forms."""
    await fill(where, partner, count)
    async with (
        where.channel(where.edge()) as channel,
        where.baseline("idle_handler", where.edge(), enrolments_queue(partner), str(count), form) as process,
    ):
        started = await Watch(channel).until_consumed(enrolments_queue(partner))
        before = where.clock.read()
        await process.line()
        return Sample(count, time.perf_counter() - started, where.clock.since(before))


async def _until_answered(
    where: Surroundings,
    partner: str,
    count: int,
    begin: Coroutine[None, None, None] | None = None,
    others: int = 0,
) -> Sample:
    """`begin` is what makes the queue be consumed; `others` is how many events are no part of the work."""
    async with where.channel(where.edge()) as edge, where.channel(where.core()) as core, asyncio.TaskGroup() as group:
        if begin is not None:
            group.create_task(begin)
        receipts, events = Watch(edge), Watch(core)
        started = await receipts.until_consumed(enrolments_queue(partner))
        before = where.clock.read()
        ended = await receipts.until_filled(receipts_queue(partner), count)
        for reader in READERS:
            ended = max(ended, await events.until_filled(events_queue(reader), count + others))
        sample = Sample(count, ended - started, where.clock.since(before))
        for reader in READERS:
            await events.purge(events_queue(reader))
    return sample
