"""The filter that every request passes before its route: host, rate limits, and limits on its body."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from culture_connect.http.allowed_hosts import check_host
from culture_connect.http.clients import Client, ClientIdentifier
from culture_connect.http.json_bodies import JsonBodies
from culture_connect.http.limits import ClientKind, HttpLimits
from culture_connect.http.pages.personal_pages import personal_prefixes, privately
from culture_connect.http.problems import Problem
from culture_connect.http.request_bodies import Bodies, BodyLimits, replayed
from culture_connect.http.throttle import Throttle
from culture_connect.http.tokens import Tokens

# For those who watch over the service, who call it by its address and must not be turned away.
_ALWAYS: Final = ("/health/live", "/health/ready", "/metrics")
_ANONYMOUS: Final = (ClientKind.LINK, ClientKind.ADDRESS)


class RequestFilter:
    """The filter of one application."""

    def __init__(self, limits: HttpLimits, tokens: Tokens, sizes: BodyLimits, routers: Sequence[APIRouter]) -> None:
        personal = personal_prefixes(routers)
        self._limits = limits
        self._clients = ClientIdentifier(tokens, trusted=limits.trusted_proxies, personal=personal)
        self._throttle = Throttle(limits)
        self._sizes = sizes
        self._bodies = Bodies(limits, sizes)
        self._json = JsonBodies(routers)
        self._personal = personal

    def private(self, scope: Scope, send: Send) -> Send:
        """Sends an answer, below the address of personal pages as privately as these."""
        return privately(scope, send, self._personal)

    @asynccontextmanager
    async def passed(self, scope: Scope, receive: Receive) -> AsyncIterator[Receive]:
        """Gives what the application receives from; the request is under way until the block ends.

        Raises problems, and ClientGoneError.
        """
        watched = scope["path"] in _ALWAYS
        clients = () if watched else self._clients.of(scope)
        client = clients[0] if clients else None
        known = client is not None and client.kind not in _ANONYMOUS
        begun = False
        try:
            if not watched:
                check_host(scope, self._limits.hosts)
                await self._admit(clients)
            async with self._bodies.received(scope, receive, client, known=known) as body:
                begun = True
                self._json.check(scope, body)
                async with self._throttle.place((*clients, *self._large(scope, client))):
                    yield replayed(body, receive)
        except Problem as problem:
            if not begun and _has_body(scope):
                # What is left of the body would be taken for the next request.
                problem.headers = {**(problem.headers or {}), "Connection": "close"}
            raise

    async def _admit(self, clients: Sequence[Client]) -> None:
        try:
            self._throttle.admit(clients)
        except Problem:
            # A flood is as fast as its refusals are.
            await asyncio.sleep(self._limits.refusal_seconds)
            raise

    def _large(self, scope: Scope, client: Client | None) -> tuple[Client, ...]:
        """Those that share the places for large bodies; whom nobody knows is turned away without one."""
        if client is None or client.kind in _ANONYMOUS or not self._sizes.is_special(scope["path"]):
            return ()
        return Client(ClientKind.LARGE, client.key), Client(ClientKind.ALL_LARGE, b"")


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
