"""Connections of clients that are slow, silent or too many."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import Response, StreamingResponse

from tests.support.http_server import connected, limited, served
from tests.support.probes import eventually
from tests.unit.http.harness import app_with

HEAD = b"GET /birds HTTP/1.1\r\nHost: 127.0.0.1\r\n"
LARGE = 4 * 1024 * 1024  # bytes, more than the kernel keeps
FEW = 256 * 1024
PIECE = 1024 * 1024
router = APIRouter()


@router.get("/birds")
async def birds() -> str:
    return "wren"


@router.get("/flock")
async def flock() -> Response:
    return Response(b"x" * LARGE)


@router.get("/few")
async def few() -> Response:
    return Response(b"x" * FEW)


@router.get("/stream")
async def stream() -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGE // PIECE):
            yield b"x" * PIECE

    return StreamingResponse(pieces())


@pytest.fixture
def app(tokens: Path) -> FastAPI:
    return app_with(router, tokens=tokens)


@pytest.mark.parametrize("sent", [b"", b"G", HEAD, b"POST /birds HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le"])
async def test_a_connection_that_sends_no_whole_head_ends(app: FastAPI, sent: bytes) -> None:
    async with served(app, http_head_seconds=0.3) as port, connected(port) as connection:
        if sent:
            await connection.send(sent)
        assert await connection.rest(timeout=3) == b""
    assert limited(app, "head-too-slow") == 1


async def test_a_head_that_drips_ends_as_well(app: FastAPI) -> None:
    async with served(app, http_head_seconds=0.5) as port, connected(port) as connection:
        await connection.send(HEAD)
        started = time.monotonic()

        async def drip() -> None:
            while True:
                await connection.send(b"X-Drop: 1\r\n")
                await asyncio.sleep(0.05)  # it is what makes it drip

        dripping = asyncio.create_task(drip())
        await connection.rest(timeout=3)
        dripping.cancel()
        assert time.monotonic() - started < 2
    assert limited(app, "head-too-slow") == 1


async def test_the_second_request_of_a_connection_has_the_same_limit(app: FastAPI) -> None:
    async with served(app, http_head_seconds=0.4) as port, connected(port) as connection:
        await connection.send(HEAD + b"\r\n")
        assert await connection.status() == 200
        await connection.send(HEAD)
        await connection.rest(timeout=3)
    assert limited(app, "head-too-slow") == 1


async def test_a_connection_that_goes_on_asking_is_left_alone(app: FastAPI) -> None:
    async with served(app, http_head_seconds=0.2) as port, connected(port) as connection:
        for _ in range(8):
            await connection.send(HEAD + b"\r\n")
            assert await connection.status() == 200
            await asyncio.sleep(0.1)  # what a person does between two pages
    assert limited(app, "head-too-slow") == 0


@pytest.mark.parametrize("path", ["/flock", "/stream"])
async def test_a_reader_that_stops_is_cut_off(app: FastAPI, path: str) -> None:
    async with served(app, http_write_seconds=0.5) as port, connected(port) as connection:
        await connection.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        await eventually(lambda: limited(app, "reader-too-slow"), 1.0, "the reader cut off", timeout=5)
        assert len(await connection.rest()) < LARGE


async def test_a_reader_that_is_slow_gets_everything(app: FastAPI) -> None:
    async with served(app, http_write_seconds=0.5) as port, connected(port) as connection:
        await connection.send(b"GET /few HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        await connection.head()
        started, size = time.monotonic(), 0
        while piece := await connection.some(8 * 1024):
            size += len(piece)
            await asyncio.sleep(0.03)  # it is what a slow reader does
    assert size == FEW
    assert time.monotonic() - started > 0.6
    assert limited(app, "reader-too-slow") == 0


async def test_one_address_has_so_many_connections_and_others_have_theirs(app: FastAPI) -> None:
    limits: dict[str, Any] = {"http_connections_per_address": 3, "http_trusted_proxies": ""}
    async with served(app, **limits) as port, AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(connected(port))
        async with connected(port) as fourth:
            assert await fourth.status() == 429
        async with connected(port, own="127.0.0.2") as other:
            await other.send(HEAD + b"\r\n")
            assert await other.status() == 200
    assert limited(app, "connections-per-address") == 1


async def test_a_connection_that_ends_makes_room_for_the_next(app: FastAPI) -> None:
    limits: dict[str, Any] = {"http_connections_per_address": 1, "http_trusted_proxies": ""}
    async with served(app, **limits) as port:
        async with connected(port) as first:
            await first.send(HEAD + b"\r\n")
            assert await first.status() == 200

        async def again() -> int:
            async with connected(port) as next_one:
                await next_one.send(HEAD + b"\r\n")
                return await next_one.status()

        await eventually(again, 200, "room for the next connection")


async def test_the_address_of_a_proxy_stands_for_many_clients(app: FastAPI) -> None:
    limits: dict[str, Any] = {"http_connections_per_address": 2, "http_trusted_proxies": "127.0.0.0/31"}
    async with served(app, **limits) as port, AsyncExitStack() as stack:
        for _ in range(5):
            connection = await stack.enter_async_context(connected(port))
            await connection.send(HEAD + b"\r\n")
            assert await connection.status() == 200


async def test_all_together_have_so_many_connections(app: FastAPI) -> None:
    async with served(app, http_connections=2) as port, AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(connected(port))
        async with connected(port) as third:
            head = await third.head()
    assert head.startswith("HTTP/1.1 503")
    assert "Retry-After: 5" in head
    assert limited(app, "connections") == 1
