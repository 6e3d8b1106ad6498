"""Nothing from a client is awaited while a transaction is open."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event

from tests.service.front.conftest import Build
from tests.service.front.routes import CHANGING, SERVICES, Tried, routes_of
from tests.support.http_server import connected, served
from tests.unit.http.harness import token_of

HASTE = {"http_body_seconds": 1}


@contextmanager
def counting_connections(app: FastAPI) -> Iterator[list[Any]]:
    """A connection to the database for every entry."""
    taken: list[Any] = []

    def note(*_: Any) -> None:
        taken.append(None)

    pool = app.state.database.engine.sync_engine.pool
    event.listen(pool, "checkout", note)
    yield taken
    event.remove(pool, "checkout", note)


def request_without_its_body(route: Tried) -> bytes:
    return (
        f"{route.method} {route.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {token_of('everything')}\r\nIdempotency-Key: once\r\nIf-Match: *\r\n"
        "Content-Type: application/json\r\nContent-Length: 5\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_body_that_never_comes_takes_no_connection_to_the_database_and_is_given_up(
    build: Build, service: str
) -> None:
    app = build(service, **HASTE)
    changing = [route for route in routes_of(app) if route.method in CHANGING]
    assert len(changing) >= 3
    with counting_connections(app) as taken:
        async with served(app) as port, AsyncExitStack() as stack:
            connections = {route: await stack.enter_async_context(connected(port)) for route in changing}
            for route, connection in connections.items():
                await connection.send(request_without_its_body(route))
            heads = await asyncio.gather(*(connection.head() for connection in connections.values()))
            ends = await asyncio.gather(*(connection.rest() for connection in connections.values()))
    answers = {route: head.split()[1] for route, head in zip(changing, heads, strict=True)}
    assert answers == dict.fromkeys(changing, "408")
    assert len(ends) == len(changing)
    assert taken == []
    await app.state.database.close()
