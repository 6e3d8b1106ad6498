"""FastStream's subscriber without its pipeline: order, settling, and every way to end, on a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aiormq.exceptions import ChannelNotFoundEntity

from culture_connect.messaging.acks import Acks
from culture_connect.messaging.incoming import IncomingMessage
from culture_connect.messaging.subscriber import DirectBroker
from tests.support.bus import Bus
from tests.support.fault_proxy import FaultProxy
from tests.support.probes import eventually

QUEUE = "hr.acme.enrolments"


class Inbox:
    """What was delivered; everything is acked unless it is held."""

    def __init__(self) -> None:
        self.messages: list[IncomingMessage] = []
        self.acks = Acks()
        self.released = asyncio.Event()
        self.released.set()

    async def deliver(self, message: IncomingMessage) -> None:
        self.messages.append(message)
        await self.released.wait()
        self.acks.handled(message)

    @property
    def bodies(self) -> list[bytes]:
        return [message.body for message in self.messages]


@pytest.fixture
def hr(bus: Bus) -> Bus:
    bus.add_party("hr", "acme")
    return bus


@asynccontextmanager
async def broker_on(url: str, *, grace: float = 2) -> AsyncIterator[DirectBroker]:
    broker = DirectBroker(url, name="tests", graceful_timeout=grace)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


async def publish(bus: Bus, *bodies: bytes, size: int = 0) -> None:
    async with bus.administrator("edge") as channel:
        for body in bodies:
            message = aio_pika.Message(
                body.ljust(size), message_id=body.decode(), type="t", app_id="hr", headers={"ce-id": "x", "n": 1}
            )
            await channel.default_exchange.publish(message, QUEUE)


async def test_deliveries_come_in_order_with_all_their_properties_and_are_acked(hr: Bus) -> None:
    bodies = [str(number).encode() for number in range(200)]
    inbox = Inbox()
    async with broker_on(hr.administrator_url("edge")) as broker:
        subscriber = broker.direct_subscriber(QUEUE, prefetch=20, deliver=inbox.deliver)
        await subscriber.start()
        assert subscriber.is_consuming()
        await publish(hr, *bodies)
        await eventually(lambda: inbox.bodies, bodies, "the bodies")
        await inbox.acks.sent()
    assert inbox.messages[7].message_id == "7"
    first = inbox.messages[0]
    assert (first.type, first.app_id, first.headers) == ("t", "hr", {"ce-id": "x", "n": 1})
    assert (first.redelivered, first.delivery_tag, first.faults) == (False, 1, ())
    assert not subscriber.is_consuming()
    assert broker.closed.is_set()
    assert await left(hr) == 0


async def test_a_body_in_several_frames_is_put_together(hr: Bus) -> None:
    inbox = Inbox()
    async with broker_on(hr.administrator_url("edge")) as broker:
        subscriber = broker.direct_subscriber(QUEUE, prefetch=10, deliver=inbox.deliver)
        await subscriber.start()
        await publish(hr, b"long", size=250_000)
        await publish(hr, b"")
        await publish(hr, b"short")
        await eventually(lambda: len(inbox.messages), 3, "messages")
    assert inbox.bodies == [b"long".ljust(250_000), b"", b"short"]


async def test_what_is_rejected_comes_again_and_says_so(hr: Bus) -> None:
    seen: list[bool] = []
    acks = Acks()

    async def deliver(message: IncomingMessage) -> None:
        seen.append(message.redelivered)
        if message.redelivered:
            acks.handled(message)
        else:
            await message.reject(requeue=True)
            acks.rejected(message)

    async with broker_on(hr.administrator_url("edge")) as broker:
        subscriber = broker.direct_subscriber(QUEUE, prefetch=10, deliver=deliver)
        await subscriber.start()
        await publish(hr, b"one")
        await eventually(lambda: seen, [False, True], "first and second delivery")


async def test_a_stop_takes_nothing_more_and_waits_for_what_is_in_hand(hr: Bus) -> None:
    inbox = Inbox()
    inbox.released.clear()
    async with broker_on(hr.administrator_url("edge")) as broker:
        subscriber = broker.direct_subscriber(QUEUE, prefetch=2, deliver=inbox.deliver)
        await subscriber.start()
        await publish(hr, b"one", b"two", b"three")
        await eventually(lambda: len(inbox.messages), 2, "messages in hand")
        stop = asyncio.create_task(subscriber.stop())
        await eventually(subscriber.is_consuming, False, "consuming")
        inbox.released.set()
        await stop
        await inbox.acks.sent()
    assert inbox.bodies == [b"one", b"two"]
    assert await left(hr) == 1


async def test_a_stop_gives_up_what_does_not_end_within_its_grace(hr: Bus) -> None:
    inbox = Inbox()
    inbox.released.clear()
    async with broker_on(hr.administrator_url("edge"), grace=0.1) as broker:
        subscriber = broker.direct_subscriber(QUEUE, prefetch=2, deliver=inbox.deliver)
        await subscriber.start()
        await publish(hr, b"one")
        await eventually(lambda: len(inbox.messages), 1, "messages in hand")
        await subscriber.stop()
    assert await left(hr) == 1


async def test_a_deleted_queue_ends_consuming_and_leaves_the_connection(hr: Bus) -> None:
    async with broker_on(hr.administrator_url("edge")) as broker:
        subscriber = broker.direct_subscriber(QUEUE, prefetch=2, deliver=Inbox().deliver)
        await subscriber.start()
        async with hr.administrator("edge") as channel:
            await channel.queue_delete(QUEUE)
        await eventually(subscriber.is_consuming, False, "consuming")
        assert not broker.closed.is_set()


async def test_a_queue_that_is_not_there_is_an_error_of_its_subscriber_only(hr: Bus) -> None:
    inbox = Inbox()
    async with broker_on(hr.administrator_url("edge")) as broker:
        absent = broker.direct_subscriber("absent", prefetch=2, deliver=inbox.deliver)
        with pytest.raises(ChannelNotFoundEntity):
            await absent.start()
        assert not absent.is_consuming()
        present = broker.direct_subscriber(QUEUE, prefetch=2, deliver=inbox.deliver)
        await present.start()
        await publish(hr, b"one")
        await eventually(lambda: inbox.bodies, [b"one"], "the bodies")


async def test_a_lost_connection_is_told_and_what_was_in_hand_comes_again(hr: Bus) -> None:
    inbox = Inbox()
    inbox.released.clear()
    async with FaultProxy(hr.server.port) as wire, broker_on(wire.through(hr.administrator_url("edge"))) as broker:
        subscriber = broker.direct_subscriber(QUEUE, prefetch=2, deliver=inbox.deliver)
        await subscriber.start()
        await publish(hr, b"one")
        await eventually(lambda: len(inbox.messages), 1, "messages in hand")
        await wire.cut()
        async with asyncio.timeout(5):
            await broker.closed.wait()
        assert not subscriber.is_consuming()
        inbox.released.set()
    assert await left(hr) == 1


async def left(bus: Bus) -> int:
    """Messages in the queue, once nobody holds any."""
    async with bus.administrator("edge") as channel:
        with contextlib.suppress(aio_pika.exceptions.ChannelNotFoundEntity):
            queue = await channel.declare_queue(QUEUE, passive=True)
            return queue.declaration_result.message_count or 0
    return -1
