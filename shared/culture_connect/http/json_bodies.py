"""JSON over HTTP is read as strictly as on the bus, before a route sees it."""

from collections.abc import Sequence
from email.message import Message
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import Scope

from culture_connect.contracts import ContractError
from culture_connect.contracts.reader import parse_json
from culture_connect.http.problems import FieldError, Problem


class JsonBodies:
    """The bodies of those routes of an application that take JSON."""

    def __init__(self, routers: Sequence[APIRouter]) -> None:
        routes = (route for router in routers for route in router.routes)
        self._routes = [route for route in routes if isinstance(route, APIRoute) and route.body_field is not None]

    def check(self, scope: Scope, body: bytes) -> None:
        """Raises a 422 problem for JSON with a name twice, NaN, or what the bus does not take either.

        A body of another media type passes, and one that its route reads itself.
        """
        if not body or not _is_json(Headers(scope=scope).get("content-type", "")) or not self._take(scope):
            return
        try:
            parse_json(body)
        except ContractError as error:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "invalid-request",
                "The request is not valid",
                errors=[FieldError(each.field or "", each.code, each.message) for each in error.problems],
            ) from None

    def _take(self, scope: Scope) -> bool:
        method, path = scope["method"], scope["path"]
        return any(method in (route.methods or ()) and route.path_regex.match(path) for route in self._routes)


def _is_json(declared: str) -> bool:
    """As FastAPI decides it (RFC 6839, 3.1)."""
    message = Message()
    message["content-type"] = declared
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
