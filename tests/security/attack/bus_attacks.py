"""Attacks on the bus with the account of a partner or a box office."""

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, Final
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage

from culture_connect_cli.accounts import Credentials
from tests.security.attack.target import Target, paced
from tests.support.external_clients import LOST
from tests.support.raw_amqp import RawPublisher, field, long, seconds, short

_KIB: Final = 1024
_LARGEST: Final = 256 * _KIB  # bytes of a body that the broker takes
_DEEP: Final = 50_000  # levels
_TIMEOUT: Final = 10.0  # seconds

Make = Callable[[], aio_pika.Message]


async def forge_death_records(target: Target, deadline: float) -> int:
    """Headers that belong to the broker, in forms that it never writes, on messages whose time runs out in a flood."""
    forged: Iterator[dict[str, Any]] = cycle(
        (
            {"x-death": [1, 2]},
            {"x-death": "none"},
            {"x-death": [{"count": "many", "reason": 7}]},
            {"x-first-death-queue": 1, "x-first-death-reason": [], "x-first-death-exchange": {}},
            {"x-delivery-count": "often", "x-last-death-queue": 3},
            {"CC": "everyone", "BCC": [1]},
        )
    )
    turns = cycle(range(5))

    def make() -> aio_pika.Message:
        return _message(_enrolment(), headers=next(forged), expiration=0.001) if not next(turns) else _message(b"{}")

    return await _flood(target.hr, make, rate=1000, deadline=deadline)


async def send_large_headers(target: Target, deadline: float) -> int:
    """Headers just under a frame."""
    headers = {f"h{number}": "x" * 4000 for number in range(30)}
    return await _flood(target.hr, lambda: _message(_enrolment(), headers=headers), rate=100, deadline=deadline)


async def send_small_messages(target: Target, deadline: float) -> int:
    """As many as one connection carries, half of which nobody can read."""
    turns = cycle((True, False))
    return await _flood(
        target.hr, lambda: _message(_enrolment() if next(turns) else b"no json"), rate=1000, deadline=deadline
    )


async def send_large_messages(target: Target, deadline: float) -> int:
    """The largest bodies, readable and not."""
    readable = json.dumps({"employee_ref": "e-1", "more": "x" * (_LARGEST - 100)}).encode()
    bodies = cycle((readable, b"x" * _LARGEST))
    return await _flood(target.hr, lambda: _message(next(bodies)), rate=60, deadline=deadline)


async def send_without_id(target: Target, deadline: float) -> int:
    """Sends messages that nobody can answer, so that they are kept for the operator."""

    def make() -> aio_pika.Message:
        return _message(b"x" * _LARGEST, message_id="\a")

    return await _flood(target.hr, make, rate=60, deadline=deadline)


