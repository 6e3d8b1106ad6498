"""A sender may put anything into a frame that the broker passes on. It spoils that message and nothing else."""

import json
import random
import struct
from collections import Counter
from collections.abc import Sequence

import aio_pika
import pytest

from culture_connect.contracts import EnrolmentRequested
from culture_connect.messaging import Delivery, EventRouter, InvalidDelivery, UnitOfWork
from culture_connect.messaging.connection import connected
from culture_connect.messaging.consuming.ack_batcher import AckBatcher
from culture_connect.messaging.consuming.channel import ConsumerChannel
from culture_connect.messaging.consuming.decoder import Decoder, Unreadable
from culture_connect.messaging.consuming.incoming_message import IncomingMessage
from tests.support.bus import Bus
from tests.support.hashes import HASHES
from tests.support.probes import eventually
from tests.support.raw_amqp import RawPublisher, field, long, seconds, short

QUEUE = "hr.acme.enrolments"
BODY = json.dumps(
    {"employee_ref": "E-1", "given_name": "A", "family_name": "B", "email": "a@example.org"}, separators=(",", ":")
).encode()
NOW = 1_795_000_000  # seconds


def nested(depth: int) -> bytes:
    value = long(b"")
    for _ in range(depth):
        value = long(field("k", b"F", value))
    return value


# What RabbitMQ takes from a sender, and the field that the refusal names.
SPOILT: Sequence[tuple[str, dict[str, bytes]]] = (
    ("timestamp", {"timestamp": seconds(NOW * 1_000_000)}),
    ("timestamp", {"timestamp": seconds(NOW * 1_000_000_000)}),
    ("timestamp", {"timestamp": seconds(2**64 - 1)}),
    ("type", {"type": short(b"\xff")}),
    ("app_id", {"app_id": short(b"caf\xe9")}),
    ("content_type", {"content_type": short(b"\xff")}),
    ("content_encoding", {"content_encoding": short(b"\xff")}),
    ("correlation_id", {"correlation_id": short(b"\xff")}),
    ("reply_to", {"reply_to": short(b"\xff")}),
    ("cluster_id", {"cluster_id": short(b"\xff")}),
    ("headers", {"headers": long(field(b"\xff", b"S", long(b"x")))}),
    ("headers", {"headers": long(field("n" * 200, b"S", long(b"x")))}),
    ("headers.when", {"headers": long(field("when", b"T", seconds(2**63)))}),
    ("headers.n", {"headers": long(field("n", b"d", struct.pack(">d", 1e300)))}),
    ("headers.k", {"headers": nested(1000)}),
    ("headers.in", {"headers": long(field("in", b"A", long(b"T" + seconds(2**63))))}),
    ("subject", {"headers": long(field("ce-subject", b"S", long(b"\xff")))}),
)
HIGH = {"priority": b"\xff"}
# Odd, and nobody's trouble.
ODD: Sequence[dict[str, bytes]] = (
    {},
    HIGH,
    {"reply_to": short("somewhere")},
    {"expiration": short("600000")},
    {"timestamp": seconds(NOW)},
    {"timestamp": seconds(NOW * 1000)},
    {"headers": long(field("d", b"D", b"\xff\xff\xff\xff\xff") + field("x", b"x", long(b"\xff")))},
    {"headers": long(field("raw", b"S", long(b"\xff")) + field("", b"V", b""))},
    {"headers": long(b"".join(field(kind, kind.encode(), bytes(8)) for kind in "lLd"))},
)


def valid(number: int) -> dict[str, bytes]:
    return {"message_id": short(f"m-{number}"), "type": short("enrolment.requested")}


