"""An application behind a port of this machine, served as in production, and clients that misbehave."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI

from culture_connect.http.server import server_of
from culture_connect.http_settings import HttpSettings
from tests.support.probes import eventually

SMALL = 4096  # bytes that the kernel keeps for a sender, so that a reader that stops is felt soon


@asynccontextmanager
async def served(app: FastAPI, *, kept: int | None = SMALL, **settings: Any) -> AsyncIterator[int]:
    """Serves the application without its lifespan until the block ends; gives the port.

    The kernel keeps so many bytes of an answer, or as many as usual when None; `settings` are those of the HTTP side
    that are not as usual.
    """
    server = server_of(app, HttpSettings(**settings), lifespan=False, interval=0.1)
    with socket.socket() as listener:
        if kept is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, kept)
        listener.bind(("127.0.0.1", 0))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await eventually(lambda: server.started, True, "the server's start", timeout=20)
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            server.force_exit = True
            await running


def limited(app: FastAPI, reason: str) -> float:
    """Returns the number of requests and connections beyond a limit for this reason."""
    registry = app.state.service.telemetry.registry
    return registry.get_sample_value("culture_connect_http_limited_total", {"reason": reason}) or 0.0


class RawConnection:
    """A connection on which bytes are sent as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Sends them."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, timeout: float = 10) -> str:  # noqa: ASYNC109
        """Status line and headers of the next answer; what came when the connection ends before."""
        async with asyncio.timeout(timeout):
            try:
                return (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            except asyncio.IncompleteReadError as error:
                return error.partial.decode("latin-1")

    async def status(self, timeout: float = 10) -> int:  # noqa: ASYNC109
        """The status of the next answer, 0 when the connection ends without one."""
        head = await self.head(timeout)
        return int(head.split()[1]) if head else 0

    async def some(self, size: int, timeout: float = 10) -> bytes:  # noqa: ASYNC109
        """At most so many bytes of what comes, none when the other side closed."""
        async with asyncio.timeout(timeout):
            return await self._reader.read(size)

    async def rest(self, timeout: float = 10) -> bytes:  # noqa: ASYNC109
        """All that comes until the other side closes."""
        async with asyncio.timeout(timeout):
            with suppress(ConnectionError):
                return await self._reader.read()
            return b""

    async def close(self) -> None:
        """Closes this side."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def connected(port: int, *, host: str = "127.0.0.1", own: str | None = None) -> AsyncIterator[RawConnection]:
    """A connection until the block ends; from the address `own` of this machine."""
    with socket.socket() as plain:
        # Set before connecting, or the window that was offered stays.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        plain.setblocking(False)
        if own is not None:
            plain.bind((own, 0))
        await asyncio.get_running_loop().sock_connect(plain, (host, port))
        reader, writer = await asyncio.open_connection(sock=plain, limit=SMALL)
        connection = RawConnection(reader, writer)
        try:
            yield connection
        finally:
            await connection.close()