async def send_costly_json(target: Target, deadline: float) -> int:
    """Deep, wide, long and endless, as far as a body allows."""
    bodies = cycle(
        (
            b"[" * _DEEP + b"]" * _DEEP,
            b'{"a":' * (_DEEP // 2) + b"1" + b"}" * (_DEEP // 2),
            json.dumps({f"k{number}": number for number in range(20_000)}).encode(),
            b'{"employee_ref": ' + b"9" * 200_000 + b"}",
            json.dumps(_person(given_name="a" * 100_000, email="a" * 60_000 + "@" + "a." * 30_000)).encode(),
            json.dumps(_person(email="-" * 50_000 + "@x", employee_ref=" " * 50_000)).encode(),
            b'{"employee_ref": "e", ' + b'"email": "a", ' * 15_000 + b'"x": NaN}',
            "\u200e".join("=" * 20_000).encode(),
        )
    )
    return await _flood(target.hr, lambda: _message(next(bodies)), rate=50, deadline=deadline)


async def send_malformed_frames(target: Target, deadline: float) -> int:
    """Properties that no client library writes, and bytes that are no frames."""
    return await asyncio.to_thread(_malformed, target.hr, deadline)


async def churn_channels(target: Target, deadline: float) -> int:
    """Opens and closes channels and connections, and declares and binds what is forbidden."""
    opened = 0
    async for _ in paced(20, deadline):
        with contextlib.suppress(*LOST):
            async with asyncio.timeout(_TIMEOUT), await aio_pika.connect(target.hr.url) as connection:
                for _ in range(8):
                    channel = await connection.channel()
                    opened += 1
                    with contextlib.suppress(*LOST):
                        await channel.declare_queue(f"own-{uuid4()}")
    return opened


async def hoard_receipts(target: Target, deadline: float) -> int:
    """Causes receipts, takes all of them and acknowledges none, or gives them back at once, over and over."""
    async with asyncio.TaskGroup() as group:
        sent = group.create_task(_flood(target.hr, lambda: _message(_enrolment()), rate=100, deadline=deadline))
        group.create_task(_return_everything(target.hr, deadline))
    return sent.result()


async def flood_admissions(target: Target, deadline: float) -> int:
    """Scans of made-up codes with forged records of the broker, while the box office's own feed is hoarded."""

    def make() -> aio_pika.Message:
        scan = {
            "scan_id": str(uuid4()),
            "evening_id": target.evening_id,
            "code": "x" * 1000,
            "scanned_at": datetime.now(UTC).isoformat(),
            "scanner": "door",
        }
        body = json.dumps(scan).encode()
        return _message(body, type="admission.recorded", headers={"x-death": [1, 2]}, expiration=5)

    async with asyncio.TaskGroup() as group:
        sent = group.create_task(_flood(target.box_office, make, rate=200, deadline=deadline))
        group.create_task(_return_everything(target.box_office, deadline))
    return sent.result()


async def _flood(account: Credentials, make: Make, *, rate: float, deadline: float) -> int:
    """Publishes without waiting for confirms, and comes back when it is thrown out; returns how many."""
    sent = 0
    while time.monotonic() < deadline:
        with contextlib.suppress(*LOST):
            async with asyncio.timeout(_TIMEOUT):
                connection = await aio_pika.connect(account.url, timeout=_TIMEOUT)
            try:
                channel = await connection.channel(publisher_confirms=False)
                exchange = await channel.get_exchange(account.exchange, ensure=False)
                async for _ in paced(rate, deadline):
                    await _publish(exchange, make(), account.routing_key)
                    sent += 1
            finally:
                with contextlib.suppress(*LOST):
                    async with asyncio.timeout(2):
                        await connection.close()
        await asyncio.sleep(0.2)
    return sent


async def _publish(exchange: AbstractExchange, message: aio_pika.Message, key: str) -> None:
    # A broker that pushes back stops reading: then the attacker waits for no longer than this.
    async with asyncio.timeout(_TIMEOUT):
        await exchange.publish(message, key, mandatory=False)


async def _return_everything(account: Credentials, deadline: float) -> None:
    held = 0

    async def take(message: AbstractIncomingMessage) -> None:
        nonlocal held
        held += 1
        if held > 5000:
            await message.reject(requeue=held % 2 == 0)

    while time.monotonic() < deadline:
        with contextlib.suppress(*LOST):
            async with asyncio.timeout(_TIMEOUT):
                connection = await aio_pika.connect(account.url, timeout=_TIMEOUT)
            try:
                await _consume(await connection.channel(), account.queue, take)
                await asyncio.sleep(max(0.0, min(3.0, deadline - time.monotonic())))
            finally:
                with contextlib.suppress(*LOST):
                    async with asyncio.timeout(2):
                        await connection.close()
        await asyncio.sleep(0.1)


async def _consume(channel: AbstractChannel, queue: str, take: Callable[[AbstractIncomingMessage], Any]) -> None:
    async with asyncio.timeout(_TIMEOUT):
        source = await channel.get_queue(queue, ensure=False)
        await source.consume(take)


def _malformed(account: Credentials, deadline: float) -> int:
    properties = cycle(
        (
            {"timestamp": seconds(2**63)},
            {"timestamp": seconds(2**64 - 1)},
            {"headers": long(field(b"\xff\xfe", b"S", long(b"\xff")))},
            {"headers": long(field("n", b"A", long(field("", b"F", long(b"")))[:-1]))},
            {"headers": long(field("d", b"D", b"\xff\xff\xff\xff\xff"))},
            {"message_id": short(b"\xff\xfe"), "type": short(b"\x00"), "expiration": short(b"soon")},
        )
    )
    sent = 0
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, AssertionError, struct.error), RawPublisher(account.url) as publisher:
            for _ in range(50):
                sent += 1
                publisher.publish(account.exchange, b"\xff\xfe", {"delivery_mode": b"\2", **next(properties)}, b"{}")
            publisher.confirmed()
            publisher._socket.sendall(b"\x08\x00\x01\xff\xff\xff\xff" + b"\xce" * 100)
        time.sleep(0.2)
    return sent


def _message(body: bytes, **properties: Any) -> aio_pika.Message:
    wanted = {"message_id": str(uuid4()), "type": "enrolment.requested", **properties}
    return aio_pika.Message(
        body, content_type="application/json", delivery_mode=aio_pika.DeliveryMode.PERSISTENT, **wanted
    )


def _enrolment() -> bytes:
    return json.dumps(_person()).encode()


def _person(**others: Any) -> dict[str, Any]:
    name = {"given_name": "Eve", "family_name": "Mallory", "email": f"{uuid4()}@mallory.example"}
    return {"employee_ref": str(uuid4()), "language": "nl", **name, **others}
