"""A connection to the broker in which every wait has an end, and whose end is always noticed.

The broker may be silent instead of gone: stopped, or behind a wire that takes everything and gives nothing. Then
neither reading nor writing fails; so heartbeats, keepalives and TCP's own time limit are set, opening and closing have
deadlines, and a connection that will not close politely is cut.

A URL may have the addresses of several nodes, see `addresses`: a connection is made to one of them, and the next one
to another when that node refuses, does not answer or falls silent.

Over amqps the broker's certificate has to be that of the host in the URL (RFC 9525), vouched for by an authority that
this machine knows or by the one in the file that `cafile` in the URL's query names. That cannot be switched off.
"""

import asyncio
import socket
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from urllib.parse import parse_qs, quote

import aio_pika
import aiormq
import structlog
from aio_pika.abc import UnderlayConnection
from aiormq.connection import FrameReceiver, TransportFactory
from yarl import URL

from culture_connect.messaging.addresses import ADDRESS_TIMEOUT, Addresses
from culture_connect.messaging.consuming.receiver import CHUNK, DeliveryAssembler, Receiver
from culture_connect.messaging.errors import BrokerNotTrusted, reason_of

HEARTBEAT: Final = 5  # seconds; with aiormq's grace of (5 + 1) * 2 a silent broker is given up after 12 to 14 s
CONNECT_TIMEOUT: Final = 10.0  # seconds
CLOSE_TIMEOUT: Final = 4.0  # seconds; aiormq waits 2 for the broker's answer
_CANCEL_TIMEOUT: Final = 1.0  # seconds

_SOCKET_OPTIONS: Final = (
    ("SO_KEEPALIVE", socket.SOL_SOCKET, 1),
    ("TCP_NODELAY", socket.IPPROTO_TCP, 1),
    ("TCP_KEEPIDLE", socket.IPPROTO_TCP, 5),  # seconds
    ("TCP_KEEPINTVL", socket.IPPROTO_TCP, 2),  # seconds
    ("TCP_KEEPCNT", socket.IPPROTO_TCP, 3),
    ("TCP_USER_TIMEOUT", socket.IPPROTO_TCP, 10_000),  # milliseconds that sent bytes may stay unacknowledged
)

T = TypeVar("T")

log = structlog.get_logger()


async def connect(
    url: str,
    *,
    name: str,
    heartbeat: int = HEARTBEAT,
    timeout: float = CONNECT_TIMEOUT,  # noqa: ASYNC109
) -> "Connection":
    """Opens a connection, seen at the broker under `name`; it never reconnects by itself.

    `url` is an amqp:// or amqps:// URL with one address or several, `heartbeat` and `timeout` are seconds. While
    another address is left, one that does not answer gets 3 s at most. Raises what happened at the last one: one of
    aiormq's errors, ConnectionError, TimeoutError or BrokerNotTrusted, at the latest a second after the time for it.
    """
    addresses = Addresses.of_broker(url)
    *others, last = addresses.in_order()
    for address in others:
        try:
            return await _connect(addresses, address, name, heartbeat, min(timeout, ADDRESS_TIMEOUT))
        except Exception as error:
            log.info("next address of the broker", connection=name, reason=reason_of(error))
    return await _connect(addresses, last, name, heartbeat, timeout)


async def _connect(
    addresses: Addresses,
    address: str,
    name: str,
    heartbeat: int,
    timeout: float,  # noqa: ASYNC109
) -> "Connection":
    connection = Connection(URL(address).update_query(heartbeat=heartbeat), client_properties={"connection_name": name})
    connection.on_failure = partial(addresses.failed, address)
    try:
        await within(timeout, connection.connect())
    except BaseException as error:
        if isinstance(error, Exception):
            addresses.failed(address)
        connection.cut()
        await connection.close()
        raise
    addresses.worked(address)
    return connection


async def close_connection(connection: aio_pika.abc.AbstractConnection, *, timeout: float = CLOSE_TIMEOUT) -> None:  # noqa: ASYNC109
    """Says good-bye, and cuts the connection when that takes longer than `timeout` seconds. Never raises."""
    if isinstance(connection, Connection):
        connection.is_leaving = True
    closing = asyncio.create_task(connection.close())
    # A connection that is lost may object to the good-bye.
    closing.add_done_callback(_retrieve)
    try:
        await asyncio.wait([closing], timeout=timeout)
    finally:
        if isinstance(connection, Connection):
            connection.cut()
        if not closing.done():
            if isinstance(connection, Connection):
                connection.on_failure()
            # Without its socket there is nothing left to wait for.
            await asyncio.wait([closing], timeout=_CANCEL_TIMEOUT)
            closing.cancel()


def with_authority(url: str, ca_file: Path | None) -> str:
    """The URL with the authority to be trusted, where it is an amqps:// one and names none itself."""
    _, mark, query = url.partition("?")
    if ca_file is None or not url.startswith("amqps:") or "cafile" in parse_qs(query):
        return url
    return f"{url}{'&' if mark else '?'}cafile={quote(str(ca_file))}"


@asynccontextmanager
async def connected(url: str, *, name: str) -> "AsyncIterator[Connection]":
    """A connection as `connect` makes it, until the end of the block."""
    connection = await connect(url, name=name)
    try:
        yield connection
    finally:
        await close_connection(connection)


