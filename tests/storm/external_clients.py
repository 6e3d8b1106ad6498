"""External clients on the bus: one that sends until the broker has confirmed, and one that reads and can pause."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Self

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractExchange, AbstractIncomingMessage

from culture_connect_cli.accounts import Credentials
from tests.support.external_clients import LOST
from tests.support.tasks import end

_TIMEOUT: Final = 8.0  # seconds for the broker to answer
_PAUSE: Final = 0.3  # seconds before the next try
_HEARTBEAT: Final = 10  # seconds


class ConfirmedSender:
    """One connection, made again when it is lost; a message is sent again until the broker confirms it."""

    def __init__(self, account: Credentials) -> None:
        self._account = account
        self._connection: AbstractConnection | None = None
        self._exchange: AbstractExchange | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._drop()

    async def send(self, message: aio_pika.Message) -> None:
        """Returns when the broker has the message; the same may come more than once, with the same id."""
        while True:
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(_TIMEOUT):
                    exchange = await self._connected()
                    await exchange.publish(message, self._account.routing_key)
                return
            await self._drop()
            await asyncio.sleep(_PAUSE)

    async def _connected(self) -> AbstractExchange:
        if self._exchange is None:
            url = f"{self._account.url}?heartbeat={_HEARTBEAT}"
            self._connection = await aio_pika.connect(url, timeout=_TIMEOUT)
            channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            self._exchange = await channel.get_exchange(self._account.exchange, ensure=False)
        return self._exchange

    async def _drop(self) -> None:
        connection, self._connection, self._exchange = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(2):
                    await connection.close()


@dataclass(frozen=True)
class ReceivedMessage:
    """A message that an account read for the first time, `at` when (monotonic seconds)."""

    id: str
    type: str
    data: dict[str, Any]
    at: float


class QueueReader:
    """Reads a queue while the block runs, unless it pauses; `received` has each event once, by its id."""

    def __init__(self, account: Credentials) -> None:
        self.received: dict[str, ReceivedMessage] = {}
        self.times: Counter[str] = Counter()
        self._account = account
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.resume()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pause()

    def of(self, type_: str) -> list[ReceivedMessage]:
        """Returns the messages of this type, in the order of their first arrival."""
        return [received for received in self.received.values() if received.type == f"nl.cultureconnect.{type_}.v1"]

    async def pause(self) -> None:
        """Lets go of the queue; what it was given and has not acknowledged goes back."""
        if self._task is not None:
            await end(self._task)
            self._task = None

    async def resume(self) -> None:
        """Reads on."""
        if self._task is None:
            self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            with contextlib.suppress(*LOST):
                await self._read_connected()
            await asyncio.sleep(_PAUSE)

    async def _read_connected(self) -> None:
        """Until the connection is lost."""
        url = f"{self._account.url}?heartbeat={_HEARTBEAT}"
        connection = await aio_pika.connect(url, timeout=_TIMEOUT)
        try:
            lost = asyncio.Event()
            connection.close_callbacks.add(lambda *_: lost.set())
            async with asyncio.timeout(_TIMEOUT):
                channel = await connection.channel()
                channel.close_callbacks.add(lambda *_: lost.set())
                await channel.set_qos(prefetch_count=200)
                queue = await channel.get_queue(self._account.queue, ensure=False)
                await queue.consume(self._take)
            await lost.wait()
        finally:
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(2):
                    await connection.close()

    async def _take(self, message: AbstractIncomingMessage) -> None:
        id_, type_ = str(message.headers["ce-id"]), str(message.headers["ce-type"])
        self.received.setdefault(id_, ReceivedMessage(id_, type_, json.loads(message.body), time.monotonic()))
        self.times[id_] += 1
        await message.ack()
