"""The frames of a message on its way to the broker.

pamqp can do this for every message there is; ours all have the same few properties, and are encoded here in a third
of the time. Source: AMQP 0-9-1 specification, sections 2.3 and 4.2.
"""

import struct
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

_METHOD, _HEADER, _BODY, _END = 1, 2, 3, b"\xce"
_BASIC, _PUBLISH, _MANDATORY = 60, 40, b"\x01"
_FRAME = struct.Struct(">BHI")
_HEADER_START = struct.Struct(">HHQH")
_LONG = struct.Struct(">I")
_TIMESTAMP = struct.Struct(">Q")

# Property flags, in the order in which the properties follow.
_CONTENT_TYPE, _HEADERS, _DELIVERY_MODE, _CORRELATION_ID = 1 << 15, 1 << 13, 1 << 12, 1 << 10
_MESSAGE_ID, _TIMESTAMPED, _TYPE, _APP_ID = 1 << 7, 1 << 6, 1 << 5, 1 << 3
_ALWAYS = _CONTENT_TYPE | _HEADERS | _DELIVERY_MODE | _MESSAGE_ID | _TIMESTAMPED | _TYPE | _APP_ID
_PERSISTENT = b"\x02"


def publication_frames(
    channel: int,
    largest: int,
    *,
    exchange: str,
    routing_key: str,
    headers: Mapping[str, str],
    correlation_id: str | None,
    body: bytes,
    properties: bytes | None = None,
) -> list[bytes]:
    """A persistent, mandatory publish of JSON with these CloudEvents headers, repeated in the properties.

    `properties` is the payload of another content header instead. `largest` is how many bytes of a body one frame may
    carry. Raises ValueError for a text, or headers, too long to encode, KeyError when a header of an event is missing.
    """
    if properties is None:
        header = _header(channel, len(body), headers, correlation_id)
    else:
        header = _frame(_HEADER, channel, properties)
    if len(header) > largest:
        raise ValueError("the headers do not fit into a frame")
    frames = [_publish(channel, exchange, routing_key), header]
    frames += [_frame(_BODY, channel, body[start : start + largest]) for start in range(0, len(body), largest)]
    return frames


@lru_cache(maxsize=1024)
def _publish(channel: int, exchange: str, routing_key: str) -> bytes:
    start = struct.pack(">HHH", _BASIC, _PUBLISH, 0)
    return _frame(_METHOD, channel, start + _short(exchange) + _short(routing_key) + _MANDATORY)


def _header(channel: int, size: int, headers: Mapping[str, str], correlation_id: str | None) -> bytes:
    table = b"".join([_key(name) + _long(value) for name, value in headers.items()])
    moment = int(datetime.fromisoformat(headers["ce-time"]).timestamp())
    flags = _ALWAYS if correlation_id is None else _ALWAYS | _CORRELATION_ID
    parts = [
        _HEADER_START.pack(_BASIC, 0, size, flags),
        _constant("application/json"),
        _LONG.pack(len(table)),
        table,
        _PERSISTENT,
        b"" if correlation_id is None else _short(correlation_id),
        _short(headers["ce-id"]),
        _TIMESTAMP.pack(moment),
        _constant(headers["ce-type"]),
        _constant(headers["ce-source"].rpartition("/")[2]),
    ]
    return _frame(_HEADER, channel, b"".join(parts))


def _frame(kind: int, channel: int, payload: bytes) -> bytes:
    return _FRAME.pack(kind, channel, len(payload)) + payload + _END


@lru_cache(maxsize=1024)
def _constant(text: str) -> bytes:
    return _short(text)


@lru_cache(maxsize=1024)
def _key(name: str) -> bytes:
    return _short(name) + b"S"


def _short(text: str) -> bytes:
    encoded = text.encode()
    return bytes((len(encoded),)) + encoded


def _long(text: str) -> bytes:
    encoded = text.encode()
    return _LONG.pack(len(encoded)) + encoded
