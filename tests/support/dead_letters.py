"""A look at the dead letters of a running system, as its administrator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from culture_connect_cli.broker.connection import Broker


@asynccontextmanager
async def dead_letters(
    broker: Broker, service: str, side: Literal["core", "edge"]
) -> AsyncIterator[list[AbstractIncomingMessage]]:
    """The dead letters of a service, as they come in while the block runs; they stay in their queue."""
    found: list[AbstractIncomingMessage] = []

    async def look(message: AbstractIncomingMessage) -> None:
        found.append(message)

    vhost = broker.vhosts.core if side == "core" else broker.vhosts.edge
    # What is not acknowledged goes back when the connection ends.
    async with await aio_pika.connect(broker.amqp_url(vhost)) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(f"{service}.dead", ensure=False)
        await queue.consume(look)
        yield found
