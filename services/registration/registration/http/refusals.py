"""The service's own refusals as problem details."""

from fastapi import FastAPI, Request
from starlette.responses import Response

from culture_connect.http import Problem
from culture_connect.http.trace import trace_id
from registration.domain.errors import Refusal


def problem_of(error: Exception) -> Problem | None:
    """The problem that a refusal is answered with; None for any other error."""
    if not isinstance(error, Refusal):
        return None
    return Problem(error.status, error.code, error.title, error.detail, error.errors)


def install(app: FastAPI) -> None:
    """Makes the application answer refusals, wherever they are raised, as problem details."""
    app.add_exception_handler(Refusal, _refusal)


async def _refusal(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    assert problem is not None  # noqa: S101 - registered for this class
    return problem.response(trace_id(request.scope))
