"""A sender that speaks AMQP 1.0, which RabbitMQ 4 takes on the same port; 3.10 refuses it.

It writes the frames of one message by hand (https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-complete-v1.0-os.pdf).
"""

import socket
import struct
from typing import BinaryIO, Final

from yarl import URL

TIMEOUT: Final = 20.0  # seconds

_SASL, _AMQP = b"AMQP\x03\x01\x00\x00", b"AMQP\x00\x01\x00\x00"
_MECHANISMS, _INIT, _OUTCOME = 0x40, 0x41, 0x44
_OPEN, _BEGIN, _ATTACH, _FLOW, _TRANSFER, _DISPOSITION = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15
_SOURCE, _TARGET = 0x28, 0x29
_ANNOTATIONS, _PROPERTIES, _APPLICATION_PROPERTIES, _DATA = 0x72, 0x73, 0x74, 0x75
_NULL, _FALSE = b"\x40", b"\x42"


class NotSpokenError(Exception):
    """The broker does not speak AMQP 1.0."""


def string(text: str) -> bytes:
    """A string of up to 255 bytes."""
    return b"\xa1" + bytes((len(text.encode()),)) + text.encode()


def symbol(text: str) -> bytes:
    """A symbol of up to 255 bytes."""
    return b"\xa3" + bytes((len(text),)) + text.encode("ascii")


def uuid(value: bytes) -> bytes:
    """A UUID of 16 bytes, a type that AMQP 0-9-1 does not have."""
    assert len(value) == 16
    return b"\x98" + value


def send(url: str, address: str, body: bytes, *, message_id: str, type_: str, properties: dict[str, bytes]) -> None:
    """Sends one message and returns when the broker has accepted it.

    `url` is that of AMQP 0-9-1; `properties` are the application's, encoded already. Raises NotSpokenError.
    """
    parts = URL(url)
    message = b"".join(
        (
            _described(_ANNOTATIONS, _map({symbol("x-basic-type"): string(type_)})),
            _described(_PROPERTIES, _list(string(message_id))),
            _described(_APPLICATION_PROPERTIES, _map({string(name): value for name, value in properties.items()})),
            _described(_DATA, _binary(body)),
        )
    )
    with socket.create_connection((parts.host, parts.port), timeout=TIMEOUT) as wire, wire.makefile("rb") as answers:
        _greet(wire, answers, _SASL)
        _expect(answers, _MECHANISMS)
        login = _binary(f"\0{parts.user}\0{parts.password}".encode())
        wire.sendall(_frame(1, _described(_INIT, _list(symbol("PLAIN"), login))))
        _expect(answers, _OUTCOME)
        _greet(wire, answers, _AMQP)
        vhost = f"vhost:{parts.path.removeprefix('/')}"
        target = _described(_TARGET, _list(string(address)))
        attach = _list(
            string("link"), _uint(0), _FALSE, _NULL, _NULL, _described(_SOURCE, _list()), target, _NULL, _NULL, _uint(0)
        )
        for code, fields in (
            (_OPEN, _list(string("tests"), string(vhost))),
            (_BEGIN, _list(_NULL, _uint(0), _uint(100), _uint(100))),
            (_ATTACH, attach),
        ):
            wire.sendall(_frame(0, _described(code, fields)))
            _expect(answers, code)
        _expect(answers, _FLOW)
        transfer = _described(_TRANSFER, _list(_uint(0), _uint(0), _binary(b"1"), _uint(0), _FALSE))
        wire.sendall(_frame(0, transfer + message))
        _expect(answers, _DISPOSITION)


def _greet(wire: socket.socket, answers: BinaryIO, header: bytes) -> None:
    wire.sendall(header)
    if answers.read(len(header)) != header:
        raise NotSpokenError


def _expect(answers: BinaryIO, code: int) -> None:
    [size] = struct.unpack(">I", answers.read(4))
    rest = answers.read(size - 4)
    performative = rest[rest[0] * 4 - 4 :]
    assert performative[:3] == bytes((0, 0x53, code)), f"expected {code:#x}: {performative[:200]!r}"


def _frame(kind: int, content: bytes) -> bytes:
    return struct.pack(">IBBH", len(content) + 8, 2, kind, 0) + content


def _described(code: int, value: bytes) -> bytes:
    return bytes((0, 0x53, code)) + value


def _list(*items: bytes) -> bytes:
    content = b"".join(items)
    return b"\xd0" + struct.pack(">II", len(content) + 4, len(items)) + content


def _map(items: dict[bytes, bytes]) -> bytes:
    content = b"".join(key + value for key, value in items.items())
    return b"\xd1" + struct.pack(">II", len(content) + 4, 2 * len(items)) + content


def _binary(content: bytes) -> bytes:
    return b"\xb0" + struct.pack(">I", len(content)) + content


def _uint(number: int) -> bytes:
    return b"\x70" + struct.pack(">I", number)
