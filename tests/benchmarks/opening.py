"""Evening opening: one `evening.scheduled`, until the ticket of the last participant is in the box office's queue."""

import asyncio
import time
from collections.abc import Iterator

import aio_pika

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import EVENTS, events_queue, tickets_queue
from tests.benchmarks import people
from tests.benchmarks.queues import Watch, publish
from tests.benchmarks.results import Sample
from tests.benchmarks.surroundings import Surroundings

PER_PARTNER = 1000


async def populate(where: Surroundings, participants: int) -> Sample:
    """Tells ticketing of so many participants; returns how fast it took them in, while they were being sent."""
    async with where.channel(where.core()) as channel:
        before = where.clock.read()
        started = time.perf_counter()
        await publish(channel, EVENTS, _enrolments(participants))
        deadline = started + 120
        while await _known(where) < participants:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"ticketing knows {await _known(where)} of {participants} participants")
            await asyncio.sleep(0.05)
        return Sample(participants, time.perf_counter() - started, where.clock.since(before))


async def open_evening(where: Surroundings, venue: Venue, participants: int, number: int) -> Sample:
    """Schedules an evening with a seat for everyone."""
    async with where.channel(where.core()) as core, where.channel(where.edge()) as edge:
        watch = Watch(edge)
        before_count = await watch.messages(tickets_queue(venue))
        evening = people.scheduled(venue, participants, number)
        message = people.as_amqp(evening, str(evening.evening_id))
        before = where.clock.read()
        started = time.perf_counter()
        await publish(core, EVENTS, [(evening.routing_key(venue), message)])
        # The evening itself is told to the box office as well.
        ended = await watch.until_filled(tickets_queue(venue), before_count + participants + 1)
        ended = max(ended, await Watch(core).until_filled(events_queue("notifications"), participants + 1))
        sample = Sample(participants, ended - started, where.clock.since(before))
        await watch.purge(tickets_queue(venue))
        await Watch(core).purge(events_queue("notifications"))
    return sample


async def _known(where: Surroundings) -> int:
    return await where.scalar("select count(*) from ticketing.participants")


def _enrolments(participants: int) -> Iterator[tuple[str, aio_pika.Message]]:
    for start in range(0, participants, PER_PARTNER):
        slug = f"opening-{start // PER_PARTNER}"
        partner = people.registered(slug, PER_PARTNER)
        yield partner.routing_key(slug), people.as_amqp(partner, slug)
        for number in range(min(PER_PARTNER, participants - start)):
            event = people.enrolled(slug, number)
            yield event.routing_key(slug), people.as_amqp(event, str(event.participant_id))
