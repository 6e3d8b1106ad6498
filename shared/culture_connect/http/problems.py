"""Errors as problem details (RFC 9457): what a client reads when a request cannot be fulfilled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from culture_connect.contracts import RefusalError, refusals_of
from culture_connect.http.trace import trace_id

MEDIA_TYPE = "application/problem+json"
_LONGEST_FIELD = 200
_TEXT = {"type": "string"}
_FIELD_ERROR = {
    "type": "object",
    "properties": {"field": {"type": ["string", "null"]}, "code": _TEXT, "message": _TEXT},
}
_DOCUMENT = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "code": _TEXT,
        "detail": _TEXT,
        "errors": {"type": "array", "items": _FIELD_ERROR},
        "trace_id": _TEXT,
    },
}

_CONTENT = {MEDIA_TYPE: {"schema": _DOCUMENT}}
_COME_BACK = {"Retry-After": {"description": "In so many seconds", "schema": {"type": "integer", "minimum": 1}}}

# What every operation may answer with as well, for its OpenAPI document.
RESPONSES: dict[int | str, dict[str, Any]] = {
    408: {"description": "The body did not arrive in time", "content": _CONTENT},
    413: {"description": "The body is too large", "content": _CONTENT},
    429: {"description": "Too many requests, in a short time or at once", "content": _CONTENT, "headers": _COME_BACK},
    503: {"description": "Not at the moment", "content": _CONTENT, "headers": _COME_BACK},
    "4XX": {"description": "The request cannot be fulfilled", "content": _CONTENT},
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field: where, a stable code (the same as in a receipt), and a sentence for people."""

    field: str
    code: str
    message: str


# FastAPI lets this base class pass wherever it is raised, also while it reads a body.
class Problem(HTTPException):
    """Ends the request with a problem answer.

    `code` is stable and for programs, `title` says what this kind of problem is, `detail` what happened this time.
    None of them may quote personal data. Services inherit from it for their own errors.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str | None = None,
        errors: Sequence[FieldError | RefusalError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(int(status), title, headers)
        self.code = code
        self.title = title
        self.explanation = detail
        self.errors = tuple(errors)

    def response(self, trace: str | None = None) -> Response:
        """The answer, with the trace id by which the operator finds the log lines."""
        content: dict[str, Any] = {
            "type": f"urn:culture-connect:problem:{self.code}",
            "title": self.title,
            "status": self.status_code,
            "code": self.code,
        }
        if self.explanation is not None:
            content["detail"] = self.explanation
        if self.errors:
            content["errors"] = [
                {"field": error.field, "code": error.code, "message": error.message} for error in self.errors
            ]
        if trace is not None:
            content["trace_id"] = trace
        return JSONResponse(content, self.status_code, self.headers, media_type=MEDIA_TYPE)


def not_found(what: str) -> Problem:
    """404 for a resource; `what` is its kind ("evening"), never its identity."""
    return Problem(HTTPStatus.NOT_FOUND, "not-found", f"There is no such {what}")


def payload_too_large(limit: int) -> Problem:
    """413 for a body of more than `limit` bytes."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "payload-too-large", "The body is too large", f"At most {limit} bytes"
    )


def internal_error() -> Problem:
    """Returns the 500 problem, which reveals nothing of the inside."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", "Something went wrong on our side")


def database_unavailable() -> Problem:
    """503 while the database cannot be reached."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "database-unavailable",
        "The database cannot be reached at the moment",
        headers={"Retry-After": "5"},
    )


def install(app: FastAPI) -> None:
    """Makes the application answer problems of every origin as problem details."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _validation)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this class
    return error.response(trace_id(request.scope))


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    phrase = HTTPStatus(error.status_code).phrase
    problem = Problem(
        error.status_code,
        phrase.lower().replace(" ", "-"),
        phrase,
        error.detail if error.detail != phrase else None,
        headers=error.headers,
    )
    return problem.response(trace_id(request.scope))


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    problem = Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-request",
        "The request is not valid",
        errors=[_field_error(each) for each in refusals_of(error.errors())],
    )
    return problem.response(trace_id(request.scope))


def _field_error(found: RefusalError) -> FieldError:
    """One error with the path that the client knows: a field of the body has no `body` before it."""
    place, _, path = (found.field or "").partition(".")
    field = path if place == "body" else found.field or ""
    if found.code == "not_json":
        return FieldError("", found.code, found.message)
    return FieldError(field[:_LONGEST_FIELD], found.code, found.message)
