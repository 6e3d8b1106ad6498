"""The baseline of publishing, for the messages of intake and of an evening's opening."""

from typing import Literal

from culture_connect.messaging.topology import events_queue, receipts_queue, tickets_queue
from tests.benchmarks.queues import Watch
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Surroundings


async def publishing(where: Surroundings, what: Literal["intake", "opening"], slug: str, count: int) -> Sample:
    """aio-pika, publishing a message to a partner or venue and an event for each, pipelined with confirms."""
    before = where.clock.read()
    async with where.baseline("publish_pairs", where.edge(), where.core(), what, slug, str(count)) as process:
        seconds = float(await process.line())
        broker = where.clock.since(before).get("RabbitMQ", 0.0)
    async with where.channel(where.edge()) as edge, where.channel(where.core()) as core:
        await Watch(edge).purge(receipts_queue(slug) if what == "intake" else tickets_queue(slug))
        for reader in ("ticketing", "notifications"):
            await Watch(core).purge(events_queue(reader))
    return Sample(count, seconds, {"RabbitMQ": broker} if broker else {})
