import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse, Response

from culture_connect.http import Progress, with_progress
from culture_connect.http.problems import Problem
from culture_connect.messaging.errors import DatabaseUnavailable
from tests.support.http_server import connected, served
from tests.support.probes import eventually
from tests.unit.http.harness import app_with, client_of

NDJSON = {"Accept": "application/x-ndjson"}
CANARY = "kanarie-7"


class Nest:
    """The work of these tests, and what became of it."""

    def __init__(self) -> None:
        self.end: Callable[[], Awaitable[Response]] | None = None
        self.history: list[str] = []

    async def work(self, progress: Progress) -> Response:
        assert self.end is not None
        try:
            progress("laying", 0, 2)
            progress("laying", 2, 2)
            return await self.end()
        except asyncio.CancelledError:
            self.history.append("cancelled")
            raise
        finally:
            self.history.append("ended")


class NestTaken(Exception):
    """A refusal of the service's own."""


@pytest.fixture
def nest() -> Nest:
    return Nest()


@pytest.fixture
def app(tokens: Path, nest: Nest) -> FastAPI:
    router = APIRouter()

    def problem_of(error: Exception) -> Problem | None:
        return Problem(409, "nest-taken", "The nest is taken") if isinstance(error, NestTaken) else None

    @router.post("/nest")
    async def fill(request: Request) -> Response:
        return await with_progress(request, nest.work, problem_of)

    return app_with(router, tokens=tokens)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


def ends_with(nest: Nest, result: Response | Exception) -> None:
    async def end() -> Response:
        if isinstance(result, Exception):
            raise result
        return result

    nest.end = end


async def told(client: httpx.AsyncClient, accept: str = NDJSON["Accept"]) -> list[dict[str, Any]]:
    answer = await client.post("/nest", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert answer.text.endswith("\n")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_a_client_that_reads_nothing_does_not_hold_up_the_work(app: FastAPI, nest: Nest) -> None:
    ends_with(nest, JSONResponse({"eggs": "x" * 1_000_000}, 201))
    async with served(app) as port, connected(port) as connection:
        await connection.send(
            b"POST /nest HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/x-ndjson\r\nContent-Length: 0\r\n\r\n"
        )
        await eventually(lambda: nest.history, ["ended"], "the end of the work")


async def test_every_step_is_a_line_and_the_last_one_is_the_answer(client: httpx.AsyncClient, nest: Nest) -> None:
    ends_with(nest, JSONResponse({"eggs": 2}, 201))

    for accept in (NDJSON["Accept"], "application/json, application/x-ndjson;q=0.9"):
        assert await told(client, accept) == [
            {"stage": "laying", "done": 0, "total": 2},
            {"stage": "laying", "done": 2, "total": 2},
            {"status": 201, "body": {"eggs": 2}},
        ]


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
async def test_who_does_not_ask_for_progress_gets_the_plain_answer(
    client: httpx.AsyncClient, nest: Nest, accept: str
) -> None:
    ends_with(nest, JSONResponse({"eggs": 2}, 201))
    answer = await client.post("/nest", headers={"Accept": accept})

    assert (answer.status_code, answer.json()) == (201, {"eggs": 2})


async def test_an_answer_without_a_body_ends_with_null(client: httpx.AsyncClient, nest: Nest) -> None:
    ends_with(nest, Response(status_code=204))

    assert (await told(client))[-1] == {"status": 204, "body": None}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Problem(418, "teapot", "A teapot"), 418, "teapot"),
        (NestTaken(), 409, "nest-taken"),
        (DatabaseUnavailable("no connection (ConnectionRefusedError)"), 503, "database-unavailable"),
        (ValueError(CANARY), 500, "internal-error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
async def test_what_goes_wrong_is_a_problem_in_the_last_line(
    client: httpx.AsyncClient, nest: Nest, error: Exception, status: int, code: str
) -> None:
    ends_with(nest, error)
    last = (await told(client))[-1]

    assert (last["status"], last["body"]["status"], last["body"]["code"]) == (status, status, code)
    assert len(last["body"]["trace_id"]) == 32
    assert CANARY not in str(last)


async def test_steps_are_sent_as_they_happen_and_the_work_ends_when_the_client_goes(app: FastAPI, nest: Nest) -> None:
    async def never() -> Response:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    nest.end = never
    sent = io.BytesIO()
    leaving = asyncio.Event()
    received = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        await leaving.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.write(message.get("body", b""))

    scope: dict[str, Any] = dict.fromkeys(("root_path", "scheme"), "")
    scope |= {"type": "http", "method": "POST", "path": "/nest", "query_string": b"", "asgi": {"spec_version": "2.3"}}
    scope["headers"] = [(b"accept", b"application/x-ndjson")]
    request = asyncio.create_task(app(scope, receive, send))
    await eventually(lambda: sent.getvalue().count(b"\n"), 2, "lines sent")
    assert nest.history == []
    leaving.set()
    await asyncio.wait([request], timeout=5)

    assert request.done()
    assert nest.history == ["cancelled", "ended"]