class Outcomes:
    """Collects the decoder's result for each delivery."""

    def __init__(self) -> None:
        subscriber = EventRouter().batch_subscriber(QUEUE, vhost="edge")

        @subscriber(EnrolmentRequested)
        async def enrol(work: UnitOfWork, deliveries: Sequence[Delivery[EnrolmentRequested]]) -> None:
            del work, deliveries

        @subscriber.invalid
        async def refuse(work: UnitOfWork, deliveries: Sequence[InvalidDelivery]) -> None:
            del work, deliveries

        self.handled: list[str] = []
        self.refused: dict[str, list[str | None]] = {}
        self.dead: list[str] = []
        self.acks: AckBatcher | None = None
        self._decoder = Decoder(subscriber, HASHES)

    def deliver(self, message: IncomingMessage) -> None:
        item = self._decoder.decode(message)
        assert item is not None
        if isinstance(item.content, Unreadable):
            self.dead.append(item.content.problems[0].code)
        elif isinstance(item.content, InvalidDelivery):
            self.refused[item.message_id] = [problem.field for problem in item.content.problems]
        else:
            self.handled.append(item.message_id)
        self.acks = self.acks or AckBatcher(message.channel)
        self.acks.ack(message.delivery_tag)

    @property
    def count(self) -> int:
        return len(self.handled) + len(self.refused) + len(self.dead)


async def test_spoilt_messages_among_valid_ones_are_refused_by_name_and_the_connection_stays(bus: Bus) -> None:
    url = bus.add_party("hr", "acme")
    outcomes = Outcomes()
    kinds: list[tuple[str | None, dict[str, bytes]]] = [*SPOILT, *((None, odd) for odd in ODD)] * 12
    random.Random(16).shuffle(kinds)

    async with connected(bus.administrator_url("edge"), name="tests") as connection:
        consumer = ConsumerChannel(connection, QUEUE, prefetch=100, tag="tests", deliver=outcomes.deliver)
        await consumer.start()
        with RawPublisher(url) as hr:
            for number, (_, properties) in enumerate(kinds):
                hr.publish(
                    "hr.acme", b"\xff\xfe" if number % 3 else b"enrolment", {**valid(number), **properties}, BODY
                )
                if number % 50 == 0:
                    # Nobody could tell a message with an id like this from its repetition.
                    hr.publish("hr.acme", b"", {**valid(number), "message_id": short(b"\xff")}, BODY)
            hr.confirmed()

        without_id = -(-len(kinds) // 50)
        await eventually(lambda: outcomes.count, len(kinds) + without_id, "outcomes", timeout=30)
        assert not connection.lost.is_set()
        assert consumer.is_consuming()
        # RabbitMQ 4 delivers messages with a priority above 4 before others, each group in its order.
        for is_high in (False, True):
            sent = [number for number, (name, odd) in enumerate(kinds) if name is None and (odd == HIGH) is is_high]
            handled = [each for each in outcomes.handled if each in {f"m-{number}" for number in sent}]
            assert handled == [f"m-{number}" for number in sent]
        assert len(outcomes.handled) == sum(1 for name, _ in kinds if name is None)
        assert outcomes.refused == {f"m-{number}": [name] for number, (name, _) in enumerate(kinds) if name is not None}
        assert Counter(outcomes.dead) == {"malformed": without_id}
        assert outcomes.acks is not None
        await outcomes.acks.flush()


@pytest.mark.parametrize("way", ["got", "consumed"])
async def test_aio_pika_itself_gets_them_on_such_a_connection(bus: Bus, way: str) -> None:
    # Of a queue with a single active consumer, such as an HR system's, nothing can be got.
    url = bus.add_party("box-office", "paard")
    with RawPublisher(url) as door:
        for number, (_, properties) in enumerate(SPOILT):
            door.publish("box-office.paard", b"\xff\xfe", {**valid(number), **properties}, BODY)
        door.confirmed()
    ids: list[str | None] = []

    async with connected(bus.administrator_url("edge"), name="tests") as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("box-office.paard.admissions")
        if way == "got":
            ids = [(await queue.get(no_ack=True)).message_id for _ in SPOILT]
        else:

            async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
                ids.append(message.message_id)

            await queue.consume(take, no_ack=True)
            await eventually(lambda: len(ids), len(SPOILT), "messages")
    assert ids == [f"m-{number}" for number in range(len(SPOILT))]


async def test_a_message_that_comes_back_unroutable_with_all_its_headers_ends_nothing(bus: Bus) -> None:
    async with connected(bus.administrator_url("edge"), name="tests") as connection:
        channel = await connection.channel(on_return_raises=True)
        message = aio_pika.Message(b"", message_id="m", headers={"raw": bytearray(b"\xff"), "n" * 120: [{"a": None}]})
        with pytest.raises(aio_pika.exceptions.PublishError):
            await channel.default_exchange.publish(message, "nowhere é")
        assert not channel.is_closed
