"""Decoding any content header gives its usable values, and a fault for each of the others.

`HYPOTHESIS_EXAMPLES=100000` tries so many headers.
"""

import os
import random
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pamqp.decode
import pytest
from pamqp.commands import Basic
from pamqp.header import ContentHeader as PamqpHeader

from culture_connect.messaging.consuming.content_header import MAX_FAULTS, MAX_HEADERS, Fault, decode_content_header
from culture_connect.messaging.consuming.receiver import decode_frame
from tests.support.raw_amqp import FLAGS, content_header, field, long, seconds, short

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "10000"))

TOO_LATE = "must be whole seconds since 1970, below the year 10000"
NOW = 1_795_000_000  # seconds, in 2026
VALID = {"message_id": short("m-1"), "type": short("enrolment.requested"), "app_id": short("hr")}


def decoded(**properties: bytes) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Properties and faults of a valid message with these properties beside its own."""
    header = decode_content_header(content_header(5, {**VALID, **properties}))
    assert header.body_size == 5
    return header.properties, header.faults


def test_a_header_table_over_its_limit_is_a_fault_and_what_stands_first_is_usable() -> None:
    first, rest = field("ce-id", b"S", long(b"1")), field("mine", b"S", long(b"x" * MAX_HEADERS))
    properties, faults = decoded(headers=long(first + rest))
    assert properties["headers"] == {"ce-id": "1"}
    assert faults == (Fault("headers", "too_large", "must have at most 16384 bytes in all"),)


def test_a_header_table_of_the_largest_size_is_taken() -> None:
    around = len(field("mine", b"S", long(b"")))
    properties, faults = decoded(headers=long(field("mine", b"S", long(b"x" * (MAX_HEADERS - around)))))
    assert len(properties["headers"]["mine"]) == MAX_HEADERS - around
    assert faults == ()


def test_a_valid_header_is_decoded_as_pamqp_does() -> None:
    sent = Basic.Properties(
        content_type="application/json",
        content_encoding="utf-8",
        headers={
            "text": "é",
            "yes": True,
            "numbers": [1, -1, 200, -200, 40_000, -40_000, 3_000_000_000, 2**40],
            "nested": {"half": 0.5, "cents": Decimal("12.34"), "at": datetime(2026, 1, 1, tzinfo=UTC)},
            "bytes": bytearray(b"\xff\x00"),
            "nothing": None,
        },
        delivery_mode=2,
        priority=3,
        correlation_id="c",
        reply_to="r",
        expiration="1000",
        message_id="m",
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        message_type="t",
        user_id="u",
        app_id="a",
    )

    header = decode_content_header(PamqpHeader(body_size=9, properties=sent).marshal())

    assert (header.body_size, header.faults) == (9, ())
    expected = {("type" if name == "message_type" else name): value for name, value in sent if name != "cluster_id"}
    assert header.properties == expected


@pytest.mark.parametrize(
    "count",
    [NOW * 1_000_000, NOW * 1_000_000_000, 2**64 - 86_400, 2**64 - 1, 2**63],
    ids=["microseconds", "nanoseconds", "a day before 1970", "a second before 1970", "the largest negative"],
)
def test_a_timestamp_that_no_calendar_has_is_a_fault_and_the_rest_stays(count: int) -> None:
    properties, faults = decoded(timestamp=seconds(count))
    assert faults == (Fault("timestamp", "out_of_range", TOO_LATE),)
    assert properties == {"message_id": "m-1", "type": "enrolment.requested", "app_id": "hr"}


def test_timestamps_of_seconds_and_of_milliseconds_are_moments() -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=NOW)
    assert decoded(timestamp=seconds(NOW))[0]["timestamp"] == moment
    assert decoded(timestamp=seconds(NOW * 1000 + 5))[0]["timestamp"] == moment + timedelta(milliseconds=5)
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert decoded(timestamp=seconds(253_402_300_799))[0]["timestamp"] == last


@pytest.mark.parametrize("name", sorted(set(FLAGS) - {"headers", "delivery_mode", "priority", "timestamp"}))
def test_a_short_string_that_is_no_utf8_is_a_fault_of_that_property(name: str) -> None:
    properties, faults = decoded(**{name: short(b"\xff\xfe")})
    assert faults == (Fault(name, "malformed", "must be UTF-8"),)
    assert name not in properties
    assert set(properties) == set(VALID) - {name}


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (field(b"\xff", b"S", long(b"x")), Fault("headers", "malformed", "must have names in UTF-8")),
        (field("n" * 129, b"S", long(b"x")), Fault("headers", "too_long", "must have names of at most 128 bytes")),
        (field("when", b"T", seconds(2**63)), Fault("headers.when", "out_of_range", TOO_LATE)),
        (field("a b", b"T", seconds(2**63)), Fault("headers", "out_of_range", TOO_LATE)),
        (
            field("n", b"d", struct.pack(">d", 1e300)),
            Fault("headers.n", "out_of_range", "must be a number below 3.4e38"),
        ),
        (
            field("in", b"F", long(field("when", b"T", seconds(2**63)))),
            Fault("headers.in", "out_of_range", TOO_LATE),
        ),
        (
            field("in", b"A", long(b"?")),
            Fault("headers.in", "malformed", "must have field types of AMQP 0-9-1"),
        ),
        (field("in", b"A", long(b"S\0\0\1\0x")), Fault("headers.in", "malformed", "must not be cut off")),
        (field("in", b"F", long(b"\x09name")), Fault("headers.in", "malformed", "must not be cut off")),
    ],
)
def test_a_header_that_cannot_be_used_is_left_out_and_its_neighbours_stay(entry: bytes, fault: Fault) -> None:
    neighbours = field("before", b"S", long(b"1")), field("after", b"S", long(b"2"))
    properties, faults = decoded(headers=long(neighbours[0] + entry + neighbours[1]))
    assert faults == (fault,)
    assert properties["headers"] == {"before": "1", "after": "2"}
    assert properties["message_id"] == "m-1"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (field("odd", b"?", b"1234"), "must have field types of AMQP 0-9-1"),
        (field("cut", b"S", struct.pack(">I", 1000) + b"x"), "must not be cut off"),
        (field("cut", b"l", b"123"), "must not be cut off"),
        (b"\xf0name", "must not be cut off"),
    ],
)
def test_behind_a_header_without_an_end_the_other_properties_stay(entry: bytes, expected: str) -> None:
    properties, faults = decoded(headers=long(field("before", b"S", long(b"1")) + entry))
    assert faults == (Fault("headers", "malformed", expected),)
    assert properties == {
        "headers": {"before": "1"},
        "message_id": "m-1",
        "type": "enrolment.requested",
        "app_id": "hr",
    }


@pytest.mark.parametrize("kind", [b"F", b"A"])
def test_tables_in_tables_have_a_limit(kind: bytes) -> None:
    value = long(b"")
    for _ in range(20_000):
        value = long(field("k", b"F", value) if kind == b"F" else b"A" + value)
        if len(value) > 16_000:
            break
    properties, faults = decoded(headers=long(field("deep", kind, value)))
    assert faults == (Fault("headers.deep", "too_deep", "must be nested at most 16 deep"),)
    assert properties["headers"] == {}


def test_properties_that_are_cut_off_are_faults_and_those_before_stay() -> None:
    whole = content_header(5, VALID)
    header = decode_content_header(whole[:-1])
    assert header.properties == {"message_id": "m-1", "type": "enrolment.requested"}
    assert header.faults == (Fault("app_id", "malformed", "must not be cut off"),)
    with pytest.raises(ValueError, match="without size"):
        decode_content_header(whole[:11])


def test_many_faults_make_a_short_list() -> None:
    entries = b"".join(field(f"h{number}", b"T", seconds(2**63)) for number in range(1000))
    assert len(decoded(headers=long(entries))[1]) == MAX_FAULTS


def test_any_header_at_all_is_decoded_and_what_is_usable_can_be_sent_again() -> None:
    seed = random.randrange(2**32) if "HYPOTHESIS_EXAMPLES" in os.environ else 16
    chance = random.Random(seed)
    broken = 0
    for number in range(EXAMPLES):
        payload = _any_header(chance)
        try:
            header = decode_content_header(payload)
            frame = struct.pack(">BHI", 2, 1, len(payload)) + payload + b"\xce"
            assert isinstance(decode_frame(frame), PamqpHeader)
            again = _sent_again(header.properties)
        except Exception as error:
            raise AssertionError(f"seed {seed}, example {number}: {payload.hex()}") from error
        assert again.faults == (), f"seed {seed}, example {number}: {payload.hex()}"
        broken += bool(header.faults)
    assert EXAMPLES / 5 < broken < EXAMPLES * 4 / 5, "the examples are both valid and not"


def _sent_again(properties: dict[str, Any]) -> Any:
    kept = {("message_type" if name == "type" else name): value for name, value in properties.items()}
    for name in ("delivery_mode", "priority", "cluster_id"):
        kept.pop(name, None)
    return decode_content_header(PamqpHeader(properties=Basic.Properties(**kept)).marshal())


def _any_header(chance: random.Random) -> bytes:
    """A content header that is valid, or was before some of its bytes were changed; or that never was."""
    way = chance.random()
    head = struct.pack(">HHQ", 60, 0, chance.randrange(2**20))
    if way < 0.1:
        return head + chance.randbytes(chance.randrange(2, 60))
    wanted = {name: _property(chance, name) for name in FLAGS if chance.random() < 0.5}
    payload = bytearray(content_header(9, wanted))
    if way < 0.7:
        for _ in range(chance.choice((1, 1, 1, 2, 8))):
            at = chance.randrange(12, len(payload))
            if chance.random() < 0.2:
                del payload[at : at + chance.randrange(1, 9)]
                payload += bytes(max(0, 14 - len(payload)))
            else:
                payload[at] = chance.randrange(256)
    return bytes(payload)


def _property(chance: random.Random, name: str) -> bytes:
    if name == "headers":
        return long(_table(chance, 0))
    if name == "timestamp":
        return _count(chance)
    if name in ("delivery_mode", "priority"):
        return chance.randbytes(1)
    return short(_characters(chance, 40))


def _characters(chance: random.Random, most: int) -> bytes:
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(most))
    return "".join(chance.choice("abc-.é€\0😀") for _ in range(chance.randrange(most // 4))).encode()


def _count(chance: random.Random) -> bytes:
    return seconds(chance.choice((0, NOW, NOW * 1000, chance.randrange(2**34), chance.randrange(2**64))))


def _table(chance: random.Random, depth: int) -> bytes:
    entries = (_characters(chance, 40) for _ in range(chance.randrange(5)))
    return b"".join(short(name) + _value(chance, depth) for name in entries)


def _value(chance: random.Random, depth: int) -> bytes:
    kinds = "tbBsuIilLfdDTSxV\0" + ("FA" if depth < 4 else "")
    kind = chance.choice(kinds) if chance.random() < 0.98 else chr(chance.randrange(128))
    encode = _VALUES.get(kind)
    content = encode(chance, depth) if encode else chance.randbytes(_WIDTHS.get(kind, 0))
    return kind.encode() + content


_WIDTHS = {
    **dict.fromkeys("tbB", 1),
    **dict.fromkeys("su", 2),
    **dict.fromkeys("Iif", 4),
    **dict.fromkeys("lLd", 8),
    "D": 5,
}
_VALUES: dict[str, Callable[[random.Random, int], bytes]] = {
    "T": lambda chance, _: _count(chance),
    "S": lambda chance, _: long(_characters(chance, 60)),
    "x": lambda chance, _: long(chance.randbytes(chance.randrange(20))),
    "F": lambda chance, depth: long(_table(chance, depth + 1)),
    "A": lambda chance, depth: long(b"".join(_value(chance, depth + 1) for _ in range(chance.randrange(4)))),
}


def test_the_decoder_knows_every_field_type_of_pamqp() -> None:
    """A new version of the library may add one."""
    for kind in pamqp.decode.TABLE_MAPPING:
        _, faults = decoded(headers=long(field("h", kind, bytes(8) if kind not in b"V\0" else b"")))
        assert all(fault.expected != "must have field types of AMQP 0-9-1" for fault in faults), kind
