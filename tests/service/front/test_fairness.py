"""While somebody does the worst that they can over HTTP, a neighbour is served."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from culture_connect.messaging import Database
from tests.service.front.conftest import Build
from tests.support.http_server import connected, served
from tests.unit.http.harness import bearer

ATTACKER = "127.0.0.66"
TURNS = 20  # that the neighbour takes
TIMEOUT = 2.0  # seconds
# The neighbour comes through a proxy; the attacker's own address is seen.
FRONT: dict[str, Any] = {"http_trusted_proxies": "127.0.0.1", "http_body_seconds": 5, "http_head_seconds": 5}
_PARTNERS = text(
    """
    insert into partners (slug, name, places, language, starts_on, ends_on, version, registered_at)
    select slug, slug, 5000, 'nl', current_date - 1, current_date + 300, 1, now()
    from unnest(array['acme', 'zeebank']) as slug
    """
)


def enrolment(ref: str) -> dict[str, str]:
    return {"employee_ref": ref, "given_name": "Anna", "family_name": "de Wit", "email": f"{ref}@example.com"}


@asynccontextmanager
async def meanwhile(*attacks: Any) -> AsyncIterator[None]:
    """Attacks until the block ends."""
    running = [asyncio.create_task(attack) for attack in attacks]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def hold_bodies_back(port: int, method: str, path: str, authorization: str = "") -> None:
    """More connections than the pool has, each with a request whose body never comes; made again when they end."""

    async def one() -> None:
        while True:
            async with connected(port, own=ATTACKER) as connection:
                await connection.send(
                    f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Idempotency-Key: once\r\n"
                    "Content-Type: application/json\r\nContent-Length: 5\r\n\r\n".encode()
                )
                await connection.rest(timeout=60)

    await asyncio.gather(*(one() for _ in range(30)))


async def say_nothing(port: int) -> None:
    """Connections that send half a head at most, up to and over the limit of an address."""

    async def one() -> None:
        while True:
            async with connected(port, own=ATTACKER) as connection:
                await connection.send(b"GET / HTTP/1.1\r\nHo")
                await connection.rest(timeout=60)

    await asyncio.gather(*(one() for _ in range(10)))


async def flood(port: int, method: str, path: str, statuses: Counter[int], **options: Any) -> None:
    """As many requests as eight connections take; the body is `make(number)` where that is given."""
    numbers = itertools.count()
    make = options.pop("make", None)
    transport = httpx.AsyncHTTPTransport(local_address=ATTACKER)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=30) as client:

        async def one() -> None:
            while True:
                more = {"json": make(next(numbers))} if make else {}
                statuses[(await client.request(method, path, **options, **more)).status_code] += 1

        await asyncio.gather(*(one() for _ in range(8)))


async def neighbour(port: int, method: str, path: str, **options: Any) -> list[tuple[int, float]]:
    """Status and seconds of each turn."""
    turns = []
    make = options.pop("make", None)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        for number in range(TURNS):
            started = time.monotonic()
            more = {"json": make(number)} if make else {}
            answer = await client.request(method, path, **options, **more)
            turns.append((answer.status_code, time.monotonic() - started))
            await asyncio.sleep(0.05)  # between two turns, as people do
    return turns


def slowest(turns: list[tuple[int, float]]) -> float:
    return max(seconds for _, seconds in turns)


async def prepared(app: FastAPI) -> Database:
    database: Database = app.state.database
    async with database.begin() as work:
        await work.execute(_PARTNERS)
    return database


@pytest.mark.timeout(60)
async def test_a_partner_that_floods_and_holds_bodies_back_delays_no_other_partner(build: Build) -> None:
    app = build("registration", **FRONT)
    database = await prepared(app)
    path, statuses = "/partners/acme/enrolments", Counter[int]()
    authorization = f"Authorization: {bearer('acme')['Authorization']}\r\n"
    async with served(app, kept=None, **FRONT) as port:
        held = hold_bodies_back(port, "DELETE", "/partners/acme/participants/A-0", authorization)
        attack = flood(port, "POST", path, statuses, make=lambda n: enrolment(f"A-{n}"), headers=bearer("acme"))
        async with meanwhile(held, say_nothing(port), attack):
            turns = await neighbour(
                port,
                "POST",
                "/partners/zeebank/enrolments",
                make=lambda n: enrolment(f"Z-{n}"),
                headers=bearer("zeebank"),
            )
    await database.close()
    assert [status for status, _ in turns] == [201] * TURNS
    assert slowest(turns) < TIMEOUT
    assert statuses[201] > 0
    assert not [status for status in statuses if status >= 500]


@pytest.mark.timeout(60)
async def test_a_link_that_is_misused_delays_nobody_elses_page(build: Build) -> None:
    app = build("ticketing", **FRONT)
    statuses: Counter[int] = Counter()
    mine, others = "A" * 22, "B" * 22
    async with served(app, kept=None, **FRONT) as port:
        attacks = (
            hold_bodies_back(port, "POST", f"/my/{mine}/come"),
            hold_bodies_back(
                port,
                "POST",
                "/evenings/5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01/tickets",
                f"Authorization: Bearer {mine}\r\n",
            ),
            flood(port, "GET", f"/my/{mine}", statuses),
            flood(port, "GET", "/asyncapi.json", statuses),
            flood(port, "GET", "/metrics", statuses),
        )
        async with meanwhile(*attacks):
            turns = await neighbour(port, "GET", f"/my/{others}")
    await app.state.database.close()
    # Nobody's secret: the page that says so is asked of the database all the same.
    assert [status for status, _ in turns] == [404] * TURNS
    assert slowest(turns) < TIMEOUT
    assert statuses[429] > 0
    assert not [status for status in statuses if status >= 500]
