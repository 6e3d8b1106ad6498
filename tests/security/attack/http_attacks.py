"""Attacks over HTTP with a partner's token, with a personal link, and with neither."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import cycle
from typing import Any, Final
from uuid import uuid4

import httpx

from culture_connect_cli.stack.ports import LOOPBACK
from tests.security.attack.target import ADDRESS, ATTACKER, Target, paced

_CSV: Final = 15 * 1024 * 1024  # bytes, just under what an import may have
_SOCKETS: Final = 100  # for each replica
_TIMEOUT: Final = 30.0  # seconds

Connect = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def hold_bodies_of_link(target: Target, deadline: float) -> int:
    """Requests with the secret of a personal page whose bodies never come."""
    paths = [f"/tickets/{target.ticket_id}/decline", f"/evenings/{target.evening_id}/tickets"]
    heads = [_head("POST", path, target.secret, length=5) for path in paths]
    form = _head("POST", f"/my/{target.secret}/decline", None, length=5, type_="application/x-www-form-urlencoded")
    return await _hold(target.ports("ticketing"), [*heads, form], deadline)


async def hold_bodies_of_token(target: Target, deadline: float) -> int:
    """The same with a partner's token: nothing comes, or a byte a second."""
    head = _head("POST", f"/partners/{ATTACKER}/enrolments", target.partner_token, length=500)
    return await _hold(target.ports("registration"), [head], deadline, trickle=b" ")


async def hold_heads(target: Target, deadline: float) -> int:
    """Connections that say nothing, or a header a second that never ends."""
    everyone = [port for service in ("registration", "ticketing", "notifications") for port in target.ports(service)]
    return await _hold(everyone, [b"", b"GET /health/live HTTP/1.1\r\nhost: x\r\n"], deadline, trickle=b"x-more: y\r\n")


async def read_slowly(target: Target, deadline: float) -> int:
    """Asks for the largest answers there are and reads none of it."""
    paths = [f"/partners/{ATTACKER}/participants/export", f"/partners/{ATTACKER}/participants?limit=1000"]
    heads = [_head("GET", path, target.partner_token) for path in paths]
    return await _hold(target.ports("registration"), heads, deadline)


async def flood_page(target: Target, deadline: float) -> int:
    """Opens the personal page again and again, and presses every button."""
    calls = cycle(
        (
            ("GET", f"/my/{target.secret}", None),
            ("GET", f"/my/{target.secret}?lang=en", None),
            ("POST", f"/my/{target.secret}/pass-on", {"email": "nobody@mallory.example"}),
            ("POST", f"/my/{target.secret}/come", {}),
            ("GET", f"/my/{uuid4().hex}", None),
        )
    )

    async def call(client: httpx.AsyncClient, url: str) -> None:
        method, path, form = next(calls)
        await client.request(method, f"{url}{path}", data=form)

    return await _flood(target, "ticketing", call, rate=200, deadline=deadline)


