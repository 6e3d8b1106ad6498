"""People who all ask for a seat at the same moment, each from a connection of their own, and again when it breaks."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from culture_connect.contracts import EveningScheduled

ANSWER_TIMEOUT = 60.0  # seconds that somebody waits for an answer
ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Requester:
    """Somebody with the secret of their own page for one evening."""

    participant_id: UUID
    evening_id: UUID
    secret: str = field(repr=False)
    key: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True, slots=True)
class SeatAnswer:
    """An answer to a request: by which replica, how many seconds after the requests began, at which attempt."""

    requester: Requester
    status: int
    body: dict[str, Any]
    port: int
    seconds: float
    attempt: int
    replayed: bool

    def is_for(self, evening: EveningScheduled) -> bool:
        """Tells whether it is about this evening."""
        return self.requester.evening_id == evening.evening_id


@dataclass
class Requesters:
    """SeatRequests at any of these replicas, by port; `broken` counts connections that broke, by port."""

    ports: Sequence[int]
    broken: Counter[int] = field(default_factory=Counter)

    async def ask(self, requests: Sequence[Requester]) -> list[SeatAnswer]:
        """All ask at once; raises AssertionError for whoever gets no answer."""
        started = time.perf_counter()
        return list(
            await asyncio.gather(*(self._ask(requester, nth, started) for nth, requester in enumerate(requests)))
        )

    async def _ask(self, requester: Requester, nth: int, started: float) -> SeatAnswer:
        for attempt in range(ATTEMPTS):
            port = self.ports[(nth + attempt) % len(self.ports)]
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    status, headers, body = await _post(port, requester)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.broken[port] += 1
                continue
            replayed = "idempotent-replay: true" in headers
            return SeatAnswer(requester, status, body, port, time.perf_counter() - started, attempt + 1, replayed)
        raise AssertionError(f"no answer at any of {self.ports}")


async def _post(port: int, requester: Requester) -> tuple[int, str, dict[str, Any]]:
    """One request on a connection of its own; returns status, headers in lower case, and what the JSON says.

    Written out, since an HTTP client that is at home everywhere would take more of the machine than the service.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            f"POST /evenings/{requester.evening_id}/tickets HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {requester.secret}\r\n"
            f"Idempotency-Key: {requester.key}\r\n"
            "Content-Length: 0\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split()[0])
        body = json.loads(await reader.readexactly(length))
        return int(head.split()[1]), head, body
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
