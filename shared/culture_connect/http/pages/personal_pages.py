"""Personal pages: their address is a key. Whoever has it may look, and act; nobody else should come to know it.

Everything below such an address is answered as privately as the pages, and errors are pages too: the address may be
mistyped, asked for too often, or with a method that it does not have.
"""

from abc import abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

import structlog
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Scope, Send

from culture_connect.contracts import Language
from culture_connect.http.problems import MEDIA_TYPE
from culture_connect.messaging.errors import is_database_fault

# The address goes nowhere, what is shown is kept nowhere, and nothing of elsewhere comes near it.
PRIVATE: Final = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_LANGUAGES = {str(language): language for language in Language}
_log = structlog.get_logger(__name__)


class PersonalPages(Protocol):
    """The writer of the pages."""

    @property
    def policy(self) -> str:
        """The Content-Security-Policy that they are made for."""
        ...

    def unavailable(self, language: Language) -> str:
        """The page for when we cannot answer, through no fault of the person."""
        ...

    def unknown(self, language: Language) -> str:
        """The page for an address that leads to nothing."""
        ...

    def busy(self, language: Language) -> str:
        """The page for whoever asks too often."""
        ...


Pages = Callable[[], PersonalPages]


class PersonalRoute(APIRoute):
    """A route of such pages."""

    @classmethod
    @abstractmethod
    def pages(cls) -> PersonalPages:
        """Returns the writer of the pages."""


def personal_route(pages: Callable[[], PersonalPages]) -> type[PersonalRoute]:
    """Returns the class of routes whose every answer has the privacy headers, and whose errors are pages."""

    class RouteOfThesePages(PersonalRoute):
        @classmethod
        def pages(cls) -> PersonalPages:
            return pages()

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    response = await handle(request)
                except Exception as error:
                    away = is_database_fault(error)
                    _log.error("database-unavailable" if away else "internal-error", exc_info=error)
                    status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.INTERNAL_SERVER_ERROR
                    response = HTMLResponse(pages().unavailable(language_of(request)), status)
                response.headers.update(PRIVATE | {"Content-Security-Policy": pages().policy})
                return response

            return answer

    return RouteOfThesePages


def language_of(request: HTTPConnection, own: Language | None = None) -> Language:
    """The language that was chosen, or the person's own, or the first of the browser's that we speak."""
    if (chosen := chosen_language(request) or own) is not None:
        return chosen
    accepted = (tag.strip()[:2].lower() for tag in request.headers.get("accept-language", "").split(","))
    return next((_LANGUAGES[tag] for tag in accepted if tag in _LANGUAGES), Language.NL)


def chosen_language(request: HTTPConnection) -> Language | None:
    """Returns the language of `?lang=`, None when it is none of ours."""
    return _LANGUAGES.get(request.query_params.get("lang", ""))


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
