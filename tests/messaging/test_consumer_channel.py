"""A consumer on a channel of its own: order, settling, and every way to end, on a real broker."""

import asyncio
import contextlib

import aio_pika
import pytest
from aiormq.exceptions import ChannelNotFoundEntity

from culture_connect.messaging.connection import Connection, connected
from culture_connect.messaging.consuming.ack_batcher import AckBatcher
from culture_connect.messaging.consuming.channel import ConsumerChannel, Deliver
from culture_connect.messaging.consuming.incoming_message import IncomingMessage
from tests.support.bus import Bus
from tests.support.fault_proxy import FaultProxy
from tests.support.probes import eventually

QUEUE = "hr.acme.enrolments"


class Inbox:
    """Collects deliveries; they are acked unless `holding` is set."""

    def __init__(self) -> None:
        self.messages: list[IncomingMessage] = []
        self.acks: AckBatcher | None = None
        self.holding = False

    def deliver(self, message: IncomingMessage) -> None:
        self.messages.append(message)
        if not self.holding:
            self.acks = self.acks or AckBatcher(message.channel)
            self.acks.ack(message.delivery_tag)

    async def acked(self) -> None:
        """Returns when all acks are on their way."""
        assert self.acks is not None
        await self.acks.flush()

    @property
    def bodies(self) -> list[bytes]:
        return [message.body for message in self.messages]


@pytest.fixture
def hr(bus: Bus) -> Bus:
    bus.add_party("hr", "acme")
    return bus


def consumer(connection: Connection, queue: str = QUEUE, *, prefetch: int = 2, deliver: Deliver) -> ConsumerChannel:
    return ConsumerChannel(connection, queue, prefetch=prefetch, tag="tests", deliver=deliver)


async def publish(bus: Bus, *bodies: bytes, size: int = 0) -> None:
    async with bus.administrator("edge") as channel:
        for body in bodies:
            message = aio_pika.Message(
                body.ljust(size),
                message_id=body.decode(),
                type="t",
                app_id="hr",
                headers={"ce-id": "x", "ce-time": 1, "n": 1},
            )
            await channel.default_exchange.publish(message, QUEUE)


async def test_deliveries_come_in_order_with_all_their_properties_and_are_acked(hr: Bus) -> None:
    bodies = [str(number).encode() for number in range(200)]
    inbox = Inbox()
    async with connected(hr.administrator_url("edge"), name="tests") as connection:
        channel = consumer(connection, prefetch=20, deliver=inbox.deliver)
        await channel.start()
        assert channel.is_consuming()
        await publish(hr, *bodies)
        await eventually(lambda: inbox.bodies, bodies, "the bodies")
        await inbox.acked()
    assert inbox.messages[7].message_id == "7"
    first = inbox.messages[0]
    assert (first.type, first.app_id, first.headers) == ("t", "hr", {"ce-id": "x", "ce-time": 1})
    assert (first.redelivered, first.delivery_tag, first.faults) == (False, 1, ())
    assert not channel.is_consuming()
    assert connection.lost.is_set()
    assert await left(hr) == 0


async def test_the_console_shows_who_consumes_a_queue(hr: Bus) -> None:
    async with connected(hr.administrator_url("edge"), name="tests") as connection:
        await consumer(connection, deliver=Inbox().deliver).start()
        await eventually(lambda: hr.consumers("edge"), ["tests"], "the consumers")


async def test_a_body_in_several_frames_is_put_together(hr: Bus) -> None:
    inbox = Inbox()
    async with connected(hr.administrator_url("edge"), name="tests") as connection:
        channel = consumer(connection, prefetch=10, deliver=inbox.deliver)
        await channel.start()
        await publish(hr, b"long", size=250_000)
        await publish(hr, b"")
        await publish(hr, b"short")
        await eventually(lambda: len(inbox.messages), 3, "messages")
    assert inbox.bodies == [b"long".ljust(250_000), b"", b"short"]


