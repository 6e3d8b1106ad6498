"""The personal pages of a service, behind a port of this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from tests.service.ticketing.harness import Harness
from tests.service.ticketing.my_page.pages import NIGHT, application
from tests.support.probes import eventually
from tests.unit.ticketing.registration_events import enrolled, partner


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The application behind a port on the loopback address."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, access_log=False, server_header=False))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await eventually(lambda: server.started, True, "the server's start", timeout=20)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@pytest.fixture
async def site(harness: Harness, tokens: Path) -> AsyncIterator[str]:
    """The pages of the service, at this address."""
    async with listening(application(harness.database, harness.issuer, tokens)) as url:
        yield url


@pytest.fixture
async def open_evening(harness: Harness) -> Harness:
    """An evening of one seat that anna, bram and cleo are invited to."""
    await harness.apply(partner(), *map(enrolled, ("anna", "bram", "cleo")), NIGHT)
    return harness
