import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import httpx
import pytest
from fastapi import FastAPI

from registration.app import build_app
from registration.settings import RegistrationSettings
from tests.service.registration.daily_job import Clocks
from tests.service.registration.harness import Harness, HrSystem, Listener
from tests.support.hashes import HASH_KEY
from tests.support.probes import eventually
from tests.support.service_environment import Surroundings

TOKENS = {
    "desk": ["programme"],
    "console": ["operator"],
    "everything": ["programme", "operator"],
    "acme": ["partner:acme"],
    "zeebank": ["partner:zeebank"],
}


@pytest.fixture
def surroundings(surroundings_of: Callable[[str], Surroundings]) -> Surroundings:
    """A database and virtual hosts of our own."""
    return surroundings_of("registration")


@pytest.fixture
def settings(surroundings: Surroundings, tmp_path: Path) -> RegistrationSettings:
    """Of a replica with a schema and virtual hosts of its own."""
    tokens = tmp_path / "tokens.json"
    entries = [
        {"name": name, "scopes": scopes, "sha256": hashlib.sha256(name.encode()).hexdigest()}
        for name, scopes in TOKENS.items()
    ]
    tokens.touch(mode=0o600)
    tokens.write_text(json.dumps(entries))
    return RegistrationSettings(
        database_url=surroundings.database_url,
        core_url=surroundings.core_url,
        edge_url=surroundings.edge_url,
        tokens_file=tokens,
        hash_key=HASH_KEY,
        tombstone_key=secrets.token_hex(32),
    )


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A replica until the end of the block; the client is the programme desk."""
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url="http://registration", headers={"authorization": "Bearer desk"}
        ) as client,
    ):
        await eventually(app.state.service.problems, [], "problems of the replica", timeout=20)
        yield client


@pytest.fixture
async def harness(settings: RegistrationSettings, surroundings: Surroundings) -> AsyncIterator[Harness]:
    """A running replica, its events and its dead letters overheard from the beginning."""
    events = Listener()
    async with surroundings.administrator("core") as core, surroundings.administrator("edge") as edge:
        tap = await core.declare_queue(f"tap-{secrets.token_hex(4)}", exclusive=True)
        await tap.bind("events", "#")
        await events.listen(tap)
        async with running(build_app(settings)) as api:
            yield Harness(api, await core.get_exchange("events"), events, await edge.get_queue("registration.dead"))


@pytest.fixture
async def clocks(settings: RegistrationSettings) -> AsyncIterator[Clocks]:
    """Clocks of other replicas, which look when they are told to."""
    async with Clocks.of(settings) as clocks:
        yield clocks


@pytest.fixture
async def connect(surroundings: Surroundings) -> AsyncIterator[Callable[[str], Awaitable[HrSystem]]]:
    """Makes the account of a partner's HR system, and logs in with it."""
    connections = []

    async def connect_hr(partner: str) -> HrSystem:
        url = await surroundings.add_hr(partner)
        connection = await aio_pika.connect(url)
        connections.append(connection)
        hr = HrSystem(partner, url, connection)
        await hr.log_in()
        return hr

    yield connect_hr
    for connection in connections:
        await connection.close()
