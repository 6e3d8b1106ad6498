"""The kernel ends a connection whose other side is gone, on either event loop."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine

import pytest
import uvloop

from culture_connect.messaging import Database
from tests.support.databases import Database as OwnDatabase

EXPECTED = {"SO_KEEPALIVE": 1, "TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}

Runner = Callable[[Coroutine[None, None, dict[str, int]]], dict[str, int]]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
async def test_a_connection_has_keepalives_and_a_user_timeout(database: OwnDatabase, run: Runner) -> None:
    async def options() -> dict[str, int]:
        connection = await Database(database.url("ticketing"), schema="ticketing").connect()
        try:
            with socket.socket(fileno=os.dup(connection._transport.get_extra_info("socket").fileno())) as shared:
                return {name: _option(shared, name) for name in EXPECTED}
        finally:
            await connection.close()

    assert await asyncio.to_thread(lambda: run(options())) == EXPECTED


def _option(shared: socket.socket, name: str) -> int:
    level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
    return shared.getsockopt(level, getattr(socket, name))
