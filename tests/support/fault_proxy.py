"""A TCP proxy on loopback whose connections can be broken, silenced, slowed, throttled, or ended after some bytes.

The words are Toxiproxy's (github.com/Shopify/toxiproxy): what goes from the client to the server is *upstream*, what
comes back is *downstream*, and what is wrong with one direction is a *toxic*.

| here | Toxiproxy | what happens |
|---|---|---|
| `cut()` | a proxy that is down | connections end, new ones are refused |
| `reset()` | `reset_peer` | connections end with a TCP reset, new ones are taken |
| `silence()` | `timeout` of 0 | connections stay and nothing passes; `mend()` passes what was held |
| `delay()` | `latency` | each piece is late by so many seconds |
| `throttle()` | `bandwidth` | so many bytes a second pass |
| `limit_data()` | `limit_data` | exactly so many bytes of each connection pass, then it ends or is silent |
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal, Self, get_args

from sqlalchemy.engine import make_url

from culture_connect_cli.stack.ports import LOOPBACK, free_port

Direction = Literal["upstream", "downstream"]
After = Literal["cut", "silent"]

BOTH: Sequence[Direction] = get_args(Direction)
_CHUNK = 65_536  # bytes that are read at once
_SLICES = 20  # pieces a second that a throttled direction passes
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: the kernel sends a reset


@dataclass(frozen=True)
class Toxic:
    """The faults of one direction: none, as long as all is at its default.

    A piece is late by `latency` seconds and up to `jitter` more. `rate` is bytes a second, `left` how many bytes may
    pass yet, `after` what becomes of the connection when these have passed.
    """

    silent: bool = False
    latency: float = 0.0
    jitter: float = 0.0
    rate: int | None = None
    left: int | None = None
    after: After = "cut"


NOTHING = Toxic()
Change = Callable[[Toxic], Toxic]


class Link:
    """One connection of a client and its counterpart to the server, with toxics of its own.

    `passed` counts the bytes that have passed in each direction.
    """

    def __init__(self, toxics: dict[Direction, Toxic], writers: Sequence[asyncio.StreamWriter]) -> None:
        self.passed: dict[Direction, int] = dict.fromkeys(BOTH, 0)
        self._toxics = dict(toxics)
        self._writers = writers
        self._changed: dict[Direction, asyncio.Event] = {direction: asyncio.Event() for direction in BOTH}

    def change(self, change: Change, directions: Sequence[Direction] = BOTH) -> None:
        """Replaces the toxic of these directions by what `change` makes of it; holds at once."""
        for direction in directions:
            self._toxics[direction] = change(self._toxics[direction])
            self._changed[direction].set()

    def silence(self, directions: Sequence[Direction] = BOTH) -> None:
        """Passes nothing more of this connection; it stays open."""
        self.change(lambda toxic: replace(toxic, silent=True), directions)

    def mend(self) -> None:
        """Takes all toxics away; what was held passes now."""
        self.change(lambda _: NOTHING)

    def cut(self) -> None:
        """Ends both ends at once; what is held is lost."""
        for writer in self._writers:
            writer.transport.abort()
        for changed in self._changed.values():
            changed.set()

    def reset(self) -> None:
        """Ends both ends with a TCP reset."""
        for writer in self._writers:
            if not writer.is_closing():
                line: socket.socket = writer.get_extra_info("socket")
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.cut()

    async def carry(self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes what comes, and that nothing more comes, until either end is gone."""
        try:
            while data := await reader.read(_CHUNK):
                while data:
                    data = data[await self._pass(direction, data, writer) :]
            await self._until_audible(direction, writer)
            writer.write_eof()
        except OSError:
            # An end that nobody hears of while the line is silent is part of the silence.
            await self._until_audible(direction, writer)
            writer.close()

    async def _pass(self, direction: Direction, data: bytes, writer: asyncio.StreamWriter) -> int:
        """Passes as much of the beginning of the data as the toxic allows; returns how many bytes that were."""
        toxic = self._toxics[direction]
        if toxic.latency or toxic.jitter:
            await asyncio.sleep(toxic.latency + random.uniform(0, toxic.jitter))
        await self._until_audible(direction, writer)
        if writer.is_closing():
            raise ConnectionAbortedError
        toxic = self._toxics[direction]
        size = len(data) if toxic.rate is None else min(len(data), max(1, toxic.rate // _SLICES))
        if toxic.left is not None:
            size = min(size, toxic.left)
            self._toxics[direction] = replace(toxic, left=toxic.left - size)
        writer.write(data[:size])
        await writer.drain()
        self.passed[direction] += size
        if toxic.rate is not None:
            await asyncio.sleep(size / toxic.rate)
        if toxic.left == size:
            self._end(toxic)
        return size

    def _end(self, toxic: Toxic) -> None:
        if toxic.after == "silent":
            self.change(lambda toxic: replace(toxic, silent=True, left=None))
            return
        for writer in self._writers:
            writer.close()  # what has passed is to arrive; an abort would drop it
        raise ConnectionAbortedError

    async def _until_audible(self, direction: Direction, writer: asyncio.StreamWriter) -> None:
        while self._toxics[direction].silent and not writer.is_closing():
            self._changed[direction].clear()
            await self._changed[direction].wait()


class FaultProxy:
    """Passes bytes to `127.0.0.1:target` from a port of its own that stays the same; `async with` starts and ends it.

    What is said of the proxy holds for all connections there are and, until `mend()`, for those to come. `links` are
    the connections there are, for what is to happen to one alone.
    """

    def __init__(self, target: int) -> None:
        self.links: list[Link] = []
        self.port = free_port()
        self._target = target
        self._server: asyncio.Server | None = None
        self._toxics: dict[Direction, Toxic] = dict.fromkeys(BOTH, NOTHING)
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def through(self, url: str) -> str:
        """The same URL by way of this proxy."""
        return make_url(url).set(host=LOOPBACK, port=self.port).render_as_string(hide_password=False)

    async def mend(self) -> None:
        """Takes new connections, on the same port as before, and takes all toxics away; what was held passes now."""
        self._change(lambda _: NOTHING, BOTH)
        if self._server is None:
            self._server = await asyncio.start_server(self._connect, LOOPBACK, self.port)

    async def cut(self) -> None:
        """Ends every connection and refuses new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in self.links:
            link.cut()

    async def reset(self) -> None:
        """Ends every connection with a TCP reset; new ones are taken."""
        for link in self.links:
            link.reset()

    async def silence(self, directions: Sequence[Direction] = BOTH) -> None:
        """Passes nothing more, keeps connections open, and takes new ones that are as silent."""
        self._change(lambda toxic: replace(toxic, silent=True), directions)

    async def delay(self, latency: float, *, jitter: float = 0.0, directions: Sequence[Direction] = BOTH) -> None:
        """Makes each piece late by `latency` seconds, and up to `jitter` more."""
        self._change(lambda toxic: replace(toxic, latency=latency, jitter=jitter), directions)

    async def throttle(self, rate: int, *, directions: Sequence[Direction] = BOTH) -> None:
        """Passes `rate` bytes a second of each connection."""
        self._change(lambda toxic: replace(toxic, rate=rate), directions)

    async def limit_data(self, left: int, *, after: After = "cut", directions: Sequence[Direction] = BOTH) -> None:
        """Passes exactly `left` (1 or more) bytes more of each connection in each direction; then it ends or is silent.

        What comes first in either direction decides.
        """
        self._change(lambda toxic: replace(toxic, left=left, after=after), directions)

    def _change(self, change: Change, directions: Sequence[Direction]) -> None:
        for direction in directions:
            self._toxics[direction] = change(self._toxics[direction])
        for link in self.links:
            link.change(change, directions)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            # Whoever cancels it closes the proxy; asyncio would complain of a connection that ends so.
            with contextlib.suppress(asyncio.CancelledError):
                await self._join(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(LOOPBACK, self._target)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._open()
        except OSError:
            return  # nobody listens: the client finds its connection ended, as it would find it refused
        link = Link(self._toxics, (writer, far_writer))
        self.links.append(link)
        try:
            # Each direction has an end of its own: a client may say no more and listen yet.
            await asyncio.gather(
                link.carry("upstream", reader, far_writer),
                link.carry("downstream", far_reader, writer),
            )
        finally:
            for each in (writer, far_writer):
                each.close()
            self.links.remove(link)


def through_any(url: str, wires: Sequence[FaultProxy]) -> str:
    """The same URL with the addresses of all these proxies, as of several servers."""
    first = f"{LOOPBACK}:{wires[0].port}"
    return wires[0].through(url).replace(first, ",".join(f"{LOOPBACK}:{wire.port}" for wire in wires), 1)
