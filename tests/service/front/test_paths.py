"""Paths that nobody would write, on every route: what is answered never comes from the path."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from tests.service.front.conftest import Build
from tests.service.front.routes import SERVICES, routes_of
from tests.support.http_server import served
from tests.unit.http.harness import token_of

STRANGE = ["%E2%82%AC", "%0d%0aSet-Cookie:%20a=b", "%00", "%22", "%ff", "a" * 4000, "..%2f..", "{slug}"]
PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
SECRET = "A" * 22


@asynccontextmanager
async def client_at(app: FastAPI, name: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token of this name at a server of its own; the database is closed after it."""
    headers = {"Authorization": f"Bearer {token_of(name)}"} if name else {}
    async with (
        served(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client,
    ):
        yield client
    await app.state.database.close()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("token", ["acme", "everything"])
async def test_whatever_stands_in_a_path_is_answered_and_is_in_no_header(
    build: Build, service: str, token: str
) -> None:
    app = build(service)
    routes = [route for route in routes_of(app) if "{" in route.template]
    assert routes
    async with client_at(app, token) as client:
        for route in routes:
            for strange in STRANGE:
                answer = await client.request(route.method, route.path_with(strange))
                assert 300 <= answer.status_code < 500, (route, strange)
                assert "set-cookie" not in answer.headers
                assert strange not in answer.headers.get("www-authenticate", "")


async def test_a_refusal_names_the_scope_that_would_do(build: Build) -> None:
    async with client_at(build("registration"), "acme") as client:
        other, strange = [await client.get(f"/partners/{slug}") for slug in ("zeebank", "%E2%82%AC")]
    assert (other.status_code, strange.status_code) == (403, 403)
    assert other.headers["www-authenticate"].endswith('scope="programme operator partner:zeebank"')
    assert strange.headers["www-authenticate"].endswith('scope="programme operator"')


@pytest.mark.parametrize("service", SERVICES)
async def test_no_path_is_led_to_another_by_its_slash(build: Build, service: str) -> None:
    app = build(service)
    routes = [route for route in routes_of(app) if route.method == "GET"]
    async with client_at(app, "everything") as client:
        for route in routes:
            answer = await client.get(f"{route.path}/", headers={"Host": "localhost"})
            assert answer.status_code == 404 or "location" not in answer.headers, route


@pytest.mark.parametrize(("service", "prefix"), [("ticketing", "my"), ("notifications", "unsubscribe")])
async def test_every_answer_below_a_personal_address_is_private(build: Build, service: str, prefix: str) -> None:
    app = build(service, http_limit_link="0.01:2:4", http_body_seconds=0.5)
    async with client_at(app) as client:
        answers = {
            "slash": await client.get(f"/{prefix}/{SECRET}/"),
            "deeper": await client.get(f"/{prefix}/{SECRET}-2/a/b/c"),
            "alone": await client.get(f"/{prefix}"),
            "method": await client.put(f"/{prefix}/{SECRET}-3"),
            "large": await client.post(f"/{prefix}/{SECRET}-4/come", content=b"x" * 100_000),
            "host": await client.get(f"/{prefix}/{SECRET}-5", headers={"Host": "elsewhere.example"}),
        }
        for _ in range(3):
            answers["often"] = await client.get(f"/{prefix}/{SECRET}-6", headers={"Accept-Language": "en"})
        answers["head"] = await client.head(f"/{prefix}/{SECRET}-6")
        await break_database(app)
        answers["broken"] = await client.get(f"/{prefix}/5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01")
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "slash": 404,
        "deeper": 404,
        "alone": 404,
        "method": 405,
        "large": 413,
        "host": 400,
        "often": 429,
        "head": 429,
        "broken": 500,
    }
    for name, answer in answers.items():
        assert {header: answer.headers.get(header) for header in PRIVATE} == PRIVATE, name
        assert answer.headers["content-type"] == "text/html; charset=utf-8", name
        assert SECRET not in answer.text, name
    assert int(answers["often"].headers["retry-after"]) > 0
    assert "very often in a short time" in answers["often"].text
    assert answers["head"].content == b""


async def break_database(app: FastAPI) -> None:
    """Makes every use of the database fail with an error that is not the client's."""
    await app.state.database.close()
    app.state.database.begin = app.state.database.snapshot = _broken


def _broken() -> Callable[[], None]:
    raise ValueError("broken for the test")
