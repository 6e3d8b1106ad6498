"""Pages whose address is a key: whoever has it may look, and act; nobody else should come to know it."""

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final, Protocol

import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from culture_connect.contracts import Language
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
    """What writes the pages."""

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


class PersonalRoute(APIRoute):
    """A route of such pages."""

    @classmethod
    @abstractmethod
    def pages(cls) -> PersonalPages:
        """Returns what writes them."""


def personal_route(pages: Callable[[], PersonalPages]) -> type[PersonalRoute]:
    """The class of routes whose every answer has the headers of such a page, and where whatever fails is told in a
    page.
    """

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
    """Returns what `?lang=` says, None when it says nothing that we speak."""
    return _LANGUAGES.get(request.query_params.get("lang", ""))
