"""A publisher that writes its frames by hand: what client libraries refuse to send, a sender can send all the same."""

import socket
import struct
from types import TracebackType
from typing import Self

import pamqp.frame
from pamqp import commands
from pamqp.header import ProtocolHeader
from yarl import URL

TIMEOUT = 20.0  # seconds

FLAGS = {
    name: 0x8000 >> place
    for place, name in enumerate(
        (
            "content_type",
            "content_encoding",
            "headers",
            "delivery_mode",
            "priority",
            "correlation_id",
            "reply_to",
            "expiration",
            "message_id",
            "timestamp",
            "type",
            "user_id",
            "app_id",
            "cluster_id",
        )
    )
}


def short(text: bytes | str) -> bytes:
    """A short string."""
    raw = text.encode() if isinstance(text, str) else text
    return bytes((len(raw),)) + raw


def field(name: bytes | str, kind: bytes, value: bytes) -> bytes:
    """An entry of a table."""
    return short(name) + kind + value


def long(content: bytes) -> bytes:
    """Four bytes of length, and the content: a long string, table, array or byte array."""
    return struct.pack(">I", len(content)) + content


def seconds(count: int) -> bytes:
    """A timestamp."""
    return struct.pack(">Q", count)


def content_header(body_size: int, properties: dict[str, bytes]) -> bytes:
    """The payload of a content header frame; `properties` are encoded already."""
    flags = sum(FLAGS[name] for name in properties)
    values = b"".join(properties[name] for name in FLAGS if name in properties)
    return struct.pack(">HHQH", 60, 0, body_size, flags) + values


class RawPublisher:
    """A blocking connection with one channel in confirm mode: `with RawPublisher(url) as publisher:`."""

    def __init__(self, url: str) -> None:
        self._url = URL(url)
        self._published = 0

    def __enter__(self) -> Self:
        url = self._url
        self._socket = socket.create_connection((url.host, url.port), timeout=TIMEOUT)
        self._stream = self._socket.makefile("rb")
        self._socket.sendall(ProtocolHeader().marshal())
        self._expect(commands.Connection.Start)
        login = f"\0{url.user}\0{url.password}"
        self._send(0, commands.Connection.StartOk(client_properties={}, mechanism="PLAIN", response=login))
        self._expect(commands.Connection.Tune)
        self._send(0, commands.Connection.TuneOk(channel_max=8, frame_max=131_072, heartbeat=0))
        self._send(0, commands.Connection.Open(virtual_host=url.path.removeprefix("/")))
        self._expect(commands.Connection.OpenOk)
        self._send(1, commands.Channel.Open())
        self._expect(commands.Channel.OpenOk)
        self._send(1, commands.Confirm.Select())
        self._expect(commands.Confirm.SelectOk)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()

    def publish(self, exchange: str, routing_key: bytes, properties: dict[str, bytes], body: bytes) -> None:
        """Sends one message; `confirmed` tells whether the broker has it."""
        method = struct.pack(">HHH", 60, 40, 0) + short(exchange) + short(routing_key) + b"\0"
        frames = ((1, method), (2, content_header(len(body), properties)), (3, body))
        self._socket.sendall(
            b"".join(struct.pack(">BHI", kind, 1, len(payload)) + payload + b"\xce" for kind, payload in frames)
        )
        self._published += 1

    def confirmed(self) -> None:
        """Returns when the broker has confirmed everything; AssertionError when it answers anything else."""
        last = 0
        while last < self._published:
            answer = self._receive()
            assert isinstance(answer, commands.Basic.Ack), answer
            last = max(last, answer.delivery_tag)

    def _send(self, channel: int, frame: pamqp.frame.FrameTypes) -> None:
        self._socket.sendall(pamqp.frame.marshal(frame, channel))

    def _expect(self, kind: type[pamqp.frame.FrameTypes]) -> None:
        answer = self._receive()
        assert isinstance(answer, kind), answer

    def _receive(self) -> pamqp.frame.FrameTypes:
        head = self._stream.read(7)
        size = struct.unpack(">BHI", head)[2]
        return pamqp.frame.unmarshal(head + self._stream.read(size + 1))[2]
