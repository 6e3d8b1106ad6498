"""The relay alone: rows wait in a service's outbox, and the clock runs until the broker has them all in its queues."""

import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice

import aio_pika

from culture_connect.contracts import Venue
from culture_connect.messaging.routes import Route, feed_to, receipt_to
from culture_connect.messaging.topology import events_queue, receipts_queue, tickets_queue
from tests.benchmarks import people
from tests.benchmarks.queues import Watch
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Served, Surroundings

_FILL = """
    insert into {service}.outbox (lane, vhost, exchange, routing_key, headers, body)
    select $1, $2, $3, $4, headers::jsonb, body from unnest($5::text[], $6::bytea[]) as new (headers, body)
"""
_WAKE = "select pg_notify('outbox_{service}', '')"


@dataclass(frozen=True)
class Lane:
    """Messages for one destination, and the queue of their virtual host in which they arrive."""

    route: Route
    queue: str
    messages: Sequence[aio_pika.Message]


def receipts(partners: Sequence[str], count: int) -> list[Lane]:
    """So many receipts, dealt out to these partners."""
    each = count // len(partners)
    return [
        Lane(receipt_to(partner), receipts_queue(partner), [receipt for receipt, _ in people.answers(partner, each)])
        for partner in partners
    ]


def feeds(venues: Sequence[Venue], count: int) -> list[Lane]:
    """So many tickets for the lists of these box offices."""
    pairs = people.openings(count)
    each = count // len(venues)
    return [Lane(feed_to(venue), tickets_queue(venue), [feed for feed, _ in islice(pairs, each)]) for venue in venues]


def events(count: int) -> list[Lane]:
    """So many `ticket.issued` for notifications."""
    messages = [event for _, event in people.openings(count)]
    return [Lane(Route("core", "events", "ticket.issued.paard"), events_queue("notifications"), messages)]


async def relayed(where: Surroundings, service: str, served: Served, lanes: Iterable[Lane]) -> Sample:
    """Publishes what the lanes hold, from the moment that the service goes on."""
    lanes = list(lanes)
    count = sum(len(lane.messages) for lane in lanes)
    async with _stopped(served):
        for lane in lanes:
            headers = [json.dumps({name: str(value) for name, value in each.headers.items()}) for each in lane.messages]
            route = lane.route
            await where.rows(
                _FILL.format(service=service),
                route.lane,
                route.vhost,
                route.exchange,
                route.routing_key,
                headers,
                [each.body for each in lane.messages],
            )
        before, started = where.clock.read(), time.perf_counter()
    await where.rows(_WAKE.format(service=service))
    ended = started
    async with where.channel(where.core()) as core, where.channel(where.edge()) as edge:
        for lane in lanes:
            watch = Watch(edge if lane.route.vhost == "edge" else core)
            ended = max(ended, await watch.until_filled(lane.queue, len(lane.messages)))
        sample = Sample(count, ended - started, where.clock.since(before))
        for lane in lanes:
            await Watch(edge if lane.route.vhost == "edge" else core).purge(lane.queue)
    return sample


@asynccontextmanager
async def _stopped(served: Served) -> AsyncIterator[None]:
    os.kill(served.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(served.pid, signal.SIGCONT)
