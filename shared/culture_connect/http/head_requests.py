"""HEAD for whatever has GET (RFC 9110, 9.3.2): the same answer without its body.

A probe, a link checker or a cache asks so. Starlette's own routes know HEAD, FastAPI's do not, and each route that
would have to say so is one that could forget it.
"""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_GET: Final = "GET"
_HEAD: Final = "HEAD"


class HeadMiddleware:
    """Answers HEAD as GET is answered (ASGI middleware)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] != _HEAD:
            await self._app(scope, receive, _with_head_allowed(send))
            return
        asked = {**scope, "method": _GET}
        try:
            await self._app(asked, receive, _with_head_allowed(_without_body(send)))
        finally:
            if "route" in asked:  # what the request is counted and logged by
                scope["route"] = asked["route"]


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head


def _with_head_allowed(send: Send) -> Send:
    """Names HEAD among the methods that an address has, when GET is one of them."""

    async def send_allowed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            allowed = [each.strip() for each in headers.get("allow", "").split(",")]
            if _GET in allowed and _HEAD not in allowed:
                headers["allow"] = ", ".join((*allowed, _HEAD))
                message = {**message, "headers": headers.raw}
        await send(message)

    return send_allowed
