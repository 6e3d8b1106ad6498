"""What an outside party can reach on the bus: its own exchange, its own queue, and nothing else."""

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
class Party:
    """A party that tries things, and another one that it tries them on."""

    me: Credentials
    inbound: str
    outbound: str
    other: Credentials
    other_inbound: str
    other_outbound: str


@pytest.fixture(scope="module", params=["hr", "box-office"])
def party(request: pytest.FixtureRequest, broker: Broker) -> Party:
    """An HR system, then a box office, each with another HR system beside it."""
    me = asyncio.run(clients.new_party(broker, request.param))
    other = asyncio.run(clients.new_party(broker, "hr"))
    _, inbound, outbound = client_names(request.param, clients.name_of(me))
    _, other_inbound, other_outbound = client_names("hr", clients.name_of(other))
    return Party(me, inbound, outbound, other, other_inbound, other_outbound)


Attempt = Callable[[AbstractChannel, Party], Awaitable[object]]

DECLARATIONS: dict[str, Attempt] = {
    "a queue": lambda channel, _: channel.declare_queue("mine", durable=True),
    "a nameless queue of its own": lambda channel, _: channel.declare_queue(exclusive=True),
    "its own queue with other arguments": lambda channel, party: channel.declare_queue(
        party.outbound, durable=True, arguments={"x-max-length": 1}
    ),
    "an exchange": lambda channel, _: channel.declare_exchange("mine", durable=True),
    "its own exchange once more": lambda channel, party: channel.declare_exchange(
        party.me.exchange, "fanout", durable=True
    ),
    "the end of its queue": lambda channel, party: channel.queue_delete(party.outbound),
    "the end of its exchange": lambda channel, party: channel.exchange_delete(party.me.exchange),
}

BINDINGS: dict[str, Attempt] = {
    "its queue to the answers of others": lambda channel, party: _bind(
        channel, party.outbound, "receipts", party.other.username
    ),
    "its queue to the tickets of others": lambda channel, party: _bind(channel, party.outbound, "tickets", "paard"),
    "its queue to its own exchange": lambda channel, party: _bind(channel, party.outbound, party.me.exchange, "#"),
    "the queue of another to its own exchange": lambda channel, party: _bind(
        channel, party.other_inbound, party.me.exchange, "#"
    ),
    "its queue off the exchange that serves it": lambda channel, party: _unbind(channel, party.outbound, "receipts"),
    "its exchange to another": lambda channel, party: _bind_exchange(channel, party.me.exchange, "receipts"),
}

PUBLICATIONS: dict[str, Callable[[Party], tuple[str, str]]] = {
    "straight to the queue of another": lambda party: ("", party.other_inbound),
    "straight to its own queue": lambda party: ("", party.outbound),
    "as another": lambda party: (party.other.exchange, "enrolment"),
    "receipts": lambda party: ("receipts", clients.name_of(party.other)),
    "tickets": lambda _: ("tickets", "paard"),
    "dead letters": lambda _: ("dead-letters", "registration"),
    "to a standard exchange": lambda _: ("amq.topic", "x"),
}

READS: dict[str, Callable[[Party], str]] = {
    "its own messages to us": lambda party: party.inbound,
    "the messages of another to us": lambda party: party.other_inbound,
    "the receipts of another": lambda party: party.other_outbound,
    "dead letters": lambda _: "registration.dead",
}


async def _bind(channel: AbstractChannel, queue: str, exchange: str, key: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).bind(exchange, key)


async def _unbind(channel: AbstractChannel, queue: str, exchange: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).unbind(exchange, "x")


async def _bind_exchange(channel: AbstractChannel, target: str, source: str) -> None:
    await (await channel.get_exchange(target, ensure=False)).bind(source, "#")


async def test_a_party_can_send_on_its_exchange_and_fetch_from_its_queue(broker: Broker, party: Party) -> None:
    async with clients.channel_of(party.me.url) as channel:
        await clients.send(channel, party.me.exchange, party.me.routing_key, aio_pika.Message(b"sent"))
    async with clients.channel_of(broker.amqp_url(party.me.vhost)) as ours:
        received = await clients.first(ours, party.inbound)
        assert received.body == b"sent"
        await received.ack()
        answers = "receipts" if party.me.username.startswith("hr.") else "tickets"
        await clients.send(ours, answers, clients.name_of(party.me), aio_pika.Message(b"answer"))
    async with clients.channel_of(party.me.url) as channel:
        heard = await clients.first(channel, party.me.queue)
        assert heard.body == b"answer"
        await heard.ack()


