"""What the broker does with messages that are refused, with nothing but the applied topology."""

from typing import Any

import aio_pika

from culture_connect.messaging.topology import (
    DEAD_LETTERS,
    DELIVERY_LIMIT,
    dead_queue,
    enrolments_queue,
)
from culture_connect_cli.broker import Broker
from culture_connect_cli.management import Management
from tests.security import clients
from tests.support.probes import until

DEAD = dead_queue("registration")


async def _sent_by_a_new_party(broker: Broker, body: bytes) -> str:
    """The queue in which the only message of a new HR system waits."""
    party = await clients.new_party(broker, "hr")
    async with clients.channel_of(party.url) as channel:
        await clients.send(channel, party.exchange, "x", aio_pika.Message(body, message_id="m-1"))
    return enrolments_queue(clients.name_of(party))


async def test_a_refused_message_becomes_a_dead_letter(broker: Broker) -> None:
    inbound = await _sent_by_a_new_party(broker, b"bad")
    async with clients.channel_of(broker.amqp_url(broker.vhosts.edge)) as ours:
        await (await clients.first(ours, inbound)).reject(requeue=False)
        dead = await clients.first(ours, DEAD)
        await dead.ack()
    assert (dead.body, dead.message_id) == (b"bad", "m-1")
    assert dead.headers["x-first-death-queue"] == inbound
    assert dead.headers["x-first-death-reason"] == "rejected"


async def test_a_message_that_always_comes_back_becomes_a_dead_letter(broker: Broker) -> None:
    inbound = await _sent_by_a_new_party(broker, b"poison")
    async with clients.channel_of(broker.amqp_url(broker.vhosts.edge)) as ours:
        for _ in range(DELIVERY_LIMIT + 1):
            await (await clients.first(ours, inbound)).reject(requeue=True)
        dead = await clients.first(ours, DEAD)
        await dead.ack()
    assert dead.body == b"poison"
    assert dead.headers["x-first-death-reason"] == "delivery_limit"


async def test_a_dead_letter_that_cannot_be_delivered_is_kept_where_it_was(broker: Broker) -> None:
    inbound = await _sent_by_a_new_party(broker, b"kept")
    edge = broker.vhosts.edge
    async with broker.management() as management:
        assert await management.delete("bindings", edge, "e", DEAD_LETTERS, "q", DEAD, "registration")
        try:
            async with clients.channel_of(broker.amqp_url(edge)) as ours:
                await (await clients.first(ours, inbound)).reject(requeue=False)
            # With at-most-once, to which the broker falls back silently, it would be gone.
            await until(
                lambda: _held_for_dead_lettering(management, edge, inbound),
                lambda held: held == 1,
                f"{inbound} to hold its refused message",
                timeout=20,
            )
        finally:
            body = {"routing_key": "registration", "arguments": {}}
            await management.post("bindings", edge, "e", DEAD_LETTERS, "q", DEAD, body=body)


async def _held_for_dead_lettering(management: Management, vhost: str, queue: str) -> Any:
    return (await management.get("queues", vhost, queue)).get("messages_dlx")
