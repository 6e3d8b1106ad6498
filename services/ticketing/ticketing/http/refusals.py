"""Refusals of ticketing as problem details."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from starlette.responses import Response

from culture_connect.contracts import Language
from culture_connect.http import Problem
from culture_connect.http.trace import trace_id
from ticketing.domain.refusals import RefusalCode, RequestRefused
from ticketing.pages.explanations import refusal

# What is not there, what is somebody else's, and what is tried too often. All others are against the state of things.
_STATUS = {
    RefusalCode.UNKNOWN_EVENING: HTTPStatus.NOT_FOUND,
    RefusalCode.UNKNOWN_TICKET: HTTPStatus.NOT_FOUND,
    RefusalCode.UNKNOWN_PARTICIPANT: HTTPStatus.NOT_FOUND,
    RefusalCode.UNKNOWN_OFFER: HTTPStatus.NOT_FOUND,
    RefusalCode.NOT_YOURS: HTTPStatus.FORBIDDEN,
    RefusalCode.TOO_MANY_OFFERS: HTTPStatus.TOO_MANY_REQUESTS,
}


def status_of(code: RefusalCode) -> HTTPStatus:
    """The status that a request is refused with."""
    return _STATUS.get(code, HTTPStatus.CONFLICT)


def install(app: FastAPI) -> None:
    """Makes the application answer refusals, wherever they are raised, as problem details."""
    app.add_exception_handler(RequestRefused, _refused)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestRefused)  # noqa: S101 - registered for this class
    code = error.refusal
    headers = None if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    problem = Problem(status_of(code), code.value, refusal(code, Language.EN), headers=headers)
    return problem.response(trace_id(request.scope))
