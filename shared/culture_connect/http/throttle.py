"""Rate limits and concurrency limits for each client: one client never takes everybody's share.

A token bucket (RFC 2697 has the arithmetic) and a number of places for each client, in the memory of one replica.
The rates are settings (`http_settings`), those of large bodies are in `limits`.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from typing import Final

from culture_connect.http.clients import Client
from culture_connect.http.limits import HttpLimits, Rate
from culture_connect.http.problems import Problem

PLACE_TIMEOUT: Final = 5.0  # seconds for a place to come free


class _Account:
    """The bucket and places of one client."""

    def __init__(self, rate: Rate, now: float) -> None:
        self.rate = rate
        self.left = float(rate.burst)
        self.seen = now
        self.places = asyncio.Semaphore(rate.at_once)
        self.busy = 0

    def fill(self, now: float) -> None:
        self.left = min(self.left + (now - self.seen) * self.rate.per_second, self.rate.burst)
        self.seen = now

    @property
    def seconds_to_next(self) -> float:
        return max(1 - self.left, 0) / self.rate.per_second


class Throttle:
    """The accounts of all clients; the longest unused is forgotten when there are too many."""

    def __init__(
        self, limits: HttpLimits, *, clock: Callable[[], float] = time.monotonic, timeout: float = PLACE_TIMEOUT
    ) -> None:
        self._rates = limits.rates
        self._most = limits.most_clients
        self._clock = clock
        self._timeout = timeout
        self._accounts: OrderedDict[Client, _Account] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accounts)

    def admit(self, clients: Sequence[Client]) -> None:
        """Counts a request of these clients. Raises a 429 problem when one of them is over its rate."""
        accounts = self._of(clients)
        if (wait := max((account.seconds_to_next for account in accounts), default=0.0)) > 0:
            raise _too_many("too-many-requests", "Too many requests in a short time", wait)
        for account in accounts:
            account.left -= 1

    @asynccontextmanager
    async def place(self, clients: Sequence[Client]) -> AsyncIterator[None]:
        """A place among those under way, for as long as the block takes.

        Raises a 429 problem when none comes free within five seconds.
        """
        async with AsyncExitStack() as stack:
            # In their order, the same for everybody.
            for account in self._of(clients):
                await stack.enter_async_context(self._place(account))
            yield

    @asynccontextmanager
    async def _place(self, account: _Account) -> AsyncIterator[None]:
        account.busy += 1
        try:
            try:
                async with asyncio.timeout(self._timeout):
                    await account.places.acquire()
            except TimeoutError:
                title = "Too many requests are under way"
                raise _too_many("too-many-at-once", title, self._timeout) from None
            try:
                yield
            finally:
                account.places.release()
        finally:
            account.busy -= 1

    def _of(self, clients: Sequence[Client]) -> list[_Account]:
        now = self._clock()
        accounts = []
        for client in clients:
            if (rate := self._rates.get(client.kind)) is None:
                continue
            account = self._accounts.get(client)
            if account is None:
                self._forget_one()
                account = self._accounts[client] = _Account(rate, now)
            self._accounts.move_to_end(client)
            account.fill(now)
            accounts.append(account)
        return accounts

    def _forget_one(self) -> None:
        if len(self._accounts) < self._most:
            return
        # Whoever has work under way keeps their account; of those there are no more than connections.
        unused = next((client for client, account in self._accounts.items() if not account.busy), None)
        if unused is not None:
            del self._accounts[unused]


def _too_many(code: str, title: str, seconds: float) -> Problem:
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, code, title, headers={"Retry-After": str(max(math.ceil(seconds), 1))})
