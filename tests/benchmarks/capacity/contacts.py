"""Notifications' intake: participants and their tickets, until contact, ticket and planned letters are stored."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Sequence
from itertools import islice

import aio_pika

from culture_connect.contracts import TicketIssued, Venue
from culture_connect.messaging.topology import EVENTS
from tests.benchmarks import people
from tests.benchmarks.queues import publish
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Served, Surroundings

TIMEOUT = 120.0  # seconds
_PARTNER = "publishing"  # of the participants for whom `people.openings` makes tickets


async def take_in(where: Surroundings, served: Served, first: int, count: int) -> tuple[Sample, Sample]:
    """Participants from this number on, and then their tickets."""
    participants = [people.enrolled(_PARTNER, number) for number in range(first, first + count)]
    known = [(each.routing_key(_PARTNER), people.as_amqp(each, str(each.participant_id))) for each in participants]
    issued = [event for _, event in islice(people.openings(first + count), first, None)]
    if first == 0:
        [evening_id] = {TicketIssued.model_validate(json.loads(issued[0].body)).evening_id}
        evening = people.scheduled(Venue.PAARD, count, 0).model_copy(update={"evening_id": evening_id})
        partner = people.registered(_PARTNER, 1_000_000)
        known = [
            (partner.routing_key(_PARTNER), people.as_amqp(partner, _PARTNER)),
            (evening.routing_key("paard"), people.as_amqp(evening, str(evening_id))),
            *known,
        ]
    of_people = await _stored(where, served, known, "contacts", first + count, count)
    keyed = [("ticket.issued.paard", each) for each in issued]
    return of_people, await _stored(where, served, keyed, "tickets", first + count, count)


async def _stored(
    where: Surroundings,
    served: Served,
    messages: Sequence[tuple[str, aio_pika.Message]],
    table: str,
    rows: int,
    count: int,
) -> Sample:
    """Publishes while the service is stopped (SIGSTOP), and waits from then on for so many rows."""
    os.kill(served.pid, signal.SIGSTOP)
    try:
        async with where.channel(where.core()) as channel:
            await publish(channel, EVENTS, messages)
        before, started = where.clock.read(), time.perf_counter()
    finally:
        os.kill(served.pid, signal.SIGCONT)
    while (found := await where.scalar(f"select count(*) from notifications.{table}")) < rows:  # noqa: S608
        if time.perf_counter() > started + TIMEOUT:
            raise TimeoutError(f"{found} of {rows} rows in {table} after {TIMEOUT:g} s")
        await asyncio.sleep(0.05)
    return Sample(count, time.perf_counter() - started, where.clock.since(before))
