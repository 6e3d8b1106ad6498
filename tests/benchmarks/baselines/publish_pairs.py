"""The least that publishing costs: aio-pika, pipelined, every message persistent and confirmed.

Arguments: AMQP URL of the edge, AMQP URL of the core, what (`intake` or `opening`), slug of the partner or venue, and a
number. Publishes so many messages to the partner or venue, with an event for each, and prints how many seconds it took;
making the messages is not counted. Then waits to be ended.
"""

import asyncio
import sys
import time

import aio_pika
import uvloop

from culture_connect.contracts import ParticipantEnrolled, TicketIssued
from culture_connect.messaging.topology import EVENTS, RECEIPTS, TICKETS
from tests.benchmarks import people
from tests.benchmarks.queues import publish, with_key


async def measure(edge_url: str, core_url: str, what: str, slug: str, count: int) -> float:
    """Seconds from the first publish to the last confirm."""
    if what == "intake":
        exchange, event, pairs = (
            RECEIPTS,
            ParticipantEnrolled.routing_key(slug),
            list(people.answers(slug, count)),
        )
    else:
        exchange, event, pairs = TICKETS, TicketIssued.routing_key(slug), list(people.openings(count))
    async with await aio_pika.connect(edge_url) as edge, await aio_pika.connect(core_url) as core:
        outside, inside = await edge.channel(), await core.channel()
        started = time.perf_counter()
        await asyncio.gather(
            publish(outside, exchange, with_key(slug, (message for message, _ in pairs))),
            publish(inside, EVENTS, with_key(event, (message for _, message in pairs))),
        )
        return time.perf_counter() - started


async def main() -> None:
    """Measures and tells."""
    edge_url, core_url, what, slug, count = sys.argv[1:]
    seconds = await measure(edge_url, core_url, what, slug, int(count))
    print(seconds, flush=True)  # noqa: T201 - the harness reads it, and ends this process
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
