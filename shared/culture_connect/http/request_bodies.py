"""Bodies are received whole before anything else is done for a request.

So nothing of a request waits for its client: no transaction, no lock, no place among those under way. How long a body
takes, how large it is and how much memory all bodies take together have their limits.
"""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from culture_connect.http.limits import ANONYMOUS_BODY, MIB, SMALL_BODY, HttpLimits
from culture_connect.http.problems import Problem, payload_too_large

_SHARE = 4  # one client's bodies take at most this part of the memory for them


class ClientGoneError(Exception):
    """The client hung up before its body was there: nobody waits for an answer."""


class BodyLimits:
    """The largest size of a body: `usual`, or by the first regular expression that matches the whole path."""

    def __init__(self, usual: int, by_path: Mapping[str, int]) -> None:
        self._usual = usual
        self._by_path = [(re.compile(pattern), limit) for pattern, limit in by_path.items()]

    def of(self, path: str) -> int:
        """The limit for this path."""
        return next((limit for pattern, limit in self._by_path if pattern.fullmatch(path)), self._usual)

    def is_special(self, path: str) -> bool:
        """Returns whether the path has its own limit."""
        return any(pattern.fullmatch(path) for pattern, _ in self._by_path)


class BodyMemory:
    """The memory that bodies take together; one client has a quarter of it at most."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken: Counter[Hashable] = Counter()

    def take(self, client: Hashable, count: int) -> None:
        """Takes so many bytes for the client. Raises a 503 problem when they are not there."""
        if self._taken.total() + count > self._total or self._taken[client] + count > self._total // _SHARE:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "busy-with-bodies",
                "Other large bodies are being received at the moment",
                headers={"Retry-After": "10"},
            )
        self._taken[client] += count

    def give_back(self, client: Hashable, count: int) -> None:
        """Gives so many of them back."""
        self._taken[client] -= count
        if not self._taken[client]:
            del self._taken[client]


class Bodies:
    """Receives the bodies of an application's requests."""

    def __init__(self, limits: HttpLimits, sizes: BodyLimits) -> None:
        self._limits = limits
        self._sizes = sizes
        self._memory = BodyMemory(limits.bodies_in_memory)

    @asynccontextmanager
    async def received(self, scope: Scope, receive: Receive, client: Hashable, *, known: bool) -> AsyncIterator[bytes]:
        """Yields the body; its memory is counted for the client until the block ends. At most 8 KiB unless `known`.

        Raises 408, 413 and 503 problems, and ClientGoneError.
        """
        limit = self._sizes.of(scope["path"]) if known else min(self._sizes.of(scope["path"]), ANONYMOUS_BODY)
        if _declared_length(scope) > limit:
            raise payload_too_large(limit)
        taken = 0
        body = bytearray()
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            more = True
            while more:
                timeout = self._limits.body_seconds + self._limits.body_seconds_per_mib * len(body) / MIB
                message = await _next(receive, started + timeout)
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > limit:
                    raise payload_too_large(limit)
                if (wanted := max(len(body) - SMALL_BODY, 0)) > taken:
                    self._memory.take(client, wanted - taken)
                    taken = wanted
            yield bytes(body)
        finally:
            if taken:
                self._memory.give_back(client, taken)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the application the body at once, and then what else comes of the client: that it hung up."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _next(receive: Receive, deadline: float) -> Message:
    try:
        async with asyncio.timeout_at(deadline):
            message = await receive()
    except TimeoutError:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            "body-too-slow",
            "The body did not arrive in time",
            headers={"Connection": "close"},
        ) from None
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    return message


def _declared_length(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    if not (declared.isascii() and declared.isdigit()):
        return 0
    return int(declared) if len(declared) < 20 else sys.maxsize  # Python refuses to read very long numbers