async def within(seconds: float, coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of the coroutine; raises TimeoutError when it has none after `seconds`, or was cancelled by others.

    Unlike asyncio.timeout this does not wait for ever for a coroutine that will not be cancelled.
    """
    task = asyncio.create_task(coroutine)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_retrieve)
            await asyncio.wait([task], timeout=_CANCEL_TIMEOUT)
    if task.cancelled() or not task.done():
        raise TimeoutError
    return task.result()


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Keeps asyncio from complaining of an error that nobody wants any more."""
    if not task.cancelled():
        task.exception()


class Connection(aio_pika.Connection):
    """See `connect`. `lost` is set when the connection is gone, however that came.

    `on_failure` is called when the broker is to blame for that; not when the connection `is_leaving` by itself.
    """

    def __init__(self, url: URL, **kwargs: Any) -> None:
        super().__init__(url, **kwargs)
        self.lost = asyncio.Event()
        self.is_leaving = False
        self.on_failure: Callable[[], None] = _ignore
        self.close_callbacks.add(self._on_lost)
        self._socket = _Socket()
        self.kwargs["transport_factory"] = self._socket

    async def connect(self, timeout: float | int | None = None) -> None:  # noqa: ASYNC109 - aio-pika's signature
        """Opens the connection; `connect` of this module gives it its deadline."""
        self.transport = await _Underlay.connect(self.url, self._on_connection_close, timeout, **self.kwargs)
        await self._on_connected()

    @property
    def underlying(self) -> "UnderlyingConnection":
        """aiormq's connection; raises ConnectionError once this one is closed."""
        if self.transport is None:
            raise ConnectionError("the connection is closed")
        return cast("UnderlyingConnection", self.transport.connection)

    def cut(self) -> None:
        """Drops the socket without another word."""
        self._socket.cut()
        self.lost.set()

    def _on_lost(self, *_: object) -> None:
        self.lost.set()
        if not self.is_leaving:
            self.on_failure()


def _ignore() -> None:
    """The failure of a connection is nobody's business."""


class _Socket(TransportFactory):
    """Opens the socket of one connection."""

    def __init__(self) -> None:
        self._writer: StreamWriter | None = None

    async def create(self, url: URL, **kwargs: Any) -> tuple[StreamReader, StreamWriter]:
        del kwargs["ssl_context_provider"]  # aiormq's own lets the URL switch verification off
        try:
            # Read anew for each connection: an authority that was replaced is believed without a restart.
            context = await asyncio.to_thread(_context, url.query.get("cafile")) if url.scheme == "amqps" else None
            reader, writer = await asyncio.open_connection(url.host, url.port, ssl=context, limit=CHUNK, **kwargs)
        except ssl.SSLError as error:
            raise BrokerNotTrusted(_reason_of(error)) from None
        for name, level, value in _SOCKET_OPTIONS:
            if hasattr(socket, name):  # not every system has them all
                writer.get_extra_info("socket").setsockopt(level, getattr(socket, name), value)
        self._writer = writer
        return reader, writer

    def cut(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()


def _context(ca_file: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise BrokerNotTrusted(f"the CA file cannot be used ({type(error).__name__})") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _reason_of(error: ssl.SSLError) -> str:
    """Returns OpenSSL's own words about the certificate or the handshake; a host's name at most is in them."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message.rstrip('.')}"
    return f"no TLS with it: {error.reason or type(error).__name__}"


class UnderlyingConnection(aiormq.Connection):
    """aiormq's connection with a reader that no frame breaks; `direct` has consumers by number of channel.

    aiormq offers no way to give it a reader. `__reader` is the one place of its own that is replaced here, by its
    mangled name; a test fails when it is no longer called.
    """

    HEARTBEAT_GRACE_MULTIPLIER = 2

    def __init__(self, url: URL, *, transport_factory: _Socket, **kwargs: Any) -> None:
        super().__init__(url, transport_factory=transport_factory, **kwargs)
        self.direct: dict[int, DeliveryAssembler] = {}
        # Set while what comes may be read.
        self.reading = asyncio.Event()
        self.reading.set()
        self._socket = transport_factory

    async def _Connection__reader(self, receiver: FrameReceiver) -> None:  # noqa: N802 - aiormq's name
        async def read(most: int) -> bytes:
            await self.reading.wait()
            return await receiver.reader.read(most)

        try:
            await super()._Connection__reader(Receiver(read, self.direct))  # type: ignore[misc]
        finally:
            # aiormq says good-bye now, for which a silent broker could let it wait for ever.
            self.loop.call_later(CLOSE_TIMEOUT, self._socket.cut)


class _Underlay(UnderlayConnection):
    @classmethod
    async def make_connection(
        cls,
        url: URL,
        timeout: float | int | None = None,  # noqa: ASYNC109 - aio-pika's signature
        **kwargs: Any,
    ) -> aiormq.abc.AbstractConnection:
        del timeout  # whoever opens the connection gives it a deadline that ends all of it
        connection = UnderlyingConnection(url, **kwargs)
        await connection.connect()
        await connection.ready()
        return connection
