"""The same work on one replica of ticketing and on two: what a second one adds, and what it cannot.

Messages gather in their queues while the replicas are stopped (SIGSTOP), and the clock runs from the moment they go on.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import cycle
from uuid import uuid4

import asyncpg
import httpx

from culture_connect.contracts import Admission, AdmissionRecorded, EveningScheduled, Venue
from culture_connect.messaging.topology import EVENTS, box_office_account
from tests.benchmarks import people
from tests.benchmarks.queues import publish, with_key
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Served, Surroundings

AT_ONCE = 32  # requests under way
TIMEOUT = 180.0  # seconds for one measurement
VENUES = list(Venue)

_KNOWN = "select count(*) from ticketing.participants where partner = '{}'"
_TICKETS = """
    select ticket_id, evening_id, code from ticketing.tickets
    where evening_id = any($1) and state = 'issued' order by ticket_id
"""


class Replicas:
    """So many replicas of ticketing, each in a process of its own."""

    def __init__(self, where: Surroundings, running: Sequence[Served]) -> None:
        self._where = where
        self._running = running

    async def take_in(self, partner: str, count: int) -> Sample:
        """So many new people of a new partner, until all are known."""
        with self._stopped():
            async with self._where.channel(self._where.core()) as channel:
                new = people.registered(partner, count)
                await publish(channel, EVENTS, [(new.routing_key(partner), people.as_amqp(new, partner))])
                events = (people.enrolled(partner, number) for number in range(count))
                messages = ((each.routing_key(partner), people.as_amqp(each, str(uuid4()))) for each in events)
                await publish(channel, EVENTS, messages)
        return await self._until(count, _KNOWN.format(partner))

    async def schedule(self, evenings: Sequence[EveningScheduled]) -> None:
        """Schedules these evenings, until ticketing has them."""
        async with self._where.channel(self._where.core()) as channel:
            for evening in evenings:
                await publish(
                    channel, EVENTS, [(evening.routing_key(evening.venue), people.as_amqp(evening, str(uuid4())))]
                )
        known = f"select count(*) from ticketing.evenings where evening_id in ({_listed(evenings)})"  # noqa: S608
        await self._until(len(evenings), known)

    async def ask(self, evenings: Sequence[EveningScheduled], partner: str, count: int) -> Sample:
        """So many of the partner's people ask for seats of these evenings, in turn."""
        asked = ((f"/evenings/{evening.evening_id}/tickets", number) for number, evening in _dealt(evenings, count))
        return await self._post(
            [
                (path, {"participant_id": str(people.enrolled(partner, number).participant_id)})
                for path, number in asked
            ],
            HTTPStatus.CREATED,
        )

    async def decline(self, evenings: Sequence[EveningScheduled], count: int) -> Sample:
        """So many tickets of these evenings are given up, of each evening in turn."""
        tickets = await self._tickets(evenings)
        return await self._post([(f"/tickets/{each['ticket_id']}/decline", None) for each in tickets[:count]])

    async def admit(self, evenings: Sequence[EveningScheduled], count: int) -> Sample:
        """So many tickets are scanned at the doors of these evenings, until all scans are judged."""
        before = await self._where.scalar("select count(*) from ticketing.scans")
        tickets = (await self._tickets(evenings))[:count]
        with self._stopped():
            async with self._where.channel(self._where.edge()) as channel:
                for evening in evenings:
                    scans = [_scan(each) for each in tickets if each["evening_id"] == evening.evening_id]
                    messages = [people.as_amqp(scan, scan.scan_id) for scan in scans]
                    await publish(channel, box_office_account(evening.venue), with_key("admission", messages))
        return await self._until(count, f"select count(*) - {before} from ticketing.scans")  # noqa: S608

    async def _tickets(self, evenings: Sequence[EveningScheduled]) -> Sequence[asyncpg.Record]:
        return await self._where.rows(_TICKETS, [evening.evening_id for evening in evenings])

    @contextmanager
    def _stopped(self) -> Iterator[None]:
        for served in self._running:
            os.kill(served.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for served in self._running:
                os.kill(served.pid, signal.SIGCONT)

    async def _until(self, count: int, counted: str) -> Sample:
        started, before = time.perf_counter(), self._where.clock.read()
        while (found := await self._where.scalar(counted)) < count:
            if time.perf_counter() > started + TIMEOUT:
                raise TimeoutError(f"{found} of {count} after {TIMEOUT:g} s: {counted}")
            await asyncio.sleep(0.05)
        return Sample(count, time.perf_counter() - started, self._where.clock.since(before))

    async def _post(
        self, requests: Sequence[tuple[str, dict[str, str] | None]], expected: HTTPStatus = HTTPStatus.OK
    ) -> Sample:
        headers = {"Authorization": f"Bearer {self._where.token}"}
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    httpx.AsyncClient(base_url=each.base, headers=headers, timeout=TIMEOUT, trust_env=False)
                )
                for each in self._running
            ]
            waiting = iter(zip(requests, cycle(clients)))
            started, before = time.perf_counter(), self._where.clock.read()

            async def post_all() -> None:
                for (path, body), client in waiting:
                    response = await client.post(path, json=body)
                    if response.status_code != expected:
                        raise RuntimeError(f"{path} was answered with {response.status_code} {response.text}")

            await asyncio.gather(*(post_all() for _ in range(AT_ONCE)))
            return Sample(len(requests), time.perf_counter() - started, self._where.clock.since(before))


@asynccontextmanager
async def replicas(where: Surroundings, count: int) -> AsyncIterator[Replicas]:
    """Runs so many until the block ends."""
    async with AsyncExitStack() as stack:
        yield Replicas(where, [await stack.enter_async_context(where.service("ticketing")) for _ in range(count)])


def on_request(count: int, capacity: int, first: int) -> list[EveningScheduled]:
    """So many evenings for which people ask, each of another venue, on days from this number on."""
    return [
        people.scheduled(venue, capacity, first + number, released=True).model_copy(
            update={"admission": Admission.ON_REQUEST}
        )
        for number, venue in zip(range(count), cycle(VENUES), strict=False)
    ]


def _scan(ticket: asyncpg.Record) -> AdmissionRecorded:
    return AdmissionRecorded(
        scan_id=str(uuid4()),
        evening_id=ticket["evening_id"],
        code=ticket["code"],
        scanned_at=datetime.now(UTC),
        scanner="door",
    )


def _dealt(evenings: Sequence[EveningScheduled], count: int) -> Iterator[tuple[int, EveningScheduled]]:
    return zip(range(count), cycle(evenings), strict=False)


def _listed(evenings: Sequence[EveningScheduled]) -> str:
    return ", ".join(f"'{evening.evening_id}'" for evening in evenings)
