"""Refused messages at a broker that has nothing but the applied topology."""

from typing import Any

import aio_pika

from culture_connect.messaging.topology import (
    DEAD_LETTERS,
    DELIVERY_LIMIT,
    EVENTS,
    RECEIPTS,
    dead_queue,
    events_queue,
)
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.broker.management import Management
from tests.security import clients
from tests.support.probes import until

SERVICE = "registration"
EVENT = "mail.undeliverable"  # that registration follows


async def _told(channel: aio_pika.abc.AbstractChannel, body: bytes) -> None:
    await clients.send(channel, EVENTS, EVENT, aio_pika.Message(body, message_id="m-1"))


async def test_an_event_that_a_service_refuses_becomes_a_dead_letter(broker: Broker) -> None:
    async with clients.channel_of(broker.amqp_url(broker.vhosts.core)) as ours:
        await _told(ours, b"bad")
        await (await clients.first(ours, events_queue(SERVICE))).reject(requeue=False)
        dead = await clients.first(ours, dead_queue(SERVICE))
        await dead.ack()
    assert (dead.body, dead.message_id) == (b"bad", "m-1")
    assert dead.headers["x-first-death-queue"] == events_queue(SERVICE)
    assert dead.headers["x-first-death-reason"] == "rejected"


async def test_an_event_that_always_comes_back_becomes_a_dead_letter(broker: Broker) -> None:
    async with clients.channel_of(broker.amqp_url(broker.vhosts.core)) as ours:
        await _told(ours, b"poison")
        for _ in range(DELIVERY_LIMIT + 1):
            await (await clients.first(ours, events_queue(SERVICE))).reject(requeue=True)
        dead = await clients.first(ours, dead_queue(SERVICE))
        await dead.ack()
    assert dead.body == b"poison"
    assert dead.headers["x-first-death-reason"] == "delivery_limit"


async def test_a_dead_letter_that_cannot_be_delivered_is_kept_where_it_was(broker: Broker) -> None:
    core, queue, dead = broker.vhosts.core, events_queue(SERVICE), dead_queue(SERVICE)
    async with broker.management() as management:
        assert await management.delete("bindings", core, "e", DEAD_LETTERS, "q", dead, SERVICE)
        try:
            async with clients.channel_of(broker.amqp_url(core)) as ours:
                await _told(ours, b"kept")
                await (await clients.first(ours, queue)).reject(requeue=False)
            # With at-most-once, to which the broker falls back silently, it would be gone.
            await until(
                lambda: _held_for_dead_lettering(management, core, queue),
                lambda held: held == 1,
                f"{queue} to hold its refused message",
                timeout=20,
            )
        finally:
            body = {"routing_key": SERVICE, "arguments": {}}
            await management.post("bindings", core, "e", DEAD_LETTERS, "q", dead, body=body)


async def test_what_a_client_sent_comes_back_however_often_it_was_given_back(broker: Broker) -> None:
    """The broker neither drops it nor calls it dead: that is for the service to say."""
    account = await clients.new_account(broker, "box-office")
    async with clients.channel_of(account.url) as channel:
        await clients.send(channel, account.exchange, "x", aio_pika.Message(b"deadly"))
    async with clients.channel_of(broker.amqp_url(broker.vhosts.edge)) as ours:
        for _ in range(DELIVERY_LIMIT + 5):
            await (await clients.first(ours, f"{account.exchange}.admissions")).reject(requeue=True)
        assert (await clients.first(ours, f"{account.exchange}.admissions")).body == b"deadly"


async def test_what_a_client_rejects_fills_nothing_of_anybody_else(broker: Broker) -> None:
    account = await clients.new_account(broker, "hr")
    async with clients.channel_of(broker.amqp_url(broker.vhosts.edge)) as ours:
        for _ in range(3):
            await clients.send(ours, RECEIPTS, clients.name_of(account), aio_pika.Message(b"receipt"))
    async with clients.channel_of(account.url) as channel:
        for _ in range(2):
            await (await clients.first(channel, account.queue)).reject(requeue=False)
        for _ in range(DELIVERY_LIMIT + 5):
            await (await clients.first(channel, account.queue)).reject(requeue=True)
        assert (await clients.first(channel, account.queue)).body == b"receipt"
    assert await clients.depth(broker, dead_queue("registration")) == 0


async def test_a_message_that_runs_out_unread_is_gone_and_takes_nothing_with_it(broker: Broker) -> None:
    """There is no way to refuse `expiration`: its sender harms its sender."""
    account = await clients.new_account(broker, "box-office")
    async with clients.channel_of(account.url) as channel:
        await clients.send(channel, account.exchange, "x", aio_pika.Message(b"short", expiration=0.001))
        await clients.send(channel, account.exchange, "x", aio_pika.Message(b"long", expiration=600))
    async with clients.channel_of(broker.amqp_url(broker.vhosts.edge)) as ours:
        read = await clients.first(ours, f"{account.exchange}.admissions")
        await read.ack()
    assert read.body == b"long"
    assert await clients.depth(broker, dead_queue("ticketing")) == 0


async def _held_for_dead_lettering(management: Management, vhost: str, queue: str) -> Any:
    return (await management.get("queues", vhost, queue)).get("messages_dlx")
