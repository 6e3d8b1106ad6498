"""Giving up tickets over HTTP while tens of thousands wait: each decline promotes whoever is next."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

import httpx
from aio_pika.abc import AbstractChannel

from culture_connect.contracts import EveningScheduled, Venue
from culture_connect.messaging.topology import EVENTS, events_queue, tickets_queue
from tests.benchmarks import people, seat_allocation
from tests.benchmarks.queues import Watch, publish
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Served, Surroundings

SEATS = 200
PARTNERS = 50
OTHER_EVENINGS = 3  # of the season, each with seats for one in ten
LATE = 1_000_000  # numbers of people who were not there when the evenings opened
SLOWEST = 60.0  # seconds a request may take before it is given up

# A decline tells the box office of the ticket that ended and of the one that came, and the other services of both.
_TOLD = 2

_HELD = "select ticket_id from ticketing.tickets where evening_id = $1 and state = 'issued' order by ticket_id"
_DECLINED = """
    select distinct participant_id from ticketing.tickets
    where evening_id = $1 and reason = 'declined' order by participant_id limit $2
"""
_CHECK = """
    select
        (select count(*) from ticketing.tickets where evening_id = $1 and state = 'issued') as held,
        (select count(distinct participant_id) from ticketing.tickets where evening_id = $1 and state = 'issued')
            as holders,
        (select issued from ticketing.evenings where evening_id = $1) as counted,
        (select count(*) from ticketing.tickets where evening_id = $1 and reason = 'declined') as declined,
        (select count(*) from ticketing.decisions where evening_id = $1 and outcome = 'promoted') as promoted
