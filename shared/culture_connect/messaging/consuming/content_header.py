"""The properties of a message as they came over the wire, whatever a sender has put there.

The broker passes on what it does not look at: times beyond every calendar, text that is no UTF-8, tables in tables. A
value that cannot be used is a fault of its message, named, and the rest of the message stays usable. What is
decoded can be encoded again by pamqp, so that a copy of the message can be published.

Source: AMQP 0-9-1 specification, sections 2.3.5 and 4.2, and RabbitMQ's errata
(https://www.rabbitmq.com/amqp-0-9-1-errata).
"""

import re
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

MAX_DEPTH: Final = 16  # tables and arrays in each other
MAX_FAULTS: Final = 10  # named for one message: an answer must stay small
MAX_NAME: Final = 128  # bytes of a header's name, as the specification has it
MAX_HEADERS: Final = 16 * 1024  # bytes of the whole table; what is kept of a message carries it along

_LAST_SECOND: Final = 253_402_300_799  # of the year 9999
_LARGEST_FLOAT: Final = 3.4028234663852886e38  # pamqp writes every number with a fraction in four bytes
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_NAME_TO_TELL: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_size_and_flags = struct.Struct(">4xQH").unpack_from
_ushort = struct.Struct(">H").unpack_from
_ulong = struct.Struct(">I").unpack_from
_ulonglong = struct.Struct(">Q").unpack_from

# In the order in which they stand on the wire; the first has the highest bit of the flags.
_PROPERTIES: Final = (
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
_OCTETS: Final = frozenset({"delivery_mode", "priority"})


class Fault(NamedTuple):
    """A property or header that cannot be used: its name, a code of `contracts.CODES`, and what was expected."""

    field: str
    code: str
    expected: str


class ContentHeader(NamedTuple):
    """The body's size in bytes, the properties by their AMQP names (only those that are usable), and the faults."""

    body_size: int
    properties: dict[str, Any]
    faults: tuple[Fault, ...]


class _Unusable(Exception):
    def __init__(self, code: str, expected: str) -> None:
        super().__init__(code)
        self.code = code
        self.expected = expected


def decode_content_header(payload: bytes) -> ContentHeader:
    """Decodes the payload of a content header frame.

    Raises ValueError when it does not even have a size and flags, which the broker writes itself.
    """
    try:
        body_size, flags = _size_and_flags(payload)
    except struct.error:
        raise ValueError("content header without size") from None
    faults: list[Fault] = []
    properties: dict[str, Any] = {}
    at, end = 14, len(payload)
    name = "properties"
    try:
        more = flags & 1
        while more:  # flags of properties that nobody has defined yet
            more = _ushort(payload, at)[0] & 1
            at += 2
        for name in _present(flags):
            if name == "headers":
                stop = at + 4 + _ulong(payload, at)[0]
                if stop > end:
                    raise IndexError
                properties[name] = _headers_within_limit(payload, at + 4, stop, faults)
            elif name == "timestamp":
                seconds = _ulonglong(payload, at)[0]
                stop = at + 8
                try:
                    properties[name] = _moment(seconds)
                except _Unusable as unusable:
                    faults.append(Fault(name, unusable.code, unusable.expected))
            elif name in _OCTETS:
                properties[name] = payload[at]
                stop = at + 1
            else:
                stop = at + 1 + payload[at]
                if stop > end:
                    raise IndexError
                try:
                    properties[name] = payload[at + 1 : stop].decode()
                except UnicodeDecodeError:
                    faults.append(Fault(name, "malformed", "must be UTF-8"))
            at = stop
    except (IndexError, struct.error):
        faults.append(Fault(name, "malformed", "must not be cut off"))
    return ContentHeader(body_size, properties, tuple(faults[:MAX_FAULTS]))


@lru_cache(maxsize=1024)
def _present(flags: int) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(_PROPERTIES) if flags & (0x8000 >> place))


def _headers_within_limit(data: bytes, at: int, end: int, faults: list[Fault]) -> dict[str, Any]:
    """The header table; of one over the limit what stands at its beginning, where an id may be that can be answered."""
    if end - at <= MAX_HEADERS:
        return _headers(data, at, end, faults)
    faults.append(Fault("headers", "too_large", f"must have at most {MAX_HEADERS} bytes in all"))
    return _headers(data, at, at + MAX_HEADERS, [])


def _headers(data: bytes, at: int, end: int, faults: list[Fault]) -> dict[str, Any]:
    """The header table; a header that cannot be used is left out, and named in `faults`."""
    headers: dict[str, Any] = {}
    while at < end:
        name = ""
        try:
            name_end = _name_end(data, at, end)
            kind, value_at = data[name_end], name_end + 1
            stop = _end_of(kind, data, value_at, end)
        except _Unusable as unusable:
            # The beginning of the next one is unknown.
            faults.append(Fault("headers", unusable.code, unusable.expected))
            break
        try:
            name = _name(data[at + 1 : name_end])
            headers[name] = _DECODERS[kind](data, value_at, stop, 1)
        except _Unusable as unusable:
            field = f"headers.{name}" if _NAME_TO_TELL.fullmatch(name) else "headers"
            faults.append(Fault(field, unusable.code, unusable.expected))
        at = stop
    return headers


