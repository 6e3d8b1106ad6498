"""Whatever is answered below the address of personal pages: errors are pages too, and every answer is private.

An address with a secret in it may be mistyped, asked for too often, or with a method that it does not have: what is
answered then, before any route of the pages is reached, is as private as the pages.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from fastapi import APIRouter
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import Message, Scope, Send

from culture_connect.http.pages.secret_links import PRIVATE, PersonalPages, PersonalRoute, language_of
from culture_connect.http.problems import MEDIA_TYPE

Pages = Callable[[], PersonalPages]


def personal_prefixes(routers: Sequence[APIRouter]) -> Mapping[str, Pages]:
    """The paths below which the routers have personal pages, each with what writes them."""
    routes = [route for router in routers for route in router.routes if isinstance(route, PersonalRoute)]
    return {route.path.partition("/{")[0]: route.pages for route in routes}


def privately(scope: Scope, send: Send, personal: Mapping[str, Pages]) -> Send:
    """Sends what is answered to this request: as it is, or below one of these paths in a page's manner."""
    pages = next((each for prefix, each in personal.items() if f"{scope['path']}/".startswith(f"{prefix}/")), None)
    return send if pages is None else _Private(scope, send, pages()).send


class _Private:
    def __init__(self, scope: Scope, send: Send, pages: PersonalPages) -> None:
        self._scope = scope
        self._send = send
        self._pages = pages
        self._page: bytes | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._send(self._started(message))
        elif self._page is None:
            await self._send(message)
        elif not message.get("more_body", False):
            body = b"" if self._scope["method"] == "HEAD" else self._page
            await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _started(self, message: Message) -> Message:
        headers = MutableHeaders(raw=list(message["headers"]))
        if headers.get("content-type", "").startswith(MEDIA_TYPE):
            self._page = self._page_for(int(message["status"])).encode()
            headers["content-type"] = "text/html; charset=utf-8"
            headers["content-length"] = str(len(self._page))
        headers.update(PRIVATE | {"Content-Security-Policy": self._pages.policy})
        return {**message, "headers": headers.raw}

    def _page_for(self, status: int) -> str:
        language = language_of(HTTPConnection({**self._scope, "type": "http"}))
        match status:
            case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
                return self._pages.unknown(language)
            case HTTPStatus.TOO_MANY_REQUESTS:
                return self._pages.busy(language)
            case _:
                return self._pages.unavailable(language)
