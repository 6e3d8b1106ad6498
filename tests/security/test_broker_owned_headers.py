"""Headers that only the broker should write, forged by a client: they reach nobody else, today or after a restart.

RabbitMQ 3.10 believes `x-death` of a message that it dead-letters at least once. One that is not the list of tables
that the broker writes ends `rabbit_fifo_dlx_worker`, and after some of them the supervisor of all of them on the node.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, HeadersType
from aio_pika.exceptions import AMQPError

from culture_connect.messaging.topology import EVENTS, dead_queue, enrolments_queue, events_queue
from culture_connect_cli.accounts import Credentials
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.stack.rabbitmq.node import Node
from tests.security import clients
from tests.support.bus import Bus, fresh_bus
from tests.support.probes import eventually
from tests.support.servers import new_rabbitmq

# The broker is started twice.
pytestmark = pytest.mark.timeout(150)

# Routing by CC and BCC of a wrong type is refused, with the channel.
FORGED: tuple[HeadersType, ...] = (
    {"x-death": [1, 2]},
    {"x-death": "never"},
    {"x-death": {"count": -1}},
    {"x-death": [{"count": "many", "queue": 7, "reason": [], "exchange": {}, "routing-keys": 1}]},
    {"x-first-death-queue": 1, "x-first-death-reason": [1], "x-first-death-exchange": {"a": 1}},
    {"x-last-death-queue": 1, "x-last-death-reason": [1], "x-last-death-exchange": {"a": 1}},
    {"x-delivery-count": "many"},
    {"x-delivery-count": -1},
    {"CC": [1, 2]},
    {"CC": 1},
    {"BCC": {"a": "b"}},
    {"x-death": [1, 2], "CC": ["x"], "BCC": ["y"]},
)
ROUNDS = 3  # more than a supervisor of the broker forgives in ten seconds


@pytest.fixture
def server(scratch: Path) -> Iterator[Node]:
    """A broker of the test's own: it may not come up again."""
    folder = scratch / f"attacked-{secrets.token_hex(4)}"
    with new_rabbitmq(
        folder, password=secrets.token_urlsafe(), log=folder.with_suffix(".log"), statistics_interval=500
    ) as node:
        yield node
        node.kill()  # nothing is to be kept: a proper stop takes seconds


@pytest.fixture
def attacked(server: Node) -> Iterator[Bus]:
    """The whole topology on it."""
    with fresh_bus(server) as bus:
        yield bus


async def test_forged_headers_of_a_party_stop_nobody_before_or_after_a_restart(attacked: Bus) -> None:
    broker = attacked.broker
    attacker, neighbour = await clients.new_account(broker, "hr"), await clients.new_account(broker, "hr")
    scanner = await clients.new_account(broker, "box-office")
    for account in (attacker, scanner):
        for _ in range(ROUNDS):
            for headers in FORGED:
                await _send_expiring(account, headers)

    await _is_heard(broker, neighbour)
    await _core_still_dead_letters(attacked)
    await eventually(lambda: _without_leader(broker), [], "the queues without a leader", timeout=20)

    await asyncio.to_thread(attacked.server.restart)  # type: ignore[attr-defined]
    await eventually(lambda: _without_leader(broker), [], "the queues without a leader", timeout=30)
    await _is_heard(broker, neighbour)
    await _core_still_dead_letters(attacked)


async def _send_expiring(account: Credentials, headers: HeadersType) -> None:
    """Messages that run out at once, ahead of some that do not."""
    forged = aio_pika.Message(b"{}", headers=headers, expiration=0.001, delivery_mode=2)
    with contextlib.suppress(AMQPError, ConnectionError, RuntimeError):  # the broker may refuse it
        async with await aio_pika.connect(account.url, timeout=10) as connection:
            channel = await connection.channel(publisher_confirms=False)
            exchange = await channel.get_exchange(account.exchange, ensure=False)
            for _ in range(3):
                await exchange.publish(forged, "x")
            for _ in range(10):
                await exchange.publish(aio_pika.Message(b"{}"), "x")


async def _is_heard(broker: Broker, account: Credentials) -> None:
    body = secrets.token_bytes(8)
    async with clients.channel_of(account.url) as channel:
        await clients.send(channel, account.exchange, "x", aio_pika.Message(body, delivery_mode=2))
    async with clients.channel_of(broker.amqp_url(broker.vhosts.edge)) as ours:
        message = await clients.first(ours, enrolments_queue(clients.name_of(account)))
        await message.ack()
    assert message.body == body


async def _core_still_dead_letters(bus: Bus) -> None:
    """Asserts that a message refused on `core` arrives among the dead letters of its service."""
    body = secrets.token_bytes(8)
    async with clients.channel_of(bus.administrator_url("core")) as channel:
        await clients.send(channel, EVENTS, "ticket.issued.paard", aio_pika.Message(body, delivery_mode=2))
        await (await clients.first(channel, events_queue("notifications"))).reject(requeue=False)
        dead = await _taken(channel, dead_queue("notifications"))
    assert dead == body


async def _taken(channel: AbstractChannel, queue: str) -> bytes:
    message = await clients.first(channel, queue)
    await message.ack()
    return message.body


async def _without_leader(broker: Broker) -> list[str]:
    async with broker.management() as management:
        rows: list[dict[str, Any]] = await management.get("queues")
    return sorted(row["name"] for row in rows if row.get("state") != "running" or row["leader"] not in row["online"])
