"""Connections of clients that are slow, silent or too many: each of them ends.

uvicorn waits without an end for the head of a first request, and for a client to take its answer. Here every
connection is checked each second.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from culture_connect.http.clients import is_trusted
from culture_connect.http_settings import Network

# The buffer of an answer shrinks by this when its client reads.
_PROGRESS: Final = 16 * 1024  # bytes
_REFUSAL: Final = (
    b"HTTP/1.1 %b\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\r\n"  # the request may be for a personal page
    b"Too many connections.\n"
)
_STATUS: Final = {"connections": b"503 Service Unavailable", "connections-per-address": b"429 Too Many Requests"}


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The number of connections there may be, and how long they may wait for their client.

    `per_address` is no limit when 0, and none for `trusted` addresses. `head_seconds` are from the connection, or the
    first byte of a later request, to the end of the request's head; `write_seconds` those in which a reader takes
    16 KiB of an answer, or the rest of it; all connections are checked every `interval` seconds. `limited` is called
    with the reason when one is refused or ended.
    """

    most: int
    per_address: int
    trusted: tuple[Network, ...]
    head_seconds: float
    write_seconds: float
    limited: Callable[[str], object]
    interval: float = 1.0


class ConnectionRegister:
    """The connections of one server."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._connections: set[LimitedConnection] = set()
        self._by_address: Counter[str] = Counter()
        self._next_check: asyncio.TimerHandle | None = None

    def enter(self, connection: "LimitedConnection") -> str | None:
        """Adds the connection, or returns why not: there are too many, of all or of its address."""
        address = connection.address
        if len(self._connections) >= self.limits.most:
            return "connections"
        if self._by_address[address] >= self.limits.per_address > 0 and not is_trusted(address, self.limits.trusted):
            return "connections-per-address"
        self._connections.add(connection)
        self._by_address[address] += 1
        if self._next_check is None:
            self._next_check = connection.loop.call_later(self.limits.interval, self._check, connection.loop)
        return None

    def leave(self, connection: "LimitedConnection") -> None:
        """Forgets the connection."""
        if connection not in self._connections:
            return
        self._connections.remove(connection)
        self._by_address[connection.address] -= 1
        if not self._by_address[connection.address]:
            del self._by_address[connection.address]

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        for connection in list(self._connections):
            if (reason := connection.trouble(now)) is not None:
                self.limits.limited(reason)
                connection.transport.abort()
        again = bool(self._connections)
        self._next_check = loop.call_later(self.limits.interval, self._check, loop) if again else None


class LimitedConnection(H11Protocol):
    """uvicorn's own, in a register."""

    register: ClassVar[ConnectionRegister]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.address = ""
        self._refused = False
        self._head_since: float | None = None
        self._unread = 0  # bytes of the answer that the client had still to take, and since when
        self._unread_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuses the connection, or waits for the head of its first request."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._head_since = self._unread_since = time.monotonic()
        if (reason := self.register.enter(self)) is not None:
            self.register.limits.limited(reason)
            self._refused = True
            self.connections.discard(self)
            transport.write(_REFUSAL % _STATUS[reason])
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leaves the register."""
        self.register.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Notes whether it was the end of a head, or the beginning of one."""
        if not self._refused:
            super().data_received(data)
            self._note_head()

    def resume_writing(self) -> None:
        """The client has taken most of what was written."""
        super().resume_writing()
        self._unread = 0

    def on_response_complete(self) -> None:
        """From here on the next request is waited for, which may be here already."""
        super().on_response_complete()
        self._note_head()

    def trouble(self, now: float) -> str | None:
        """Returns the reason for ending the connection, None while there is none."""
        limits = self.register.limits
        if self._head_since is not None and now - self._head_since > limits.head_seconds:
            return "head-too-slow"
        size = self.transport.get_write_buffer_size()
        if size == 0 or self._unread == 0 or size <= self._unread - _PROGRESS:
            self._unread, self._unread_since = size, now
            return None
        self._unread = max(self._unread, size)
        return "reader-too-slow" if now - self._unread_since > limits.write_seconds else None

    def _note_head(self) -> None:
        # Until the first request there is none, whatever its type says.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._head_since = None
        elif self._head_since is None and self.conn.trailing_data[0]:
            self._head_since = time.monotonic()


def limited_by(limits: ConnectionLimits) -> type[LimitedConnection]:
    """The protocol of a server with these limits."""

    class ServerConnection(LimitedConnection):
        register = ConnectionRegister(limits)

    return ServerConnection
