import io
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from culture_connect.contracts import EmailText
from culture_connect.http import FieldError, Problem, not_found
from tests.unit.http.harness import app_with, client_of

CANARY = "kanarie-7"
router = APIRouter(prefix="/birds")


class Bird(BaseModel):
    name: str = Field(max_length=5)
    email: EmailText
    wings: int = 2


@router.post("")
async def add(bird: Bird) -> Bird:
    return bird


@router.get("/{bird_id}")
async def show(bird_id: UUID) -> Bird:
    raise not_found(f"bird of {bird_id.version}")


@router.get("/{bird_id}/egg")
async def egg(bird_id: str) -> Bird:
    raise Problem(409, "egg-taken", "The egg is taken", "By a cuckoo", [FieldError("egg", "taken", "Taken")])


@router.get("/{bird_id}/crash")
async def crash(bird_id: str) -> Bird:
    raise ValueError(f"no wings: {bird_id}")


@router.get("/{bird_id}/away")
async def away(bird_id: str, request: Request) -> Bird:
    async with request.app.state.database.begin():
        raise AssertionError("nobody listens there")


@router.get("/{bird_id}/picture")
async def picture(bird_id: str) -> Bird:
    raise FileNotFoundError(2, "No such file or directory")


@pytest.fixture
async def client(tokens: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(router, tokens=tokens, max_body=200)) as client:
        yield client


def assert_is_problem(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:culture-connect:problem:{code}")
    assert body["title"]
    assert len(body["trace_id"]) == 32


async def test_a_validation_error_names_fields_and_codes_and_echoes_nothing(client: httpx.AsyncClient) -> None:
    response = await client.post("/birds", json={"name": CANARY, "email": f"{CANARY} at home", "wings": CANARY})

    assert_is_problem(response, 422, "invalid-request")
    errors = {error["field"]: error for error in response.json()["errors"]}
    assert errors["name"]["code"] == "too_long"
    assert errors["email"]["message"] == "must be an e-mail address"
    assert errors["wings"]["code"] == "not_an_integer"
    assert CANARY not in response.text


async def test_an_error_in_path_or_query_says_where(client: httpx.AsyncClient) -> None:
    response = await client.get("/birds/kiwi")

    assert_is_problem(response, 422, "invalid-request")
    assert response.json()["errors"][0]["field"] == "path.bird_id"


async def test_a_body_that_is_not_json_is_a_problem(client: httpx.AsyncClient) -> None:
    response = await client.post("/birds", content=b"{", headers={"Content-Type": "application/json"})

    assert_is_problem(response, 422, "invalid-request")
    assert response.json()["errors"] == [{"field": "", "code": "not_json", "message": "the body is not valid JSON"}]


async def test_unknown_paths_and_methods_are_problems(client: httpx.AsyncClient) -> None:
    assert_is_problem(await client.get("/nests"), 404, "not-found")
    response = await client.delete("/birds")
    assert_is_problem(response, 405, "method-not-allowed")
    assert "POST" in response.headers["allow"]


async def test_a_problem_that_a_route_raises_is_the_answer(client: httpx.AsyncClient) -> None:
    response = await client.get("/birds/1/egg")

    assert_is_problem(response, 409, "egg-taken")
    assert response.json()["detail"] == "By a cuckoo"
    assert response.json()["errors"] == [{"field": "egg", "code": "taken", "message": "Taken"}]


async def test_a_crash_answers_with_a_trace_id_that_finds_it_in_the_log(
    client: httpx.AsyncClient, log: io.StringIO
) -> None:
    response = await client.get(f"/birds/{CANARY}/crash?q={CANARY}")

    assert_is_problem(response, 500, "internal-error")
    assert CANARY not in response.text
    assert "ValueError" not in response.text
    assert response.json()["trace_id"] in log.getvalue()
    assert "builtins.ValueError" in log.getvalue()
    assert CANARY not in log.getvalue()


async def test_the_log_line_of_a_request_has_the_route_instead_of_path_and_query(
    client: httpx.AsyncClient, log: io.StringIO
) -> None:
    await client.get(f"/birds/{CANARY}/egg?q={CANARY}")

    assert '"route": "/birds/{bird_id}/egg"' in log.getvalue()
    assert CANARY not in log.getvalue()


async def test_a_database_that_is_away_is_a_503_that_asks_to_come_back(
    client: httpx.AsyncClient, log: io.StringIO
) -> None:
    response = await client.get("/birds/1/away")

    assert_is_problem(response, 503, "database-unavailable")
    assert response.headers["retry-after"] == "5"


async def test_a_body_that_is_too_large_is_refused_by_its_declared_length(client: httpx.AsyncClient) -> None:
    assert_is_problem(await client.post("/birds", json={"name": "x" * 300}), 413, "payload-too-large")


async def test_a_body_that_is_too_large_is_refused_without_a_declared_length_too(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b'"         '

    response = await client.post("/birds", content=pieces(), headers={"Content-Type": "application/json"})

    assert_is_problem(response, 413, "payload-too-large")


async def test_the_trace_of_the_caller_goes_on(client: httpx.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    response = await client.get("/nests", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    assert response.json()["trace_id"] == trace


async def test_some_paths_may_have_larger_bodies_and_no_others(tokens: Path) -> None:
    body = {"name": "kiwi", "email": "kiwi@example.org", "note": "x" * 300}
    for pattern, status in [("/birds", 200), ("/bird.?", 200), ("/bird", 413), ("/", 413), ("/birds/.+", 413)]:
        app = app_with(router, tokens=tokens, max_body=200, large_bodies={pattern: 500})
        async with client_of(app) as client:
            assert (await client.post("/birds", json=body)).status_code == status, pattern
    app = app_with(router, tokens=tokens, max_body=200, large_bodies={"/birds": 500, "/b.*": 10_000})
    async with client_of(app) as client:
        too_large = await client.post("/birds", json={**body, "note": "x" * 600})
        assert_is_problem(too_large, 413, "payload-too-large")
        assert too_large.json()["detail"] == "At most 500 bytes"


async def test_a_file_that_is_missing_is_not_blamed_on_the_database(
    client: httpx.AsyncClient, log: io.StringIO
) -> None:
    assert_is_problem(await client.get("/birds/1/picture"), 500, "internal-error")
