"""An HR system and a box office that survive a broker that dies under them, written from the contract alone."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from culture_connect_cli.accounts import Credentials
from tests.support.tasks import end

PAUSE = 0.1  # seconds before a lost connection is tried again
TIMEOUT = 10.0  # seconds for the broker to answer

LOST = (aio_pika.exceptions.AMQPError, ConnectionError, TimeoutError, RuntimeError)


@dataclass(frozen=True)
class Sending:
    """A message that an external client sends, with an id that stays the same however often it is sent."""

    id: str
    type: str
    data: Mapping[str, Any]


async def send_until_confirmed(account: Credentials, sendings: Iterable[Sending]) -> None:
    """Publishes all of them, and again what the broker did not confirm, as long as it takes."""
    open_ = {sending.id: sending for sending in sendings}
    while open_:
        with contextlib.suppress(*LOST):
            async with asyncio.timeout(TIMEOUT), await aio_pika.connect(account.url) as connection:
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                exchange = await channel.get_exchange(account.exchange, ensure=False)
                await asyncio.gather(*(_send(exchange, account, sending, open_) for sending in list(open_.values())))
        await asyncio.sleep(PAUSE if open_ else 0)


async def _send(
    exchange: aio_pika.abc.AbstractExchange, account: Credentials, sending: Sending, open_: dict[str, Sending]
) -> None:
    message = aio_pika.Message(
        json.dumps(sending.data).encode(),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=sending.id,
        type=sending.type,
    )
    await exchange.publish(message, account.routing_key)
    del open_[sending.id]


@dataclass
class QueueListener:
    """The messages that an account has received: the data by id, and how often each id came."""

    received: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)

    def data(self, type_: str) -> list[dict[str, Any]]:
        """The data of all messages of this type, each id once."""
        return [data for heard_type, data in self.received.values() if heard_type == f"nl.cultureconnect.{type_}.v1"]


@asynccontextmanager
async def listening(account: Credentials) -> AsyncIterator[QueueListener]:
    """Consumes the queue of the account, and again when the connection is lost."""
    listener = QueueListener()
    task = asyncio.create_task(_listen(account, listener))
    try:
        yield listener
    finally:
        await end(task)


async def _listen(account: Credentials, listener: QueueListener) -> None:
    async def take(message: AbstractIncomingMessage) -> None:
        message_id = str(message.headers["ce-id"])
        listener.received[message_id] = (str(message.headers["ce-type"]), json.loads(message.body))
        listener.times[message_id] += 1
        await message.ack()

    while True:
        with contextlib.suppress(*LOST):
            async with await aio_pika.connect(account.url, timeout=TIMEOUT) as connection:
                lost = asyncio.Event()
                connection.close_callbacks.add(lambda *_, lost=lost: lost.set())
                # A broker that is still starting may never answer for a queue whose leader it does not know yet.
                async with asyncio.timeout(TIMEOUT):
                    channel = await connection.channel()
                    await channel.set_qos(prefetch_count=200)
                    queue = await channel.get_queue(account.queue, ensure=False)
                    await queue.consume(take)
                await lost.wait()
        await asyncio.sleep(PAUSE)
