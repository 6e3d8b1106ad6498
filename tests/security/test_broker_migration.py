"""`culture-connect topology apply` on a broker whose queues have the arguments of an earlier release."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError

from culture_connect.messaging.topology import RECEIPTS, Arguments
from culture_connect_cli.accounts import Credentials
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.broker.management import Management
from culture_connect_cli.topology import migration
from culture_connect_cli.topology.apply import apply_topology, verify_topology
from tests.security import clients
from tests.support.bus import Bus
from tests.support.probes import until

pytestmark = pytest.mark.timeout(90)

DEAD_LETTERING: Arguments = {
    "x-queue-type": "quorum",
    "x-overflow": "reject-publish",
    "x-dead-letter-exchange": "dead-letters",
    "x-dead-letter-strategy": "at-least-once",
    "x-dead-letter-routing-key": "registration",
    "x-delivery-limit": 20,
}
LOST = (AMQPError, ConnectionError, RuntimeError, TimeoutError)
OLD_INBOUND: Arguments = {**DEAD_LETTERING, "x-max-length": 20_000, "x-single-active-consumer": True}


@pytest.fixture
async def old_account(bus: Bus) -> Credentials:
    """A partner with queues as the earlier release made them."""
    account = await clients.new_account(bus.broker, "hr")
    async with bus.broker.management() as management:
        await _remake(management, account.vhost, _inbound(account), OLD_INBOUND)
        await _remake(management, account.vhost, account.queue, DEAD_LETTERING)
        await _bind(management, account.vhost, account.exchange, _inbound(account), "#")
        await _bind(management, account.vhost, RECEIPTS, account.queue, clients.name_of(account))
    return account


async def test_verify_names_the_arguments_that_a_queue_of_a_party_should_not_have(
    bus: Bus, old_account: Credentials
) -> None:
    told = await _verify(bus.broker)
    queue = f"queue {_inbound(old_account)} in {old_account.vhost}"
    assert f"{queue} has x-dead-letter-exchange dead-letters, which is not set in the code" in told
    assert f"{queue} has x-delivery-limit 20 instead of 1000000000" in told


async def test_empty_queues_are_made_anew_and_work_as_before(bus: Bus, old_account: Credentials) -> None:
    assert await _apply(bus.broker) == {_inbound(old_account): None, old_account.queue: None}
    assert await _verify(bus.broker) == []
    await _send(old_account, b"after")
    async with clients.channel_of(bus.url("registration", "edge")) as ours:
        assert (await clients.first(ours, _inbound(old_account))).body == b"after"
    await _answer(bus, old_account, b"receipt")
    assert await _heard(old_account, 1) == [b"receipt"]
    assert await _apply(bus.broker) == {}


async def test_what_a_party_has_sent_is_handled_before_its_queue_goes(bus: Bus, old_account: Credentials) -> None:
    bodies = [b"%d" % number for number in range(300)]
    await _send(old_account, *bodies)
    async with _service(bus, _inbound(old_account)) as handled:
        assert await _apply(bus.broker) == {_inbound(old_account): None, old_account.queue: None}
        await _send(old_account, b"after")
        await until(lambda: handled, lambda seen: b"after" in seen, "the service to consume the new queue")
    assert list(dict.fromkeys(handled)) == [*bodies, b"after"]
    assert await _verify(bus.broker) == []


async def test_an_account_that_sends_on_meanwhile_loses_nothing_that_was_confirmed(
    bus: Bus, old_account: Credentials
) -> None:
    confirmed: list[bytes] = []
    async with _service(bus, _inbound(old_account)) as handled, _sender(old_account, confirmed):
        await until(lambda: len(confirmed), lambda count: count > 20, "the client to send")
        assert _inbound(old_account) in await _apply(bus.broker)
        before = len(confirmed)
        await until(lambda: len(confirmed), lambda count: count > before + 20, "the client to send on")
    await until(lambda: set(confirmed) - set(handled), lambda missing: not missing, "everything confirmed handled")
    assert await _verify(bus.broker) == []


async def test_a_queue_that_nobody_empties_is_left_as_it_was_and_its_party_may_write_again(
    bus: Bus, old_account: Credentials
) -> None:
    await _send(old_account, b"waits")
    before = await _verify(bus.broker)
    outcome = await _apply(bus.broker, drain_timeout=0.5)
    assert outcome[_inbound(old_account)] == "1 message of it is not handled; see whether its service is ready"
    assert set(await _verify(bus.broker)) < set(before)
    await _send(old_account, b"and more")
    async with _service(bus, _inbound(old_account)) as handled:
        assert await _apply(bus.broker) == {_inbound(old_account): None}
    assert handled == [b"waits", b"and more"]
    assert await _verify(bus.broker) == []


async def test_receipts_that_a_party_has_not_read_move_into_the_new_queue(bus: Bus, old_account: Credentials) -> None:
    bodies = [b"%d" % number for number in range(250)]
    await _answer(bus, old_account, *bodies)
    async with await aio_pika.connect(old_account.url, timeout=10) as connection:
        channel = await connection.channel()
        hoarded: list[AbstractIncomingMessage] = []
        await (await channel.get_queue(old_account.queue, ensure=False)).consume(_keep_in(hoarded))
        await until(lambda: len(hoarded), lambda count: count == 250, "the client to hoard its receipts")
        assert (await _apply(bus.broker))[old_account.queue] is None
    await _answer(bus, old_account, b"after")
    assert await _heard(old_account, 251) == [*bodies, b"after"]
    assert await _verify(bus.broker) == []


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("PUT", "permissions"),  # nobody may write
        ("DELETE", "hr.{name}.enrolments"),  # the inbound queue is gone
        ("DELETE", "hr.{name}.receipts"),  # all receipts are in the holding queue
        ("PUT", "hr.{name}.receipts"),
    ],
)
async def test_a_run_that_is_killed_half_way_is_finished_by_the_next(
    bus: Bus, old_account: Credentials, method: str, what: str
) -> None:
    await _answer(bus, old_account, b"0", b"1", b"2", b"3", b"4")
    await _send(old_account, b"sent before")
    async with _service(bus, _inbound(old_account)) as handled:
        with pytest.raises(_Killed):
            await _apply_until_killed(bus.broker, method, what.format(name=clients.name_of(old_account)))
        assert set((await _apply(bus.broker)).values()) <= {None}
        assert await _verify(bus.broker) == []
        await _send(old_account, b"sent after")
        await until(lambda: handled, lambda seen: b"sent after" in seen, "the service to hear it")
    assert b"sent before" in handled
    assert set(await _heard(old_account, 5)) == {b"0", b"1", b"2", b"3", b"4"}


class _Killed(BaseException):
    """In place of SIGKILL: nothing is done any more."""


async def _apply_until_killed(broker: Broker, method: str, what: str) -> None:
    """Applies until this change of the broker was made, over the management API; every later request fails."""

    class Dying(httpx.AsyncHTTPTransport):
        is_dead = False

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.is_dead:
                raise _Killed
            self.is_dead = request.method == method and what in request.url.path.split("/")
            return await super().handle_async_request(request)

    transport = Dying()
    async with Management(broker.management_url, broker.username, broker.password, transport=transport) as management:
        await apply_topology(management, broker.vhosts)
        await migration.migrate(broker, management)


async def _apply(broker: Broker, drain_timeout: float = migration.DRAIN_TIMEOUT) -> dict[str, str | None]:
    async with broker.management() as management:
        await apply_topology(management, broker.vhosts)
        return {
            each.queue: each.skipped
            for each in await migration.migrate(broker, management, drain_timeout=drain_timeout)
        }


async def _verify(broker: Broker) -> list[str]:
    async with broker.management() as management:
        return [str(row) for row in await verify_topology(management, broker.vhosts, elsewhere=False)]


def _inbound(account: Credentials) -> str:
    return f"{account.exchange}.enrolments"


async def _send(account: Credentials, *bodies: bytes) -> None:
    async with clients.channel_of(account.url) as channel:
        for body in bodies:
            await clients.send(channel, account.exchange, "x", aio_pika.Message(body, delivery_mode=2))


async def _answer(bus: Bus, account: Credentials, *bodies: bytes) -> None:
    async with clients.channel_of(bus.url("registration", "edge")) as channel:
        for body in bodies:
            message = aio_pika.Message(body, delivery_mode=2)
            await clients.send(channel, RECEIPTS, clients.name_of(account), message)


async def _heard(account: Credentials, count: int) -> list[bytes]:
    """Returns the messages that the account reads from its queue, once so many have come."""
    received: list[AbstractIncomingMessage] = []
    async with clients.channel_of(account.url) as channel:
        await (await channel.get_queue(account.queue, ensure=False)).consume(_keep_in(received), no_ack=True)
        await until(lambda: len(received), lambda found: found >= count, f"{count} messages in {account.queue}")
    return [message.body for message in received]


def _keep_in(messages: list[AbstractIncomingMessage]):  # type: ignore[no-untyped-def]
    async def keep(message: AbstractIncomingMessage) -> None:
        messages.append(message)

    return keep


@contextlib.asynccontextmanager
async def _service(bus: Bus, queue: str) -> AsyncIterator[list[bytes]]:
    """Registration consumes the queue, and again whenever it may; the bodies that it has acknowledged."""
    handled: list[bytes] = []
    task = asyncio.create_task(_consume(bus.url("registration", "edge"), queue, handled))
    try:
        yield handled
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _consume(url: str, queue: str, handled: list[bytes]) -> None:
    async def handle(message: AbstractIncomingMessage) -> None:
        await message.ack()
        handled.append(message.body)

    while True:
        with contextlib.suppress(*LOST):
            async with clients.channel_of(url) as channel:
                gone = asyncio.Event()
                channel.close_callbacks.add(lambda *_, gone=gone: gone.set())
                await (await channel.get_queue(queue, ensure=False)).consume(handle)
                async with asyncio.timeout(1):  # then again: a consumer is not told that its queue is gone
                    await gone.wait()
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def _sender(account: Credentials, confirmed: list[bytes]) -> AsyncIterator[None]:
    """The client sends one message after the other, each until it is confirmed."""
    task = asyncio.create_task(_send_on(account, confirmed))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _send_on(account: Credentials, confirmed: list[bytes]) -> None:
    number = 0
    while True:
        with contextlib.suppress(*LOST):
            async with clients.channel_of(account.url) as channel:
                while True:
                    body = b"%d" % number
                    await clients.send(channel, account.exchange, "x", aio_pika.Message(body, delivery_mode=2))
                    confirmed.append(body)
                    number += 1
        await asyncio.sleep(0.05)


async def _remake(management: Management, vhost: str, queue: str, arguments: Arguments) -> None:
    await management.delete("queues", vhost, queue)
    await management.put("queues", vhost, queue, body={"durable": True, "arguments": dict(arguments)})


async def _bind(management: Management, vhost: str, exchange: str, queue: str, key: str) -> None:
    await management.post("bindings", vhost, "e", exchange, "q", queue, body={"routing_key": key, "arguments": {}})
