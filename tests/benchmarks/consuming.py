"""The cost of a delivery before its handler runs, by its way through the libraries: see `lines.consuming`."""

from culture_connect.messaging.topology import enrolments_queue
from tests.benchmarks.baselines.consuming import WAYS
from tests.benchmarks.intake import fill
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Surroundings


def partners(rounds: int) -> list[str]:
    """The partners whose queues a run of so many rounds consumes."""
    return [f"{way}-{number}" for way in WAYS for number in range(rounds)]


async def delivered(where: Surroundings, way: str, partner: str, count: int) -> Sample:
    """Consumes `count` messages in the given way; the seconds are those of the consumer's processor."""
    await fill(where, partner, count)
    queue = enrolments_queue(partner)
    async with where.baseline("consuming", where.edge(), queue, str(count), way) as process:
        seconds = float(await process.line())
    return Sample(count, seconds, {way: seconds})
