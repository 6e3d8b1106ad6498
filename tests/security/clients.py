"""External clients on the bus: plain aio-pika, nothing of the project's own bus kit."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractChannel

from culture_connect.messaging.topology import PartyKind
from culture_connect_cli.accounts import Credentials, add_account
from culture_connect_cli.broker.connection import Broker


async def new_account(broker: Broker, kind: PartyKind) -> Credentials:
    """Adds an account with a name that no other test uses: accounts are shared by all virtual hosts of a broker."""
    return await add_account(broker, kind, f"t{secrets.token_hex(4)}")


def name_of(credentials: Credentials) -> str:
    """Returns the slug of the account."""
    return credentials.username.partition(".")[2]


@asynccontextmanager
async def channel_of(url: str) -> AsyncIterator[AbstractChannel]:
    """A channel with publisher confirms on a connection of its own; both are closed at the end."""
    async with await aio_pika.connect(url, timeout=10) as connection, connection.channel() as channel:
        yield channel


async def send(channel: AbstractChannel, exchange: str, routing_key: str, message: aio_pika.Message) -> None:
    """Publishes and waits for the broker's confirm; raises what the broker says against it."""
    target = await channel.get_exchange(exchange, ensure=False)
    await target.publish(message, routing_key, mandatory=False, timeout=10)


async def fetch(channel: AbstractChannel, queue: str) -> aio_pika.abc.AbstractIncomingMessage | None:
    """The first message of the queue, taken out of it; None when there is none."""
    source = await channel.get_queue(queue, ensure=False)
    return await source.get(no_ack=True, fail=False, timeout=10)


async def first(channel: AbstractChannel, queue: str) -> aio_pika.abc.AbstractIncomingMessage:
    """The first message that a consumer of the queue gets within ten seconds; it is not acknowledged yet."""
    arrived: asyncio.Future[aio_pika.abc.AbstractIncomingMessage] = asyncio.get_running_loop().create_future()

    async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        if not arrived.done():
            arrived.set_result(message)

    await channel.set_qos(prefetch_count=1)
    source = await channel.get_queue(queue, ensure=False)
    tag = await source.consume(take)
    message = await asyncio.wait_for(arrived, 10)
    await source.cancel(tag)
    return message


async def depth(broker: Broker, queue: str) -> int:
    """Returns the number of messages ready in a queue of the edge."""
    async with channel_of(broker.amqp_url(broker.vhosts.edge)) as channel:
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0


def at(credentials: Credentials, vhost: str) -> str:
    """The address of another virtual host with these credentials."""
    return credentials.url.rpartition("/")[0] + "/" + vhost
