"""What every request passes before a route sees it: who may call, how often, and with which body."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from culture_connect.http.allowed_hosts import check_host
from culture_connect.http.bodies import Bodies, BodyLimits, replayed
from culture_connect.http.callers import Parties, Party
from culture_connect.http.json_bodies import JsonBodies
from culture_connect.http.limits import HttpLimits, Kind
from culture_connect.http.pages.page_errors import personal_prefixes, privately
from culture_connect.http.problems import Problem
from culture_connect.http.throttle import Throttle
from culture_connect.http.tokens import Tokens

# For those who watch over the service, who call it by its address and must not be turned away.
_ALWAYS: Final = ("/health/live", "/health/ready", "/metrics")
_STRANGERS: Final = (Kind.LINK, Kind.ADDRESS)


class Front:
    """The front of one application."""

    def __init__(self, limits: HttpLimits, tokens: Tokens, sizes: BodyLimits, routers: Sequence[APIRouter]) -> None:
        personal = personal_prefixes(routers)
        self._limits = limits
        self._parties = Parties(tokens, trusted=limits.trusted_proxies, personal=personal)
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
        parties = () if watched else self._parties.of(scope)
        party = parties[0] if parties else None
        known = party is not None and party.kind not in _STRANGERS
        begun = False
        try:
            if not watched:
                check_host(scope, self._limits.hosts)
                await self._admit(parties)
            async with self._bodies.received(scope, receive, party, known=known) as body:
                begun = True
                self._json.check(scope, body)
                async with self._throttle.place((*parties, *self._large(scope, party))):
                    yield replayed(body, receive)
        except Problem as problem:
            if not begun and _has_body(scope):
                # What is left of the body would be taken for the next request.
                problem.headers = {**(problem.headers or {}), "Connection": "close"}
            raise

    async def _admit(self, parties: Sequence[Party]) -> None:
        try:
            self._throttle.admit(parties)
        except Problem:
            # A flood is as fast as its refusals are.
            await asyncio.sleep(self._limits.refusal_seconds)
            raise

    def _large(self, scope: Scope, party: Party | None) -> tuple[Party, ...]:
        """Those that share the places for large bodies; whom nobody knows is turned away without one."""
        if party is None or party.kind in _STRANGERS or not self._sizes.is_special(scope["path"]):
            return ()
        return Party(Kind.LARGE, party.key), Party(Kind.ALL_LARGE, b"")


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
