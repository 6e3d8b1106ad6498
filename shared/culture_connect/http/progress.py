"""Long requests that report their progress to clients that accept `application/x-ndjson`.

Such an answer is a line of JSON for each step, `{"stage", "done", "total"}`, and a last one with what the plain answer
would have been, `{"status", "body"}`. Its own status is 200, since it is sent before the end is known.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from culture_connect.http.problems import Problem, database_unavailable, internal_error
from culture_connect.http.trace import trace_id
from culture_connect.messaging.errors import is_database_fault

NDJSON = "application/x-ndjson"
_log = structlog.get_logger(__name__)

Progress = Callable[[str, int, int], None]
"""Receives the stage, how much of it is done, and how much there is."""


async def with_progress(
    request: Request,
    work: Callable[[Progress], Awaitable[Response]],
    problem_of: Callable[[Exception], Problem | None] = lambda _: None,
) -> Response:
    """Does the work and answers with what it returns, as progress and result if the client accepts that.

    `problem_of` makes problems of the service's own errors, since the application's handlers do not see what happens
    within a stream. When the client goes away, the work is cancelled.
    """
    if NDJSON not in request.headers.get("accept", ""):
        return await work(lambda *_: None)
    return StreamingResponse(_lines(request, work, problem_of), media_type=NDJSON)


async def _lines(
    request: Request,
    work: Callable[[Progress], Awaitable[Response]],
    problem_of: Callable[[Exception], Problem | None],
) -> AsyncIterator[bytes]:
    steps: asyncio.Queue[bytes | None] = asyncio.Queue()

    def report(stage: str, done: int, total: int) -> None:
        steps.put_nowait(json.dumps({"stage": stage, "done": done, "total": total}).encode() + b"\n")

    async def run() -> Response:
        try:
            return await work(report)
        except Exception as error:
            return _answer(error, problem_of).response(trace_id(request.scope))
        finally:
            steps.put_nowait(None)

    running = asyncio.create_task(run())
    try:
        while (step := await steps.get()) is not None:
            yield step
        response = await running
        yield b'{"status": %d, "body": %s}\n' % (response.status_code, bytes(response.body) or b"null")
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def _answer(error: Exception, problem_of: Callable[[Exception], Problem | None]) -> Problem:
    problem = error if isinstance(error, Problem) else problem_of(error)
    if problem is None:
        problem = database_unavailable() if is_database_fault(error) else internal_error()
        _log.error(problem.code, exc_info=error)
    return problem