"""


@dataclass(frozen=True)
class Singles:
    """Requests one at a time, each when all of the one before was told; seconds."""

    answered: list[float]
    told: list[float]


async def season(where: Surroundings, served: Served, waiting: int) -> None:
    """Makes a season for so many people and `SEATS` more, of whom three in ten hold a ticket of another evening."""
    participants = waiting + SEATS
    await seat_allocation.populate(where, participants, -(-participants // PARTNERS))
    for number in range(OTHER_EVENINGS):
        other = people.scheduled(Venue.PAARD, participants // 10, number)
        await seat_allocation.open_evening(where, served, other, participants)


async def full_evening(where: Surroundings, served: Served, waiting: int, *, is_released: bool) -> "BenchmarkEvening":
    """Opens an evening that everybody wants, before or after the release of its allotments."""
    evening = people.scheduled(Venue.NDT, SEATS, OTHER_EVENINGS + is_released, released=is_released)
    await seat_allocation.open_evening(where, served, evening, waiting + SEATS)
    return BenchmarkEvening(where, served, evening)


class BenchmarkEvening:
    """An evening with as many holders as seats, and a long line."""

    def __init__(self, where: Surroundings, served: Served, evening: EveningScheduled) -> None:
        self._where = where
        self._served = served
        self._id, self._venue = evening.evening_id, evening.venue
        self._declined = 0

    async def decline_singly(self, count: int) -> Singles:
        """Declines some tickets; the second time of each is when the next holder's was told."""
        singles = Singles([], [])
        tickets = (await self._holding())[:count]
        async with self._client() as client, self._channels() as (core, edge):
            for ticket in tickets:
                started = time.perf_counter()
                await _decline(client, ticket)
                singles.answered.append(time.perf_counter() - started)
                singles.told.append(await self._until_told(core, edge) - started)
        self._declined += len(tickets)
        await self._check()
        return singles

    async def decline_in_a_row(self, count: int) -> Sample:
        """Declines tickets over one connection: those of all holders, then those of the holders after them."""
        done, seconds, before = 0, 0.0, self._where.clock.read()
        async with self._client() as client, self._channels() as (core, edge):
            while done < count:
                tickets = (await self._holding())[: count - done]
                started = time.perf_counter()
                for ticket in tickets:
                    await _decline(client, ticket)
                seconds += time.perf_counter() - started
                done += len(tickets)
                self._declined += len(tickets)
                await self._check()
            sample = Sample(done, seconds, self._where.clock.since(before))
            await self._until_told(core, edge, done)
        return sample

    async def request_again(self, count: int) -> Singles:
        """Requests seats for those who declined, one at a time; they join the end of the waiting list."""
        singles = Singles([], [])
        rows = await self._where.rows(_DECLINED, self._id, count)
        async with self._client() as client, self._channels() as (core, _):
            for row in rows:
                started = time.perf_counter()
                request = {"participant_id": str(row["participant_id"])}
                response = await client.post(f"/evenings/{self._id}/tickets", json=request)
                singles.answered.append(time.perf_counter() - started)
                if response.status_code != HTTPStatus.CREATED or not response.json()["position"]:
                    raise RuntimeError(f"a request was answered with {response.status_code} {response.text}")
                singles.told.append(await Watch(core).until_filled(events_queue("notifications"), 1) - started)
                await Watch(core).purge(events_queue("notifications"))
        return singles

    async def _holding(self) -> Sequence[UUID]:
        return [row["ticket_id"] for row in await self._where.rows(_HELD, self._id)]

    async def _check(self) -> None:
        """Raises RuntimeError unless every seat has one holder, and every decline promoted one who waited."""
        (found,) = await self._where.rows(_CHECK, self._id)
        expected = {"held": SEATS, "holders": SEATS, "counted": SEATS}
        expected |= {"declined": self._declined, "promoted": self._declined}
        if dict(found) != expected:
            raise RuntimeError(f"after {self._declined} declines: {dict(found)} instead of {expected}")

    async def _until_told(self, core: AbstractChannel, edge: AbstractChannel, declines: int = 1) -> float:
        told = 0.0
        for channel, queue in ((edge, tickets_queue(self._venue)), (core, events_queue("notifications"))):
            told = max(told, await Watch(channel).until_filled(queue, _TOLD * declines))
            await Watch(channel).purge(queue)
        return told

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(
            base_url=self._served.base,
            headers={"Authorization": f"Bearer {self._where.token}"},
            timeout=SLOWEST,
            trust_env=False,
        ) as client:
            # The connection is there before the first request counts.
            (await client.get("/health/live")).raise_for_status()
            yield client

    @asynccontextmanager
    async def _channels(self) -> AsyncIterator[tuple[AbstractChannel, AbstractChannel]]:
        async with self._where.channel(self._where.core()) as core, self._where.channel(self._where.edge()) as edge:
            yield core, edge


async def enrol_late(where: Surroundings, count: int) -> list[float]:
    """Somebody enrols, one at a time; returns the seconds until their places in all waiting lists are published."""
    seconds = []
    evenings = await where.scalar("select count(*) from ticketing.evenings")
    async with where.channel(where.core()) as core:
        harness = Watch(core)
        await harness.purge(events_queue("notifications"))
        for number in range(count):
            event = people.enrolled("opening-0", LATE + number)
            message = people.as_amqp(event, str(event.participant_id))
            started = time.perf_counter()
            await publish(core, EVENTS, [(event.routing_key("opening-0"), message)])
            # The enrolment itself is told to everybody as well.
            ended = await harness.until_filled(events_queue("notifications"), evenings + 1)
            seconds.append(ended - started)
            await harness.purge(events_queue("notifications"))
    return seconds


async def updated(where: Surroundings, count: int) -> Sample:
    """The baseline; see `baselines.update_rows`."""
    async with where.baseline("update_rows", where.database_url("plain"), str(count)) as process:
        return Sample(count, float(await process.line()), {})


async def _decline(client: httpx.AsyncClient, ticket: UUID) -> None:
    response = await client.post(f"/tickets/{ticket}/decline")
    if response.status_code != HTTPStatus.OK or response.json()["state"] != "cancelled":
        raise RuntimeError(f"a decline was answered with {response.status_code} {response.text}")