@pytest.mark.parametrize("what", DECLARATIONS)
async def test_a_party_may_declare_and_delete_nothing(what: str, party: Party) -> None:
    async with clients.channel_of(party.me.url) as channel:
        with pytest.raises(ChannelAccessRefused):
            await DECLARATIONS[what](channel, party)


@pytest.mark.parametrize("what", BINDINGS)
async def test_a_party_may_bind_nothing(what: str, party: Party) -> None:
    async with clients.channel_of(party.me.url) as channel:
        with pytest.raises(ChannelAccessRefused):
            await BINDINGS[what](channel, party)


@pytest.mark.parametrize("what", PUBLICATIONS)
async def test_a_party_may_publish_nowhere_but_on_its_own_exchange(what: str, party: Party) -> None:
    exchange, routing_key = PUBLICATIONS[what](party)
    async with clients.channel_of(party.me.url) as channel:
        with pytest.raises(AMQPError, match="ACCESS_REFUSED"):
            await clients.send(channel, exchange, routing_key, aio_pika.Message(b"{}"))


@pytest.mark.parametrize("what", READS)
async def test_a_party_may_neither_consume_nor_get_nor_purge_what_is_not_addressed_to_it(
    what: str, party: Party
) -> None:
    queue = READS[what](party)
    attempts: list[Callable[[AbstractChannel], Awaitable[object]]] = [
        lambda channel: clients.first(channel, queue),
        lambda channel: clients.fetch(channel, queue),
        lambda channel: _purge(channel, queue),
    ]
    for attempt in attempts:
        async with clients.channel_of(party.me.url) as channel:
            with pytest.raises(ChannelAccessRefused):
                await attempt(channel)


async def _purge(channel: AbstractChannel, queue: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).purge()


async def test_a_party_that_guesses_the_queue_of_another_is_told_how_many_messages_wait_and_nothing_else(
    broker: Broker, party: Party
) -> None:
    """See docs/decisions/0001-two-virtual-hosts.md; from RabbitMQ 4.2.7 on not even that."""
    async with clients.channel_of(party.me.url) as channel:
        try:
            queue = await channel.declare_queue(party.other_inbound, passive=True)
        except ChannelAccessRefused:
            return
        told = queue.declaration_result
    assert (told.queue, told.consumer_count) == (party.other_inbound, 0)
    assert told.message_count == await clients.depth(broker, party.other_inbound)
    assert {name for name in told.__slots__ if hasattr(told, name)} == {"queue", "message_count", "consumer_count"}


async def test_copies_by_header_reach_nobody_else(broker: Broker, party: Party) -> None:
    keys = [
        party.other_inbound,
        party.other_outbound,
        clients.name_of(party.other),
        "registration",
        "registration.dead",
    ]
    message = aio_pika.Message(b"{}", headers={"CC": list(keys), "BCC": list(keys)})
    watched = (party.other_inbound, party.other_outbound, "registration.dead", "ticketing.dead")
    before = [await clients.depth(broker, queue) for queue in watched]
    async with clients.channel_of(party.me.url) as channel:
        await clients.send(channel, party.me.exchange, "x", message)
    async with clients.channel_of(broker.amqp_url(party.me.vhost)) as ours:
        await (await clients.first(ours, party.inbound)).ack()
    # The confirm came, so the message was routed to all that it will ever reach: once, to the party's own queue.
    assert [await clients.depth(broker, queue) for queue in watched] == before
    assert await clients.depth(broker, party.inbound) == 0


async def test_a_party_cannot_sign_with_the_name_of_another(broker: Broker, party: Party) -> None:
    forged = aio_pika.Message(b"{}", user_id=party.other.username)
    async with clients.channel_of(party.me.url) as channel:
        with pytest.raises(AMQPError, match="user_id"):
            await clients.send(channel, party.me.exchange, "x", forged)
    assert await clients.depth(broker, party.inbound) == 0


async def test_a_party_cannot_enter_another_virtual_host(broker: Broker, party: Party) -> None:
    for vhost in (broker.vhosts.core, "%2F", "nowhere"):
        with pytest.raises(AMQPError):
            await aio_pika.connect(clients.at(party.me, vhost), timeout=10)


async def test_a_party_cannot_log_in_to_the_console(broker: Broker, party: Party) -> None:
    async with httpx.AsyncClient(auth=(party.me.username, party.me.password), trust_env=False) as client:
        answer = await client.get(f"{broker.management_url}/api/queues")
    assert answer.status_code == httpx.codes.UNAUTHORIZED
