import asyncio
import contextlib
import inspect
import itertools
import struct
from unittest.mock import Mock

import aiormq
import pamqp.frame
import pytest
from aiormq.exceptions import AMQPConnectionError, InvalidFrameError
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from culture_connect.messaging.connection import UnderlyingConnection
from culture_connect.messaging.consuming.incoming_message import IncomingMessage
from culture_connect.messaging.consuming.receiver import DeliveryAssembler, Receiver, decode_frame

DIRECT, OTHER = 3, 4
bodies = st.lists(st.binary(max_size=40), max_size=8)


class Stream:
    """Gives chunk after chunk, and then the end."""

    def __init__(self, data: bytes, cuts: list[int]) -> None:
        places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
        self._chunks = [data[begin:end] for begin, end in itertools.pairwise(places)]

    async def read(self, _: int) -> bytes:
        return self._chunks.pop(0) if self._chunks else b""


def delivery(channel: int, tag: int, body: bytes, *, size_of_part: int = 16) -> bytes:
    deliver = Basic.Deliver(
        consumer_tag="ctag", delivery_tag=tag, redelivered=tag % 2 == 0, exchange="e", routing_key="k"
    )
    header = ContentHeader(body_size=len(body), properties=Basic.Properties(message_id=str(tag)))
    parts = [ContentBody(body[at : at + size_of_part]) for at in range(0, len(body), size_of_part)]
    frames: list[pamqp.frame.FrameTypes] = [deliver, header, *parts]
    return b"".join(pamqp.frame.marshal(frame, channel) for frame in frames)


async def received(stream: Stream) -> tuple[list[IncomingMessage], list[tuple[int, pamqp.frame.FrameTypes]]]:
    messages: list[IncomingMessage] = []
    channel = Mock(is_closed=False)
    receiver = Receiver(stream.read, {DIRECT: DeliveryAssembler(channel, messages.append)})
    frames = []
    with contextlib.suppress(AMQPConnectionError):  # the end of the stream
        while True:
            frames.append((await anext(receiver))[1:])
    return messages, frames


@given(bodies, bodies, st.lists(st.integers(0, 2000), max_size=20))
def test_deliveries_go_to_their_consumer_and_everything_else_to_aiormq_in_order(
    direct: list[bytes], other: list[bytes], cuts: list[int]
) -> None:
    data = b""
    for tag, body in enumerate(direct, 1):
        data += delivery(DIRECT, tag, body)
        data += delivery(OTHER, tag, other[tag - 1]) if tag <= len(other) else b""

    messages, frames = asyncio.run(received(Stream(data, cuts)))

    assert [message.body for message in messages] == direct
    assert [(message.delivery_tag, message.redelivered) for message in messages] == [
        (tag, tag % 2 == 0) for tag in range(1, len(direct) + 1)
    ]
    assert [message.message_id for message in messages] == [str(tag) for tag in range(1, len(direct) + 1)]
    left = [frame for number, frame in frames if number == OTHER]
    expected = other[: len(direct)]
    assert [frame.delivery_tag for frame in left if isinstance(frame, Basic.Deliver)] == list(
        range(1, len(expected) + 1)
    )
    assert b"".join(frame.value for frame in left if isinstance(frame, ContentBody)) == b"".join(expected)


async def test_deliveries_alone_are_a_sign_of_life_for_aiormq() -> None:
    _, frames = await received(Stream(delivery(DIRECT, 1, b"x") * 3, []))
    assert [(number, type(frame)) for number, frame in frames] == [(0, Heartbeat)]


async def test_on_a_closed_channel_nothing_is_delivered() -> None:
    messages: list[IncomingMessage] = []
    consumer = DeliveryAssembler(Mock(is_closed=True), messages.append)
    receiver = Receiver(Stream(delivery(DIRECT, 1, b"x"), []).read, {DIRECT: consumer})
    frames = [(await anext(receiver))[2] for _ in range(3)]
    assert [type(frame) for frame in frames] == [Basic.Deliver, ContentHeader, ContentBody]
    assert messages == []


@pytest.mark.parametrize("frame", [b"\1\0\0\0\0\0\1xx", b"\1\0\0\0\0\0\4\0\0\0\0\xce", b"\2\0\3\0\0\0\1x\xce"])
async def test_what_no_broker_sends_ends_the_connection_with_an_error_of_aiormq(frame: bytes) -> None:
    receiver = Receiver(Stream(frame, []).read, {})
    with pytest.raises(InvalidFrameError):
        await anext(receiver)


@pytest.mark.parametrize(
    "head",
    [
        struct.pack(">HH", 60, 60) + b"\4ctag" + struct.pack(">QB", 7, 0) + b"\1e",
        struct.pack(">HHH", 60, 50, 312) + b"\4text\1e",
        struct.pack(">HHQB", 60, 71, 7, 0) + b"\1e",
    ],
    ids=["deliver", "return", "get-ok"],
)
def test_a_routing_key_may_be_any_bytes(head: bytes) -> None:
    payload = head + b"\4k\xff\xfek" + bytes(4)
    frame = decode_frame(struct.pack(">BHI", 1, 1, len(payload)) + payload + b"\xce")
    assert isinstance(frame, Basic.Deliver | Basic.Return | Basic.GetOk)
    assert (frame.exchange, frame.routing_key) == ("e", "k??k")


def test_what_is_replaced_in_aiormq_is_still_there_and_used() -> None:
    """The reader is replaced by its mangled name: a version of aiormq that calls it otherwise must not go unnoticed."""
    name = "_Connection__reader"
    assert name in vars(aiormq.Connection)
    assert list(inspect.signature(vars(aiormq.Connection)[name]).parameters) == ["self", "frame_receiver"]
    assert "self.__reader(frame_receiver)" in inspect.getsource(aiormq.Connection.connect)
    assert name in vars(UnderlyingConnection)
