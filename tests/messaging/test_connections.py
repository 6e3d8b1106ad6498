"""Connections to a broker that is silent instead of gone: each wait ends, and the end is noticed."""

import asyncio
import contextlib
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self, cast

import aio_pika
import aiormq
import httpx
import pytest
from yarl import URL

from culture_connect.messaging.connection import (
    close_connection,
    connect,
    connected,
    within,
)
from culture_connect.messaging.consuming.channel import ConsumerChannel
from culture_connect.messaging.consuming.incoming_message import IncomingMessage
from tests.support.bus import Bus
from tests.support.probes import eventually, until

QUEUE = "hr.acme.enrolments"


class SilentWire:
    """A TCP relay that takes connections; once `silence` was called nothing passes any more, either way.

    With `frames` the broker is heard for so many frames only.
    """

    def __init__(self, port: int, *, frames: int | None = None) -> None:
        self._target = port
        self._frames = frames
        self._loud = asyncio.Event()
        self._loud.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        pipes: list[StreamWriter] = []

        async def take(reader: StreamReader, writer: StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            pipes.extend((writer, far_writer))
            await asyncio.gather(self._pass(reader, far_writer), self._pass_back(far_reader, writer))

        server = await asyncio.start_server(take, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self._loud.set()
            for pipe in pipes:
                pipe.transport.abort()

    def silence(self) -> None:
        self._loud.clear()

    def through(self, url: str) -> str:
        return str(URL(url).with_host("127.0.0.1").with_port(self._port))

    async def _pass_back(self, reader: StreamReader, writer: StreamWriter) -> None:
        for _ in range(self._frames or 0):
            head = await reader.readexactly(7)
            writer.write(head + await reader.readexactly(int.from_bytes(head[3:]) + 1))
        if self._frames is None:
            await self._pass(reader, writer)

    async def _pass(self, reader: StreamReader, writer: StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._loud.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


async def test_a_broker_that_falls_silent_is_given_up(bus: Bus) -> None:
    async with SilentWire(bus.server.port).open() as wire:
        connection = await connect(wire.through(bus.administrator_url("edge")), name="tests", heartbeat=1)
        closed = asyncio.Event()
        connection.close_callbacks.add(lambda *_: closed.set())
        wire.silence()
        began = time.monotonic()
        async with asyncio.timeout(10):
            await closed.wait()
        # aiormq's grace with this heartbeat is (1 + 1) * 2 seconds.
        assert 3 < time.monotonic() - began < 8
        await close_connection(connection)


@pytest.mark.parametrize("frames", [0, 1, 2])
async def test_connecting_to_a_broker_that_falls_silent_in_the_middle_ends(bus: Bus, frames: int) -> None:
    async with SilentWire(bus.server.port, frames=frames).open() as wire:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await connect(wire.through(bus.administrator_url("edge")), name="tests", timeout=0.5)
        assert time.monotonic() - began < 3


async def test_closing_towards_a_silent_broker_ends_though_its_buffers_are_full(bus: Bus) -> None:
    async with SilentWire(bus.server.port).open() as wire:
        connection = await connect(wire.through(bus.administrator_url("edge")), name="tests")
        channel = await connection.channel(publisher_confirms=False)
        wire.silence()
        body = bytes(100_000)
        underlay = cast("aiormq.Channel", await channel.get_underlay_channel())
        for _ in range(300):
            await underlay.basic_publish(body, routing_key="nowhere", wait=False)
        began = time.monotonic()
        await close_connection(connection, timeout=1)
        assert time.monotonic() - began < 4
        assert connection.is_closed


async def test_a_broker_that_is_stopped_with_everything_silent_ends_within_its_grace(bus: Bus) -> None:
    bus.add_party("hr", "acme")

    taken: list[IncomingMessage] = []
    async with SilentWire(bus.server.port).open() as wire:
        connection = await connect(wire.through(bus.administrator_url("edge")), name="tests")
        consumer = ConsumerChannel(connection, QUEUE, prefetch=1, tag="tests", deliver=taken.append)
        await consumer.start()
        async with bus.administrator("edge") as channel:
            await channel.default_exchange.publish(aio_pika.Message(b""), QUEUE)
        await eventually(lambda: len(taken), 1, "messages in hand")
        wire.silence()
        began = time.monotonic()
        await consumer.stop()
        await close_connection(connection)
        assert time.monotonic() - began < 10
        assert connection.lost.is_set()


async def test_a_refused_connection_is_an_error_at_once() -> None:
    with pytest.raises(ConnectionError):
        await connect("amqp://nobody:nothing@127.0.0.1:1/", name="tests")


async def test_a_wrong_password_is_an_error_at_once(bus: Bus) -> None:
    url = str(URL(bus.administrator_url("edge")).with_password("wrong"))
    with pytest.raises(Exception, match="ACCESS_REFUSED"):
        await connect(url, name="tests")


async def test_a_connection_is_seen_under_its_name_and_with_its_heartbeat(bus: Bus) -> None:
    server = bus.server

    async def listed() -> set[tuple[str, int]]:
        answer = await management.get("/api/connections")
        return {(each["client_properties"].get("connection_name"), each["timeout"]) for each in answer.json()}

    async with (
        httpx.AsyncClient(
            base_url=server.management_url, auth=(server.username, server.password), trust_env=False
        ) as management,
        connected(bus.administrator_url("edge"), name="registration hr.acme.enrolments"),
    ):
        await until(listed, lambda seen: ("registration hr.acme.enrolments", 5) in seen, "the connection")


async def test_a_wait_ends_though_what_it_waits_for_will_not_be_cancelled() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if released:
                    raise

    released = False
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await within(0.05, stubborn())
    assert time.monotonic() - began < 3
    released = True
