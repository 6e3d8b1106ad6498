"""The account of an external client reaches its own exchange and queue on the bus, and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelAccessRefused

from culture_connect_cli.accounts import Credentials
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.broker.definitions import client_names
from tests.security import clients


@dataclass(frozen=True)
class AccountPair:
    """An account that tries things, and another one that it tries them on."""

    me: Credentials
    inbound: str
    outbound: str
    other: Credentials
    other_inbound: str
    other_outbound: str


@pytest.fixture(scope="module", params=["hr", "box-office"])
def pair(request: pytest.FixtureRequest, broker: Broker) -> AccountPair:
    """An HR system, then a box office, each with another HR system beside it."""
    me = asyncio.run(clients.new_account(broker, request.param))
    other = asyncio.run(clients.new_account(broker, "hr"))
    _, inbound, outbound = client_names(request.param, clients.name_of(me))
    _, other_inbound, other_outbound = client_names("hr", clients.name_of(other))
    return AccountPair(me, inbound, outbound, other, other_inbound, other_outbound)


Attempt = Callable[[AbstractChannel, AccountPair], Awaitable[object]]

DECLARATIONS: dict[str, Attempt] = {
    "a queue": lambda channel, _: channel.declare_queue("mine", durable=True),
    "a nameless queue of its own": lambda channel, _: channel.declare_queue(exclusive=True),
    "its own queue with other arguments": lambda channel, pair: channel.declare_queue(
        pair.outbound, durable=True, arguments={"x-max-length": 1}
    ),
    "an exchange": lambda channel, _: channel.declare_exchange("mine", durable=True),
    "its own exchange once more": lambda channel, pair: channel.declare_exchange(
        pair.me.exchange, "fanout", durable=True
    ),
    "the end of its queue": lambda channel, pair: channel.queue_delete(pair.outbound),
    "the end of its exchange": lambda channel, pair: channel.exchange_delete(pair.me.exchange),
}

BINDINGS: dict[str, Attempt] = {
    "its queue to the answers of others": lambda channel, pair: _bind(
        channel, pair.outbound, "receipts", pair.other.username
    ),
    "its queue to the tickets of others": lambda channel, pair: _bind(channel, pair.outbound, "tickets", "paard"),
    "its queue to its own exchange": lambda channel, pair: _bind(channel, pair.outbound, pair.me.exchange, "#"),
    "the queue of another to its own exchange": lambda channel, pair: _bind(
        channel, pair.other_inbound, pair.me.exchange, "#"
    ),
    "its queue off the exchange that serves it": lambda channel, pair: _unbind(channel, pair.outbound, "receipts"),
    "its exchange to another": lambda channel, pair: _bind_exchange(channel, pair.me.exchange, "receipts"),
}

PUBLICATIONS: dict[str, Callable[[AccountPair], tuple[str, str]]] = {
    "straight to the queue of another": lambda pair: ("", pair.other_inbound),
    "straight to its own queue": lambda pair: ("", pair.outbound),
    "as another": lambda pair: (pair.other.exchange, "enrolment"),
    "receipts": lambda pair: ("receipts", clients.name_of(pair.other)),
    "tickets": lambda _: ("tickets", "paard"),
    "dead letters": lambda _: ("dead-letters", "registration"),
    "to a standard exchange": lambda _: ("amq.topic", "x"),
}

READS: dict[str, Callable[[AccountPair], str]] = {
    "its own messages to us": lambda pair: pair.inbound,
    "the messages of another to us": lambda pair: pair.other_inbound,
    "the receipts of another": lambda pair: pair.other_outbound,
    "dead letters": lambda _: "registration.dead",
}


async def _bind(channel: AbstractChannel, queue: str, exchange: str, key: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).bind(exchange, key)


async def _unbind(channel: AbstractChannel, queue: str, exchange: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).unbind(exchange, "x")


async def _bind_exchange(channel: AbstractChannel, target: str, source: str) -> None:
    await (await channel.get_exchange(target, ensure=False)).bind(source, "#")


async def test_an_account_can_send_on_its_exchange_and_fetch_from_its_queue(broker: Broker, pair: AccountPair) -> None:
    async with clients.channel_of(pair.me.url) as channel:
        await clients.send(channel, pair.me.exchange, pair.me.routing_key, aio_pika.Message(b"sent"))
    async with clients.channel_of(broker.amqp_url(pair.me.vhost)) as ours:
        received = await clients.first(ours, pair.inbound)
        assert received.body == b"sent"
        await received.ack()
        answers = "receipts" if pair.me.username.startswith("hr.") else "tickets"
        await clients.send(ours, answers, clients.name_of(pair.me), aio_pika.Message(b"answer"))
    async with clients.channel_of(pair.me.url) as channel:
        received = await clients.first(channel, pair.me.queue)
        assert received.body == b"answer"
        await received.ack()


@pytest.mark.parametrize("what", DECLARATIONS)
async def test_an_account_may_declare_and_delete_nothing(what: str, pair: AccountPair) -> None:
    async with clients.channel_of(pair.me.url) as channel:
        with pytest.raises(ChannelAccessRefused):
            await DECLARATIONS[what](channel, pair)


@pytest.mark.parametrize("what", BINDINGS)
async def test_an_account_may_bind_nothing(what: str, pair: AccountPair) -> None:
    async with clients.channel_of(pair.me.url) as channel:
        with pytest.raises(ChannelAccessRefused):
            await BINDINGS[what](channel, pair)


@pytest.mark.parametrize("what", PUBLICATIONS)
async def test_an_account_may_publish_nowhere_but_on_its_own_exchange(what: str, pair: AccountPair) -> None:
    exchange, routing_key = PUBLICATIONS[what](pair)
    async with clients.channel_of(pair.me.url) as channel:
        with pytest.raises(AMQPError, match="ACCESS_REFUSED"):
            await clients.send(channel, exchange, routing_key, aio_pika.Message(b"{}"))


@pytest.mark.parametrize("what", READS)
async def test_an_account_may_neither_consume_nor_get_nor_purge_what_is_not_addressed_to_it(
    what: str, pair: AccountPair
) -> None:
    queue = READS[what](pair)
    attempts: list[Callable[[AbstractChannel], Awaitable[object]]] = [
        lambda channel: clients.first(channel, queue),
        lambda channel: clients.fetch(channel, queue),
        lambda channel: _purge(channel, queue),
    ]
    for attempt in attempts:
        async with clients.channel_of(pair.me.url) as channel:
            with pytest.raises(ChannelAccessRefused):
                await attempt(channel)


async def _purge(channel: AbstractChannel, queue: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).purge()


async def test_an_account_that_guesses_the_queue_of_another_is_told_how_many_messages_wait_and_nothing_else(
    broker: Broker, pair: AccountPair
) -> None:
    """See docs/decisions/0001-two-virtual-hosts.md; from RabbitMQ 4.2.7 on not even that."""
    async with clients.channel_of(pair.me.url) as channel:
        try:
            queue = await channel.declare_queue(pair.other_inbound, passive=True)
        except ChannelAccessRefused:
            return
        told = queue.declaration_result
    assert (told.queue, told.consumer_count) == (pair.other_inbound, 0)
    assert told.message_count == await clients.depth(broker, pair.other_inbound)
    assert {name for name in told.__slots__ if hasattr(told, name)} == {"queue", "message_count", "consumer_count"}


async def test_copies_by_header_reach_nobody_else(broker: Broker, pair: AccountPair) -> None:
    keys = [
        pair.other_inbound,
        pair.other_outbound,
        clients.name_of(pair.other),
        "registration",
        "registration.dead",
    ]
    message = aio_pika.Message(b"{}", headers={"CC": list(keys), "BCC": list(keys)})
    watched = (pair.other_inbound, pair.other_outbound, "registration.dead", "ticketing.dead")
    before = [await clients.depth(broker, queue) for queue in watched]
    async with clients.channel_of(pair.me.url) as channel:
        await clients.send(channel, pair.me.exchange, "x", message)
    async with clients.channel_of(broker.amqp_url(pair.me.vhost)) as ours:
        await (await clients.first(ours, pair.inbound)).ack()
    # The confirm came, so the message was routed to all that it will ever reach: once, to the own queue of the account.
    assert [await clients.depth(broker, queue) for queue in watched] == before
    assert await clients.depth(broker, pair.inbound) == 0


async def test_an_account_cannot_sign_with_the_name_of_another(broker: Broker, pair: AccountPair) -> None:
    forged = aio_pika.Message(b"{}", user_id=pair.other.username)
    async with clients.channel_of(pair.me.url) as channel:
        with pytest.raises(AMQPError, match="user_id"):
            await clients.send(channel, pair.me.exchange, "x", forged)
    assert await clients.depth(broker, pair.inbound) == 0


async def test_an_account_cannot_enter_another_virtual_host(broker: Broker, pair: AccountPair) -> None:
    for vhost in (broker.vhosts.core, "%2F", "nowhere"):
        with pytest.raises(AMQPError):
            await aio_pika.connect(clients.at(pair.me, vhost), timeout=10)


async def test_an_account_cannot_log_in_to_the_console(broker: Broker, pair: AccountPair) -> None:
    async with httpx.AsyncClient(auth=(pair.me.username, pair.me.password), trust_env=False) as client:
        answer = await client.get(f"{broker.management_url}/api/queues")
    assert answer.status_code == httpx.codes.UNAUTHORIZED