async def test_what_is_rejected_comes_again_and_says_so(hr: Bus) -> None:
    seen: list[bool] = []
    rejections: list[asyncio.Task[None]] = []

    async def reject(message: IncomingMessage) -> None:
        await message.channel.basic_reject(message.delivery_tag, requeue=True, wait=False)

    def deliver(message: IncomingMessage) -> None:
        seen.append(message.redelivered)
        if message.redelivered:
            AckBatcher(message.channel).ack(message.delivery_tag)
        else:
            rejections.append(asyncio.create_task(reject(message)))

    async with connected(hr.administrator_url("edge"), name="tests") as connection:
        channel = consumer(connection, prefetch=10, deliver=deliver)
        await channel.start()
        await publish(hr, b"one")
        await eventually(lambda: seen, [False, True], "first and second delivery")


async def test_a_stop_takes_nothing_more_and_what_is_in_hand_can_still_be_acked(hr: Bus) -> None:
    inbox = Inbox()
    inbox.holding = True
    async with connected(hr.administrator_url("edge"), name="tests") as connection:
        channel = consumer(connection, deliver=inbox.deliver)
        await channel.start()
        await publish(hr, b"one", b"two", b"three")
        await eventually(lambda: len(inbox.messages), 2, "messages in hand")
        await channel.stop()
        assert not channel.is_consuming()
        acks = AckBatcher(inbox.messages[0].channel)
        for message in inbox.messages:
            acks.ack(message.delivery_tag)
        await acks.flush()
    assert inbox.bodies == [b"one", b"two"]
    assert await left(hr) == 1


async def test_while_a_consumer_is_paused_nothing_more_is_read(hr: Bus) -> None:
    inbox = Inbox()
    async with connected(hr.administrator_url("edge"), name="tests") as connection:

        def deliver(message: IncomingMessage) -> None:
            inbox.deliver(message)
            if len(inbox.messages) == 1:
                channel.pause()

        channel = consumer(connection, prefetch=300, deliver=deliver)
        await channel.start()
        await publish(hr, *(str(number).encode() for number in range(40)), size=200_000)
        # What was read together with the first is a chunk of it at most.
        assert len(inbox.messages) < 5
        channel.resume()
        await eventually(lambda: len(inbox.messages), 40, "messages")


async def test_a_deleted_queue_ends_consuming_and_leaves_the_connection(hr: Bus) -> None:
    async with connected(hr.administrator_url("edge"), name="tests") as connection:
        channel = consumer(connection, deliver=Inbox().deliver)
        await channel.start()
        async with hr.administrator("edge") as administrator:
            await administrator.queue_delete(QUEUE)
        await eventually(channel.is_consuming, False, "consuming")
        assert not connection.lost.is_set()


async def test_a_queue_that_is_not_there_is_an_error_of_its_consumer_only(hr: Bus) -> None:
    inbox = Inbox()
    async with connected(hr.administrator_url("edge"), name="tests") as connection:
        absent = consumer(connection, "absent", deliver=inbox.deliver)
        with pytest.raises(ChannelNotFoundEntity):
            await absent.start()
        assert not absent.is_consuming()
        present = consumer(connection, deliver=inbox.deliver)
        await present.start()
        await publish(hr, b"one")
        await eventually(lambda: inbox.bodies, [b"one"], "the bodies")


async def test_a_lost_connection_is_told_and_what_was_in_hand_comes_again(hr: Bus) -> None:
    inbox = Inbox()
    inbox.holding = True
    async with (
        FaultProxy(hr.server.port) as wire,
        connected(wire.through(hr.administrator_url("edge")), name="tests") as connection,
    ):
        channel = consumer(connection, deliver=inbox.deliver)
        await channel.start()
        await publish(hr, b"one")
        await eventually(lambda: len(inbox.messages), 1, "messages in hand")
        await wire.cut()
        async with asyncio.timeout(5):
            await connection.lost.wait()
        assert not channel.is_consuming()
    assert await left(hr) == 1


async def left(bus: Bus) -> int:
    """Messages in the queue, once nobody holds any."""
    async with bus.administrator("edge") as channel:
        with contextlib.suppress(aio_pika.exceptions.ChannelNotFoundEntity):
            queue = await channel.declare_queue(QUEUE, passive=True)
            return queue.declaration_result.message_count or 0
    return -1