async def upload_wide_files(target: Target, deadline: float) -> int:
    """Lists of employees with one endless line, with a million columns, and with nothing but line ends."""
    header = b"employee_ref;given_name;family_name;email"
    files = cycle(
        (
            header + b";" * (_CSV - len(header)),
            b'"' + b"a" * (_CSV - 1),
            header + b"\n" + b"\n" * (_CSV - len(header) - 1),
            header + b"\n" + b'e;"' + b'""' * (_CSV // 2 - 30),
            ("employee_ref;given_name\n" + "e;\u200e\n" * 1_000_000).encode(),
        )
    )
    path = f"/partners/{ATTACKER}/enrolments/import?dry_run=true"

    async def call(client: httpx.AsyncClient, url: str) -> None:
        await client.post(f"{url}{path}", content=next(files), headers=_authorized(target, "text/csv"))

    return await _flood(target, "registration", call, rate=2, deadline=deadline, together=8)


async def send_costly_json(target: Target, deadline: float) -> int:
    """Deep, wide and compressed bodies, and keys that come twice."""
    bodies: Sequence[tuple[bytes, Mapping[str, str]]] = (
        (b"[" * 400_000 + b"]" * 400_000, {}),
        (json.dumps({f"k{number}": number for number in range(60_000)}).encode(), {}),
        (b'{"employee_ref": ' + b"9" * 900_000 + b"}", {}),
        (b'{"employee_ref": "a", "employee_ref": "b"}', {}),
        (b"\x1f\x8b" + b"\0" * 10_000, {"content-encoding": "gzip"}),
    )
    turns = cycle(bodies)

    async def call(client: httpx.AsyncClient, url: str) -> None:
        body, more = next(turns)
        headers = {**_authorized(target, "application/json"), **more}
        await client.post(f"{url}/partners/{ATTACKER}/enrolments", content=body, headers=headers)

    return await _flood(target, "registration", call, rate=40, deadline=deadline)


async def guess(target: Target, deadline: float) -> int:
    """Nobody: wrong tokens, paths that cannot be put into a header, hosts of others, methods that do not exist."""
    calls = cycle(
        (
            ("GET", "/partners", {"authorization": "Bearer guess"}),
            ("GET", "/partners/%E2%82%AC%0d%0aX/participants", {"authorization": f"Bearer {target.partner_token}"}),
            ("GET", "/partners/", {"host": "evil.example"}),
            ("BREW", "/partners", {}),
            ("GET", "/" + "a/" * 4000, {}),
            ("GET", "/docs", {"accept": "*/*;q=" + "0" * 4000}),
        )
    )

    async def call(client: httpx.AsyncClient, url: str) -> None:
        method, path, headers = next(calls)
        await client.request(method, f"{url}{path}", headers=headers)

    return await _flood(target, "registration", call, rate=200, deadline=deadline)


async def hold_broker(target: Target, deadline: float) -> int:
    """Nobody, at the broker: connections that say nothing, and a protocol that is none."""
    return await _hold([target.hr.port], [b"", b"AMQP\0\0\x09\x01", b"GET / HTTP/1.1\r\n\r\n"], deadline)


async def _flood(
    target: Target,
    service: str,
    call: Callable[[httpx.AsyncClient, str], Awaitable[None]],
    *,
    rate: float,
    deadline: float,
    together: int = 32,
) -> int:
    """At most so many calls a second, and so many at the same time, at the replicas in turn; returns how many."""
    called = 0
    urls = cycle([url for name, url in target.urls.items() if name.startswith(service)])
    free = asyncio.Semaphore(together)

    async def one(client: httpx.AsyncClient) -> None:
        try:
            with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL, ValueError):
                await call(client, next(urls))
        finally:
            free.release()

    transport = httpx.AsyncHTTPTransport(
        local_address=ADDRESS, limits=httpx.Limits(max_connections=together), trust_env=False
    )
    async with httpx.AsyncClient(transport=transport, timeout=_TIMEOUT) as client, asyncio.TaskGroup() as group:
        async for _ in paced(rate, deadline):
            await free.acquire()
            group.create_task(one(client))
            called += 1
    return called


async def _hold(ports: Sequence[int], heads: Sequence[bytes], deadline: float, *, trickle: bytes = b"") -> int:
    """Keeps `_SOCKETS` connections to each port, each with a head, and opens those again that were closed.

    Returns how many it opened.
    """
    async with asyncio.TaskGroup() as group:
        keeping = [
            group.create_task(_keep(port, heads[number % len(heads)], deadline, trickle))
            for port in ports
            for number in range(_SOCKETS)
        ]
    return sum(task.result() for task in keeping)


async def _keep(port: int, head: bytes, deadline: float, trickle: bytes) -> int:
    opened = 0
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
                # A small buffer: what is not read is soon the sender's to keep.
                reader, writer = await asyncio.open_connection(LOOPBACK, port, limit=1024, local_addr=(ADDRESS, 0))
                opened += 1
                try:
                    writer.write(head)
                    while not reader.at_eof() and not writer.is_closing():
                        writer.write(trickle)
                        await writer.drain()
                        await asyncio.sleep(1.0)
                finally:
                    writer.transport.abort()
        await asyncio.sleep(0.5)
    return opened


def _head(
    method: str, path: str, token: str | None, *, length: int | None = None, type_: str = "application/json"
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"host: {LOOPBACK}"]
    if token is not None:
        lines += [f"authorization: Bearer {token}", f"idempotency-key: {uuid4()}"]
    if length is not None:
        lines += [f"content-type: {type_}", f"content-length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def _authorized(target: Target, type_: str) -> dict[str, Any]:
    return {"authorization": f"Bearer {target.partner_token}", "content-type": type_, "idempotency-key": str(uuid4())}
