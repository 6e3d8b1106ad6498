"""What every request passes before a route sees it: who may call, how often, and with which body."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from culture_connect.http.bodies import Bodies, BodyLimits, replayed
from culture_connect.http.hosts import check_host
from culture_connect.http.json_bodies import JsonBodies
from culture_connect.http.limits import HttpLimits, Kind
from culture_connect.http.pages.below import personal_prefixes, privately
from culture_connect.http.parties import Parties, Party
from culture_connect.http.problems import Problem
from culture_connect.http.throttle import Throttle
from culture_connect.http.tokens import Tokens

# For those who watch over the service, who call it by its address and must not be turned away.
_ALWAYS: Final = ("/health/live", "/health/ready", "/metrics")
_STRANGERS: Final = (Kind.LINK, Kind.ADDRESS)


@dataclass(frozen=True, slots=True)
class _Sender:
    parties: tuple[Party, ...]

    @property
    def known(self) -> bool:
        """Whether they showed a token of ours."""
        return bool(self.parties) and self.parties[0].kind not in _STRANGERS


class Front:
    """The front of one application."""

    def __init__(self, limits: HttpLimits, tokens: Tokens, sizes: BodyLimits, routers: Sequence[APIRouter]) -> None:
        personal = personal_prefixes(routers)
        self._limits = limits
        self._parties = Parties(tokens, trusted=limits.trusted_proxies, personal=personal)
        self._throttle = Throttle(limits)
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
        sender = _Sender(()) if watched else _Sender(self._parties.of(scope))
        begun = False
        try:
            if not watched:
                check_host(scope, self._limits.hosts)
                self._throttle.admit(sender.parties)
            party = sender.parties[0] if sender.parties else None
            async with self._bodies.received(scope, receive, party, known=sender.known) as body:
                begun = True
                self._json.check(scope, body)
                async with self._throttle.place(sender.parties):
                    yield replayed(body, receive)
        except Problem as problem:
            if not begun and _has_body(scope):
                # What is left of the body would be taken for the next request.
                problem.headers = {**(problem.headers or {}), "Connection": "close"}
            raise


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