def _name_end(data: bytes, at: int, end: int) -> int:
    stop = at + 1 + data[at]
    if stop >= end:
        raise _Unusable("malformed", "must not be cut off")
    return stop


def _name(raw: bytes) -> str:
    if len(raw) > MAX_NAME:
        raise _Unusable("too_long", f"must have names of at most {MAX_NAME} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _Unusable("malformed", "must have names in UTF-8") from None


def _end_of(kind: int, data: bytes, at: int, end: int) -> int:
    """Returns the end of a value of this type that begins at `at`."""
    size = _SIZES.get(kind)
    if size is None:
        raise _Unusable("malformed", "must have field types of AMQP 0-9-1")
    if size < 0:
        if at + 4 > end:
            raise _Unusable("malformed", "must not be cut off")
        size = 4 + _ulong(data, at)[0]
    if at + size > end:
        raise _Unusable("malformed", "must not be cut off")
    return at + size


def _table(data: bytes, at: int, end: int, depth: int) -> dict[str, Any]:
    _check_depth(depth)
    at += 4
    values: dict[str, Any] = {}
    while at < end:
        name_end = _name_end(data, at, end)
        kind = data[name_end]
        stop = _end_of(kind, data, name_end + 1, end)
        values[_name(data[at + 1 : name_end])] = _DECODERS[kind](data, name_end + 1, stop, depth + 1)
        at = stop
    return values


def _array(data: bytes, at: int, end: int, depth: int) -> list[Any]:
    _check_depth(depth)
    at += 4
    values = []
    while at < end:
        kind = data[at]
        stop = _end_of(kind, data, at + 1, end)
        values.append(_DECODERS[kind](data, at + 1, stop, depth + 1))
        at = stop
    return values


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _Unusable("too_deep", f"must be nested at most {MAX_DEPTH} deep")


def _text(data: bytes, at: int, end: int, _: int) -> str | bytearray:
    """Text, or the bytes where it is none: a long string may hold anything."""
    try:
        return data[at + 4 : end].decode()
    except UnicodeDecodeError:
        return bytearray(data[at + 4 : end])


def _bytes(data: bytes, at: int, end: int, _: int) -> bytearray:
    return bytearray(data[at + 4 : end])


def _boolean(data: bytes, at: int, _: int, __: int) -> bool:
    return data[at] != 0


def _nothing(_: bytes, __: int, ___: int, ____: int) -> None:
    return None


def _decimal(data: bytes, at: int, _: int, __: int) -> Decimal:
    scale, number = struct.unpack_from(">Bi", data, at)
    return Decimal(number).scaleb(-scale)


def _double(data: bytes, at: int, _: int, __: int) -> float:
    value: float = struct.unpack_from(">d", data, at)[0]
    if _LARGEST_FLOAT < abs(value) < float("inf"):
        raise _Unusable("out_of_range", "must be a number below 3.4e38")
    return value


def _timestamp(data: bytes, at: int, _: int, __: int) -> datetime:
    return _moment(_ulonglong(data, at)[0])


def _moment(count: int) -> datetime:
    """The moment after so many seconds since 1970, as the specification has it.

    What would be beyond the year 9999 is taken for milliseconds, which some clients send.
    """
    if count <= _LAST_SECOND:
        return _EPOCH + timedelta(seconds=count)
    if count <= _LAST_SECOND * 1000:
        return _EPOCH + timedelta(milliseconds=count)
    raise _Unusable("out_of_range", "must be whole seconds since 1970, below the year 10000")


def _number(layout: str) -> Callable[[bytes, int, int, int], Any]:
    unpack = struct.Struct(layout).unpack_from
    return lambda data, at, _end, _depth: unpack(data, at)[0]


# A decoder gets the data, where the value begins and ends, and how deep it is.
_DECODERS: Final[dict[int, Callable[[bytes, int, int, int], Any]]] = {
    ord("S"): _text,
    ord("t"): _boolean,
    ord("b"): _number(">b"),
    ord("B"): _number(">B"),
    ord("s"): _number(">h"),
    ord("u"): _number(">H"),
    ord("I"): _number(">i"),
    ord("i"): _number(">I"),
    ord("l"): _number(">q"),
    ord("L"): _number(">q"),
    ord("f"): _number(">f"),
    ord("d"): _double,
    ord("D"): _decimal,
    ord("T"): _timestamp,
    ord("A"): _array,
    ord("F"): _table,
    ord("x"): _bytes,
    ord("V"): _nothing,
    0: _nothing,  # seen in the wild, says pamqp
}
# Bytes of a value; -1 where its first four say.
_SIZES: Final = {
    **{ord(kind): 1 for kind in "tbB"},
    **{ord(kind): 2 for kind in "su"},
    **{ord(kind): 4 for kind in "Iif"},
    **{ord(kind): 8 for kind in "lLdT"},
    **{ord(kind): -1 for kind in "SAFx"},
    ord("D"): 5,
    ord("V"): 0,
    0: 0,
}
