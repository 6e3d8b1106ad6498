"""From the bytes of a connection to its frames, and straight to the consumers that want nothing else.

aiormq reads every frame in three awaits, lets pamqp decode it (which gives up at values that a sender controls, and
the connection with it), and hands deliveries through two queues and three objects. Here a chunk of bytes is taken apart
at once; what a sender controls is decoded with faults, not exceptions; and a delivery on the channel of a direct
consumer goes from the bytes to its callback, in the order of arrival.
"""

import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import pamqp.frame
from aiormq.abc import AbstractChannel
from aiormq.connection import ReceivedFrame
from aiormq.exceptions import AMQPConnectionError, InvalidFrameError
from pamqp import header
from pamqp.commands import Basic
from pamqp.exceptions import PAMQPException
from pamqp.heartbeat import Heartbeat

from culture_connect.messaging.consuming.content_header import ContentHeader, decode_content_header
from culture_connect.messaging.consuming.incoming_message import IncomingMessage

CHUNK = 256 * 1024  # bytes taken from the socket at once

_METHOD, _HEADER = 1, 2
_END = 0xCE
_DELIVER, _RETURN, _GET_OK = b"\x00\x3c\x00\x3c", b"\x00\x3c\x00\x32", b"\x00\x3c\x00\x47"
# What stands before the routing key: a number of bytes, or 0 for a short string.
_BEFORE_ROUTING_KEY = {_DELIVER: (0, 9, 0), _RETURN: (2, 0, 0), _GET_OK: (9, 0)}
_ASCII = bytes(byte if byte < 0x80 else ord("?") for byte in range(256))

_frame_head = struct.Struct(">BHI").unpack_from
_tag_and_flags = struct.Struct(">QB").unpack_from


class DeliveryAssembler:
    """Puts deliveries of one channel together and gives them to `on_message`, within the reading of the connection."""

    def __init__(self, channel: AbstractChannel, on_message: Callable[[IncomingMessage], None]) -> None:
        self._channel = channel
        self._on_message = on_message
        self._expecting = False
        self._tag, self._redelivered = 0, False
        self._header: ContentHeader | None = None
        self._parts: list[bytes] = []
        self._missing = 0

    def take(self, kind: int, payload: bytes) -> bool:
        """Takes a frame of the channel that is part of a delivery; False for every other."""
        if kind == _METHOD:
            if not payload.startswith(_DELIVER) or self._channel.is_closed:
                return False
            self._tag, flags = _tag_and_flags(payload, 5 + payload[4])
            self._redelivered = flags & 1 == 1
            self._expecting = True
            return True
        if not self._expecting:
            return False
        if kind == _HEADER:
            self._header = decode_content_header(payload)
            self._missing = self._header.body_size
        else:
            self._parts.append(payload)
            self._missing -= len(payload)
        if self._missing <= 0 and self._header is not None:
            parts, self._parts = self._parts, []
            head, self._header = self._header, None
            self._expecting = False
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            self._on_message(IncomingMessage(self._channel, self._tag, self._redelivered, head, body))
        return True


class Receiver(AsyncIterator[ReceivedFrame]):
    """The frames of a connection, read for aiormq; those for `consumers` (by number of channel) go to them."""

    def __init__(self, read: Callable[[int], Awaitable[bytes]], consumers: dict[int, DeliveryAssembler]) -> None:
        self._read = read
        self._consumers = consumers
        self._rest = b""
        self._frames: deque[ReceivedFrame] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReceivedFrame:
        """The next frame that is aiormq's.

        Raises AMQPConnectionError when the connection is lost, InvalidFrameError for what no broker sends.
        """
        while not self._frames:
            try:
                chunk = await self._read(CHUNK)
            except OSError as error:
                raise AMQPConnectionError(f"connection lost: {type(error).__name__}") from error
            if not chunk:
                raise AMQPConnectionError("connection closed by the broker")
            try:
                self._take(self._rest + chunk)
            except (PAMQPException, ValueError, IndexError, struct.error) as error:
                raise InvalidFrameError(type(error).__name__) from error
        return self._frames.popleft()

    def _take(self, data: bytes) -> None:
        at, size_of_all, taken = 0, len(data), False
        while size_of_all - at >= 8:
            kind, channel, size = _frame_head(data, at)
            stop = at + 7 + size
            if stop >= size_of_all:
                break
            if data[stop] != _END:
                raise ValueError("frame without end")
            consumer = self._consumers.get(channel)
            if consumer is not None and consumer.take(kind, data[at + 7 : stop]):
                taken = True
            else:
                self._frames.append((size + 8, channel, decode_frame(data[at : stop + 1])))
            at = stop + 1
        self._rest = data[at:]
        if taken and not self._frames:
            # aiormq measures the silence of a broker by the frames it sees.
            self._frames.append((8, 0, Heartbeat()))


def decode_frame(frame: bytes) -> pamqp.frame.FrameTypes:
    """One whole frame as pamqp has it; what a sender controls never raises.

    Raises pamqp's exceptions and ValueError for what only the broker can have written.
    """
    kind = frame[0]
    if kind == _HEADER:
        return _content_header(frame[7:-1])
    if kind == _METHOD and frame[7:11] in _BEFORE_ROUTING_KEY:
        frame = _with_readable_routing_key(frame)
    return pamqp.frame.unmarshal(frame)[2]


def _content_header(payload: bytes) -> header.ContentHeader:
    body_size, values, _ = decode_content_header(payload)
    properties = Basic.Properties()
    for name, value in values.items():
        setattr(properties, "message_type" if name == "type" else name, value)
    # aio-pika raises for these two where they are not what it knows.
    if properties.delivery_mode not in (None, 1, 2):
        properties.delivery_mode = None
    if properties.expiration is not None and not properties.expiration.isdecimal():
        properties.expiration = None
    return header.ContentHeader(body_size=body_size, properties=properties)


def _with_readable_routing_key(frame: bytes) -> bytes:
    """The same frame with `?` for whatever in its routing key is not ASCII: a sender is free in it."""
    at = 11
    for size in _BEFORE_ROUTING_KEY[frame[7:11]]:
        at += size or 1 + frame[at]
    stop = at + 1 + frame[at]
    key = frame[at + 1 : stop]
    return frame if key.isascii() else frame[: at + 1] + key.translate(_ASCII) + frame[stop:]
