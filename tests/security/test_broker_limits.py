"""A client that sends too much, or too large, or connects too often, harms nobody but itself."""

import secrets
from contextlib import AsyncExitStack

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError, ChannelPreconditionFailed, DeliveryError

from culture_connect.messaging.topology import (
    INBOUND_LIMITS,
    INBOUND_MAX_LENGTH,
    MAX_MESSAGE_BYTES,
    RECEIPTS,
    RECEIPTS_LIMITS,
    PartyKind,
    dead_queue,
    enrolments_queue,
)
from culture_connect_cli.broker.connection import Broker
from tests.security import clients
from tests.support.probes import eventually


def _message(size: int) -> aio_pika.Message:
    return aio_pika.Message(secrets.token_bytes(size), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)


async def test_a_body_of_300_kib_is_refused_and_nobody_else_notices(broker: Broker) -> None:
    large, neighbour = await clients.new_account(broker, "hr"), await clients.new_account(broker, "hr")
    async with clients.channel_of(neighbour.url) as other, clients.channel_of(large.url) as channel:
        with pytest.raises(ChannelPreconditionFailed, match=str(MAX_MESSAGE_BYTES)):
            await clients.send(channel, large.exchange, "x", _message(300 * 1024))
        await clients.send(other, neighbour.exchange, "x", _message(10))
    assert await clients.depth(broker, enrolments_queue(clients.name_of(neighbour))) == 1
    assert await clients.depth(broker, enrolments_queue(clients.name_of(large))) == 0


async def test_the_connection_of_a_refused_body_can_be_used_again(broker: Broker) -> None:
    account = await clients.new_account(broker, "box-office")
    async with await aio_pika.connect(account.url, timeout=10) as connection:
        async with connection.channel() as channel:
            with pytest.raises(ChannelPreconditionFailed):
                await clients.send(channel, account.exchange, "x", _message(MAX_MESSAGE_BYTES + 1))
        async with connection.channel() as channel:
            await clients.send(channel, account.exchange, "x", _message(MAX_MESSAGE_BYTES))
    assert await clients.depth(broker, f"{account.exchange}.admissions") == 1


@pytest.mark.parametrize(("kind", "limit"), [("hr", 2), ("box-office", 4)])
async def test_an_account_has_a_few_connections_and_no_more(broker: Broker, kind: PartyKind, limit: int) -> None:
    account = await clients.new_account(broker, kind)
    async with AsyncExitStack() as open_connections:
        for _ in range(limit):
            await open_connections.enter_async_context(await aio_pika.connect(account.url, timeout=10))
        with pytest.raises(AMQPError):
            await aio_pika.connect(account.url, timeout=10)
    await (await aio_pika.connect(account.url, timeout=10)).close()


@pytest.mark.parametrize(("kind", "limit"), [("hr", 8), ("box-office", 16)])
async def test_an_account_has_some_channels_and_no_more(broker: Broker, kind: PartyKind, limit: int) -> None:
    account = await clients.new_account(broker, kind)
    async with await aio_pika.connect(account.url, timeout=10) as connection:
        for _ in range(limit):
            await connection.channel()
        with pytest.raises((AMQPError, ConnectionError, RuntimeError)):
            await connection.channel()


@pytest.mark.timeout(120)
async def test_a_full_queue_says_no_to_its_sender_only(broker: Broker) -> None:
    flooding, neighbour = await clients.new_account(broker, "hr"), await clients.new_account(broker, "hr")
    full = enrolments_queue(clients.name_of(flooding))
    async with await aio_pika.connect(flooding.url, timeout=10) as connection:
        # Without confirms the flood is as fast as the socket; the broker says no to what is too much, unheard.
        async with connection.channel(publisher_confirms=False) as hose:
            for _ in range(INBOUND_MAX_LENGTH):
                await clients.send(hose, flooding.exchange, "x", aio_pika.Message(b"{}"))
        async with connection.channel() as channel:
            await eventually(lambda: _outcome(channel, flooding.exchange), "nack", "the answer", timeout=30)
    async with clients.channel_of(neighbour.url) as channel:
        assert await _outcome(channel, neighbour.exchange) == "ack"
    # The soft limit lets a few more in than the cap, never a multiple of it.
    assert INBOUND_MAX_LENGTH <= await clients.depth(broker, full) < INBOUND_MAX_LENGTH * 1.1

    async with clients.channel_of(broker.amqp_url(broker.vhosts.edge)) as ours:
        await (await ours.get_queue(full, ensure=False)).purge()
    async with clients.channel_of(flooding.url) as channel:
        await eventually(lambda: _outcome(channel, flooding.exchange), "ack", "the answer", timeout=30)


async def test_large_messages_fill_a_partys_queue_to_its_bytes_and_no_further(broker: Broker) -> None:
    flooding, neighbour = await clients.new_account(broker, "hr"), await clients.new_account(broker, "hr")
    bound = int(INBOUND_LIMITS["max-length-bytes"])
    async with await aio_pika.connect(flooding.url, timeout=10) as connection:
        async with connection.channel(publisher_confirms=False) as hose:
            for _ in range(bound // MAX_MESSAGE_BYTES):
                await clients.send(hose, flooding.exchange, "x", _message(MAX_MESSAGE_BYTES))
        async with connection.channel() as channel:
            # Those that make it full are accepted, and the other channel's may still be on their way.
            await eventually(lambda: _outcome(channel, flooding.exchange, MAX_MESSAGE_BYTES), "nack", "the answer")
    async with clients.channel_of(neighbour.url) as channel:
        assert await _outcome(channel, neighbour.exchange) == "ack"


async def test_receipts_that_nobody_reads_end_in_time_and_are_nobodys_dead_letters(broker: Broker) -> None:
    account = await clients.new_account(broker, "hr")
    limits = {**RECEIPTS_LIMITS, "message-ttl": 300}
    policy = {"pattern": f"^{account.queue}$", "definition": limits, "priority": 9, "apply-to": "queues"}
    async with broker.management() as management:
        await management.put("policies", account.vhost, "short", body=policy)
    async with clients.channel_of(broker.amqp_url(account.vhost)) as ours:
        for _ in range(3):
            await clients.send(ours, RECEIPTS, clients.name_of(account), aio_pika.Message(b"{}"))
    await eventually(lambda: clients.depth(broker, account.queue), 0, f"messages in {account.queue}")
    assert await clients.depth(broker, dead_queue("registration")) == 0
    async with broker.management() as management:
        await management.delete("policies", account.vhost, "short")


async def _outcome(channel: aio_pika.abc.AbstractChannel, exchange: str, size: int = 2) -> str:
    try:
        await clients.send(channel, exchange, "x", _message(size))
    except DeliveryError:
        return "nack"
    return "ack"
