"""Evening opening: one `evening.scheduled`, until the ticket of the last participant is in the box office's queue."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import aio_pika

from culture_connect.contracts import EveningScheduled
from culture_connect.messaging.topology import EVENTS, events_queue, tickets_queue
from tests.benchmarks import people
from tests.benchmarks.memory import Memory
from tests.benchmarks.queues import Watch, publish
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Served, Surroundings

PER_PARTNER = 1000
TIMEOUT = 120.0  # seconds, and
TIMEOUT_EACH = 0.005  # more for each participant, before an opening is given up

_ROWS = """
    select (select count(*) from ticketing.tickets) + (select count(*) from ticketing.decisions)
        + (select coalesce(max(last_value), 0) from pg_sequences
           where schemaname = 'ticketing' and sequencename = 'outbox_id_seq')
"""
_PLACES = """
    select count(*) filter (where state = 'issued') as seats, count(*) filter (where state = 'waiting') as waiting,
        count(distinct participant_id) as people
    from ticketing.tickets where evening_id = $1
"""


@dataclass(frozen=True)
class Opened:
    """An evening that opened: its places until the last was told, and until they were committed.

    `rows` counts those of tickets, decisions and outbox over the same time as `told`; `peak` is the most memory
    that ticketing held meanwhile, in bytes.
    """

    told: Sample
    committed: Sample
    rows: Sample
    peak: int


async def populate(where: Surroundings, participants: int, per_partner: int = PER_PARTNER) -> Sample:
    """Tells ticketing of so many participants; returns how fast it took them in, while they were being sent."""
    async with where.channel(where.core()) as channel:
        before = where.clock.read()
        started = time.perf_counter()
        await publish(channel, EVENTS, _enrolments(participants, per_partner))
        deadline = time.perf_counter() + _timeout(participants)
        while await _known(where) < participants:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"ticketing knows {await _known(where)} of {participants} participants")
            await asyncio.sleep(0.05)
        sample = Sample(participants, time.perf_counter() - started, where.clock.since(before))
        await Watch(channel).purge(events_queue("notifications"))
        return sample


async def open_evening(where: Surroundings, served: Served, evening: EveningScheduled, participants: int) -> Opened:
    """Schedules an evening, for which so many participants get a seat or a place in the line.

    Raises RuntimeError when somebody got neither, or both.
    """
    venue, seats = evening.venue, min(evening.capacity, participants)
    memory = Memory(served.pid)
    async with where.channel(where.core()) as core, where.channel(where.edge()) as edge:
        box_office, harness = Watch(edge), Watch(core)
        for watch, queue in ((box_office, tickets_queue(venue)), (harness, events_queue("notifications"))):
            await watch.purge(queue)
        message = people.as_amqp(evening, str(evening.evening_id))
        rows_before = await where.scalar(_ROWS)
        memory.forget_peak()
        before = where.clock.read()
        started = time.perf_counter()
        await publish(core, EVENTS, [(evening.routing_key(venue), message)])
        timeout = _timeout(participants)
        # Nothing leaves before the transaction is committed. The evening itself is told to the box office as well.
        committed = await box_office.until_filled(tickets_queue(venue), 1, timeout)
        ended = await box_office.until_filled(tickets_queue(venue), seats + 1, timeout)
        ended = max(ended, await harness.until_filled(events_queue("notifications"), participants + 1, timeout))
        cpu = where.clock.since(before)
        opened = Opened(
            told=Sample(participants, ended - started, cpu),
            committed=Sample(participants, committed - started, {}),
            rows=Sample(await where.scalar(_ROWS) - rows_before, ended - started, {}),
            peak=memory.peak(),
        )
        await box_office.purge(tickets_queue(venue))
        await harness.purge(events_queue("notifications"))
    ((seated, waiting, each),) = await where.rows(_PLACES, evening.evening_id)
    if (seated, waiting, each) != (seats, participants - seats, participants):
        raise RuntimeError(f"{seated} seats and {waiting} waiting places of {each} people for {participants}")
    return opened


def _timeout(participants: int) -> float:
    return TIMEOUT + TIMEOUT_EACH * participants


async def _known(where: Surroundings) -> int:
    return await where.scalar("select count(*) from ticketing.participants")


def _enrolments(participants: int, per_partner: int) -> Iterator[tuple[str, aio_pika.Message]]:
    for start in range(0, participants, per_partner):
        slug = f"opening-{start // per_partner}"
        partner = people.registered(slug, per_partner)
        yield partner.routing_key(slug), people.as_amqp(partner, slug)
        for number in range(min(per_partner, participants - start)):
            event = people.enrolled(slug, number)
            yield event.routing_key(slug), people.as_amqp(event, str(event.participant_id))
