"""The doctor's view of a real broker's queues: fill levels, and dead letters that stay with the broker."""

import aio_pika
import pytest

from culture_connect.messaging.topology import DEAD_LETTERS, EVENTS, RECEIPTS, dead_queue, events_queue
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.doctor.broker import check_dead_letter_worker
from culture_connect_cli.doctor.queue_limits import check_queue_limits
from tests.security import clients
from tests.support.bus import Bus
from tests.support.probes import eventually

pytestmark = pytest.mark.timeout(60)


async def test_a_queue_that_is_nearly_full_is_told_by_its_messages_or_its_bytes(bus: Bus) -> None:
    account = await clients.new_account(bus.broker, "hr")
    queue = f"queue {account.queue} in {account.vhost}"
    async with clients.channel_of(bus.url("registration", "edge")) as channel:
        for _ in range(9):
            await clients.send(channel, RECEIPTS, clients.name_of(account), aio_pika.Message(bytes(100 * 1024)))
    for bound, told in (
        ({"max-length": 10}, "90% full: 9 of 10 messages"),
        ({"max-length-bytes": 1024 * 1024}, "88% full: 0.9 of 1.0 MiB"),
    ):
        policy = {"pattern": f"^{account.queue}$", "definition": bound, "priority": 9, "apply-to": "queues"}
        async with bus.broker.management() as management:
            await management.put("policies", account.vhost, "small", body=policy)
        await eventually(lambda: _full(bus.broker), [f"{queue} is {told}"], "what is full")


async def test_dead_letters_that_stay_with_the_broker_are_told(bus: Bus) -> None:
    core, queue = bus.vhosts.core, events_queue("registration")
    async with bus.broker.management() as management:
        path = ("bindings", core, "e", DEAD_LETTERS, "q", dead_queue("registration"))
        await management.delete(*path, "registration")
        async with clients.channel_of(bus.administrator_url("core")) as channel:
            await clients.send(channel, EVENTS, "mail.undeliverable", aio_pika.Message(b"{}"))
            await (await clients.first(channel, queue)).reject(requeue=False)
        told = f"1 dead letter of queue {queue} in {core} stay in the broker's own worker"
        await eventually(lambda: _held(bus.broker), [told], "what stays with the broker")


async def _full(broker: Broker) -> list[str]:
    async with broker.management() as management:
        return [finding.what for finding in await check_queue_limits(management, broker.vhosts)]


async def _held(broker: Broker) -> list[str]:
    async with broker.management() as management:
        return [finding.what for finding in await check_dead_letter_worker(management, broker.vhosts, pause=0.5)]
