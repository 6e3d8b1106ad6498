"""Taking in a file of HR over HTTP: its people new, then none changed, then one in twenty.

The clock runs from the request to its answer, by when everything is committed. What is told to other services is
counted twice: the rows that ever came into the outbox, and the messages by type in the queues, which nobody reads.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

import httpx
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from culture_connect.contracts import ParticipantChanged, ParticipantEnrolled
from culture_connect.messaging.topology import events_queue
from tests.benchmarks import people
from tests.benchmarks.memory import Memory
from tests.benchmarks.queues import Watch
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Served, Surroundings

READERS = ("ticketing", "notifications")
ONE_CHANGED_IN = 20
SLOWEST = 300.0  # seconds an import may take before it is given up

_ROWS_SO_FAR = """
    select coalesce(max(last_value), 0) from pg_sequences
    where schemaname = 'registration' and sequencename = 'outbox_id_seq'
"""


@dataclass(frozen=True)
class Run:
    """One file taken in: until the answer, until the last event was in its queues; the most memory meanwhile, bytes."""

    answered: Sample
    told: Sample
    peak: int


@dataclass(frozen=True)
class Round:
    """The same people three times; `before` is what the process held before the first, in bytes."""

    before: int
    new: Run
    unchanged: Run
    changed: Run


async def taken_in(where: Surroundings, served: Served, partner: str, count: int) -> Round:
    """Registration, running in a process of its own, that gets three files of so many people.

    Raises RuntimeError when it tells others anything else than it should: of unchanged people nothing at all.
    """
    async with (
        httpx.AsyncClient(
            base_url=served.base,
            headers={"Authorization": f"Bearer {where.token}"},
            timeout=SLOWEST,
            trust_env=False,
        ) as client,
        where.channel(where.core()) as channel,
    ):
        await _register(client, channel, partner, count)
        memory = Memory(served.pid)
        importing = _Importing(where, client, channel, memory, partner)
        file, others = people.hr_file(partner, count), people.hr_file(partner, count, renamed_one_in=ONE_CHANGED_IN)
        some = count // ONE_CHANGED_IN
        return Round(
            before=memory.now(),
            new=await importing.run(file, {"added": count}, {ParticipantEnrolled.type: count}),
            unchanged=await importing.run(file, {"unchanged": count}, {}),
            changed=await importing.run(
                others, {"changed": some, "unchanged": count - some}, {ParticipantChanged.type: some}
            ),
        )


async def copied(where: Surroundings, partner: str, count: int) -> Sample:
    """The baseline; see `baselines.copy_rows`."""
    async with where.baseline("copy_rows", where.database_url("plain"), partner, str(count)) as process:
        return Sample(count, float(await process.line()), {})


class _Importing:
    def __init__(
        self, where: Surroundings, client: httpx.AsyncClient, channel: AbstractChannel, memory: Memory, partner: str
    ) -> None:
        self._where = where
        self._client = client
        self._channel = channel
        self._memory = memory
        self._partner = partner

    async def run(self, file: bytes, counts: Mapping[str, int], events: Mapping[str, int]) -> Run:
        """Sends the file; `counts` of the report and `events` by type are what must come of it, zeros left out."""
        lines, messages = sum(counts.values()), sum(events.values())
        rows_before = await self._where.scalar(_ROWS_SO_FAR)
        self._memory.forget_peak()
        cpu_before = self._where.clock.read()
        started = time.perf_counter()
        response = await self._client.post(
            f"/partners/{self._partner}/enrolments/import",
            content=file,
            headers={"Content-Type": "text/csv", "Idempotency-Key": str(uuid4())},
        )
        answered = Sample(lines, time.perf_counter() - started, self._where.clock.since(cpu_before))
        response.raise_for_status()
        _expect("lines", Counter(response.json()["counts"]), counts)
        rows = await self._where.scalar(_ROWS_SO_FAR) - rows_before
        _expect("rows in the outbox", Counter(rows=rows), {"rows": messages})
        ended = max([await Watch(self._channel).until_filled(events_queue(reader), messages) for reader in READERS])
        told = Sample(lines, ended - started, self._where.clock.since(cpu_before))
        peak = self._memory.peak()
        for reader in READERS:
            _expect(f"messages for {reader}", await _read_all(self._channel, events_queue(reader)), events)
        return Run(answered, told, peak)


async def _register(client: httpx.AsyncClient, channel: AbstractChannel, partner: str, places: int) -> None:
    new = {"slug": partner, "name": f"Werkgever {partner}", "places": places, "language": "nl"}
    (await client.post("/partners", json=new)).raise_for_status()
    for reader in READERS:
        await Watch(channel).until_filled(events_queue(reader), 1)
        await Watch(channel).purge(events_queue(reader))


async def _read_all(channel: AbstractChannel, name: str) -> Counter[str]:
    """Takes what is in the queue out of it; returns how many there were of each type."""
    queue = await channel.declare_queue(name, passive=True)
    waiting = await Watch(channel).messages(name)
    found: Counter[str] = Counter()
    if not waiting:
        return found
    done = asyncio.Event()

    async def count(message: AbstractIncomingMessage) -> None:
        found[message.type or ""] += 1
        if found.total() >= waiting:
            done.set()

    tag = await queue.consume(count, no_ack=True)
    async with asyncio.timeout(SLOWEST):
        await done.wait()
    await queue.cancel(tag)
    return found


def _expect(what: str, found: Counter[str], expected: Mapping[str, int]) -> None:
    # Counters with the same counts are equal, and what is not there counts as zero.
    if found != Counter(expected):
        raise RuntimeError(f"{what}: {dict(found)} instead of {dict(expected)}")
