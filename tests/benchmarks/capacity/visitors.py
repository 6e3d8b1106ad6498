"""Those who hold a ticket: their personal pages, and their scans at the door over HTTP."""

import asyncio
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from aio_pika.abc import AbstractIncomingMessage

from culture_connect.contracts import AdmissionRecorded, TicketIssued, Venue
from culture_connect.messaging.topology import EVENTS, events_queue
from tests.benchmarks import people
from tests.benchmarks.queues import Watch, publish
from tests.benchmarks.results import Sample
from tests.benchmarks.service_environment import Served, Surroundings

AT_ONCE = 32  # requests under way
TIMEOUT = 60.0  # seconds

Request = tuple[str, str, dict[str, object] | None]  # method, path, body


async def tickets(where: Surroundings, count: int, number: int) -> list[TicketIssued]:
    """Opens the evening of this number with a seat for each of the `count` participants; returns their tickets."""
    evening = people.scheduled(Venue.PAARD, count, number)
    queue = events_queue("notifications")
    async with where.channel(where.core()) as channel:
        watch = Watch(channel)
        await watch.purge(queue)
        await publish(channel, EVENTS, [(evening.routing_key("paard"), people.as_amqp(evening, str(uuid4())))])
        await watch.until_filled(queue, count + 1)
        found: list[TicketIssued] = []
        done = asyncio.Event()

        async def keep(message: AbstractIncomingMessage) -> None:
            if message.type == TicketIssued.type:
                found.append(TicketIssued.model_validate(json.loads(message.body)))
            if len(found) == count:
                done.set()

        declared = await channel.declare_queue(queue, passive=True)
        tag = await declared.consume(keep, no_ack=True)
        async with asyncio.timeout(TIMEOUT):
            await done.wait()
        await declared.cancel(tag)
    return found


async def view(where: Surroundings, served: Served, issued: Iterable[TicketIssued]) -> Sample:
    """Each opens the page of their ticket once."""
    return await _send(where, served, [("GET", urlsplit(str(each.link)).path, None) for each in issued])


async def scan(where: Surroundings, served: Served, issued: Iterable[TicketIssued]) -> Sample:
    """Each is scanned once at the same door, over HTTP."""
    scans = [
        AdmissionRecorded(
            scan_id=str(uuid4()),
            evening_id=each.evening_id,
            code=each.code,
            scanned_at=datetime.now(UTC),
            scanner="door",
        )
        for each in issued
    ]
    return await _send(where, served, [("POST", "/admissions", each.model_dump(mode="json")) for each in scans])


async def _send(where: Surroundings, served: Served, requests: list[Request]) -> Sample:
    waiting = iter(requests)
    headers = {"Authorization": f"Bearer {where.door_token}"}
    async with httpx.AsyncClient(base_url=served.base, timeout=TIMEOUT, trust_env=False) as client:

        async def send_all() -> None:
            for method, path, body in waiting:
                # A personal page is reached without a token, and its address is its key.
                given = headers if method == "POST" else {}
                response = await client.request(method, path, json=body, headers=given)
                if response.status_code != HTTPStatus.OK:
                    raise RuntimeError(f"{method} was answered with {response.status_code} {response.text}")
                if method == "POST" and response.json()["outcome"] != "admitted":
                    raise RuntimeError(f"a scan was answered with {response.text}")

        started, before = time.perf_counter(), where.clock.read()
        await asyncio.gather(*(send_all() for _ in range(AT_ONCE)))
        return Sample(len(requests), time.perf_counter() - started, where.clock.since(before))
