"""Rate limits and concurrency limits for each client."""

import asyncio
import hashlib
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from culture_connect.http import HttpLimits, Problem, Tokens
from culture_connect.http.clients import Client, ClientIdentifier
from culture_connect.http.limits import ClientKind, Rate
from culture_connect.http.pages import personal_route
from culture_connect.http.throttle import Throttle
from culture_connect.http_settings import networks_in
from tests.support.http_server import served
from tests.support.probes import eventually
from tests.unit.http.harness import OneSentencePages, app_with, bearer, client_of, token_of

SLOWLY = Rate(0.01, 2, 2)  # one in a hundred seconds: what is counted in a test does not come back
LIMITS = HttpLimits(rates=dict.fromkeys(ClientKind, SLOWLY), refusal_seconds=0)
ACME, ZEEBANK = Client(ClientKind.PARTNER, b"acme"), Client(ClientKind.PARTNER, b"zeebank")
ADDRESS = Client(ClientKind.ADDRESS, b"192.0.2.1")
ELSEWHERE = ("192.0.2.1", 1234)

router = APIRouter()


personal = APIRouter(prefix="/my", route_class=personal_route(OneSentencePages))


@router.get("/birds")
async def birds() -> str:
    return "wren"


@router.get("/nest")
async def nest(request: Request) -> str:
    """Taken until the test lets it go."""
    request.app.state.inside += 1
    await request.app.state.leave.wait()
    return "left"


@personal.get("/{secret}")
async def page(secret: str) -> Response:
    return HTMLResponse("a page")


def application(tokens: Path, *, large_bodies: Mapping[str, int] | None = None, **limits: Any) -> FastAPI:
    app = app_with(router, personal, tokens=tokens, limits=replace(LIMITS, **limits), large_bodies=large_bodies or {})
    app.state.inside, app.state.leave = 0, asyncio.Event()
    return app


def client_from(app: FastAPI, address: tuple[str, int] = ELSEWHERE) -> httpx.AsyncClient:
    """Somebody at this address."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=address), base_url="http://trial")


async def statuses(client: httpx.AsyncClient, times: int, path: str = "/birds", **options: Any) -> Sequence[int]:
    return [(await client.get(path, **options)).status_code for _ in range(times)]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


# The accounts


def test_a_burst_is_let_through_and_what_follows_at_the_rate() -> None:
    clock = Clock()
    throttle = Throttle(HttpLimits(rates={ClientKind.PARTNER: Rate(2, 3, 1)}), clock=clock)
    for _ in range(3):
        throttle.admit([ACME])
    with pytest.raises(Problem) as refused:
        throttle.admit([ACME])
    assert refused.value.status_code == 429
    assert (refused.value.headers or {})["Retry-After"] == "1"
    throttle.admit([ZEEBANK])
    clock.now += 0.5
    throttle.admit([ACME])
    with pytest.raises(Problem):
        throttle.admit([ACME])
    clock.now += 3600
    for _ in range(3):
        throttle.admit([ACME])
    with pytest.raises(Problem):
        throttle.admit([ACME])


def test_of_two_parties_that_a_request_has_neither_pays_for_the_others_refusal() -> None:
    throttle = Throttle(HttpLimits(rates={ClientKind.PARTNER: Rate(0.01, 1, 1), ClientKind.ADDRESS: Rate(0.01, 2, 1)}))
    throttle.admit([ACME, ADDRESS])
    with pytest.raises(Problem):
        throttle.admit([ACME, ADDRESS])
    throttle.admit([ZEEBANK, ADDRESS])


async def test_the_longest_unused_account_is_forgotten_and_none_with_work_under_way() -> None:
    throttle = Throttle(replace(LIMITS, most_clients=3))
    async with throttle.place([ACME]):
        for number in range(100):
            throttle.admit([Client(ClientKind.LINK, str(number).encode())])
        assert len(throttle) == 3
        throttle.admit([ACME])
        throttle.admit([ACME])
        with pytest.raises(Problem):
            throttle.admit([ACME])


async def test_a_place_is_waited_for_and_then_refused() -> None:
    throttle = Throttle(LIMITS, timeout=0.1)
    async with AsyncExitStack() as stack:
        for _ in range(SLOWLY.at_once):
            await stack.enter_async_context(throttle.place([ACME]))
        async with throttle.place([ZEEBANK]):
            with pytest.raises(Problem) as refused:
                await stack.enter_async_context(throttle.place([ACME]))
        assert (refused.value.status_code, refused.value.code) == (429, "too-many-at-once")
    async with throttle.place([ACME]):
        pass


async def test_a_place_that_comes_free_is_taken_by_who_waits() -> None:
    throttle = Throttle(LIMITS)
    order = []

    async def work(number: int) -> None:
        async with throttle.place([ACME]):
            order.append(number)
            await asyncio.sleep(0)

    async with asyncio.timeout(2):
        await asyncio.gather(*map(work, range(20)))
    assert order == list(range(20))


# Over HTTP


async def test_a_token_that_asks_too_often_is_told_when_to_come_back_and_others_go_on(tokens: Path) -> None:
    app = application(tokens)
    async with client_of(app) as client:
        assert await statuses(client, 3, headers=bearer("acme")) == [200, 200, 429]
        refused = await client.get("/birds", headers=bearer("acme"))
        assert await statuses(client, 2, headers=bearer("paard")) == [200, 200]
        metrics = (await client.get("/metrics")).text
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "too-many-requests"
    assert 90 <= int(refused.headers["retry-after"]) <= 100
    assert 'culture_connect_http_limited_total{reason="too-many-requests"} 2.0' in metrics


async def test_a_token_has_one_account_however_it_is_shown_and_from_wherever(tokens: Path) -> None:
    app = application(tokens)
    typed = b64encode(f"somebody:{token_of('acme')}".encode()).decode()
    async with client_of(app) as here, client_from(app) as there:
        assert await statuses(here, 1, headers=bearer("acme")) == [200]
        assert await statuses(there, 1, headers={"Authorization": f"Basic {typed}"}) == [200]
        assert await statuses(here, 1, headers=bearer("acme")) == [429]


async def test_a_link_that_is_opened_too_often_gets_a_page_in_its_readers_language(tokens: Path) -> None:
    async with client_of(application(tokens)) as client:
        assert await statuses(client, 2, "/my/secret-of-anna") == [200, 200]
        for language in ("nl", "en"):
            answer = await client.get("/my/secret-of-anna", headers={"Accept-Language": language})
            assert (answer.status_code, answer.text) == (429, f"too often ({language})")
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["cache-control"] == "no-store"
        assert await statuses(client, 1, "/my/secret-of-bram") == [200]


async def test_the_secret_of_a_link_counts_the_same_as_a_token(tokens: Path) -> None:
    async with client_of(application(tokens)) as client:
        assert await statuses(client, 2, "/my/secret-of-anna") == [200, 200]
        assert await statuses(client, 1, headers={"Authorization": "Bearer secret-of-anna"}) == [429]


async def test_secrets_that_are_made_up_count_for_the_address_that_tries_them(tokens: Path) -> None:
    app = application(tokens)
    async with client_from(app) as client, client_from(app, ("192.0.2.2", 1)) as other:
        tried = [await statuses(client, 1, f"/my/made-up-{number}") for number in range(3)]
        assert tried == [[200], [200], [429]]
        assert await statuses(client, 1) == [429]
        assert await statuses(client, 1, headers=bearer("acme")) == [200]
        assert await statuses(other, 1) == [200]


async def test_a_refusal_takes_its_time_so_that_a_flood_is_no_faster_than_its_connections(tokens: Path) -> None:
    app = application(tokens, refusal_seconds=0.1)
    async with client_of(app) as client:
        await statuses(client, 2, headers=bearer("acme"))
        started = time.monotonic()
        assert await statuses(client, 3, headers=bearer("acme")) == [429] * 3
    assert time.monotonic() - started >= 0.3


async def test_the_address_of_a_proxy_is_nobodys(tokens: Path) -> None:
    async with client_of(application(tokens)) as client:
        assert set(await statuses(client, 10)) == {200}


@pytest.mark.parametrize(
    ("trusted", "statuses_of_two"), [("127.0.0.1", [200, 200, 429, 200]), ("", [200, 200, 429, 429])]
)
async def test_a_proxy_is_believed_whose_address_is_in_the_settings_and_nobody_else(
    tokens: Path, trusted: str, statuses_of_two: Sequence[int]
) -> None:
    app = application(tokens, trusted_proxies=networks_in(trusted))
    async with (
        served(app, http_trusted_proxies=trusted) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        found = [
            (await client.get("/birds", headers={"X-Forwarded-For": f"10.9.9.9, 192.0.2.{number}"})).status_code
            for number in (1, 1, 1, 2)
        ]
    assert found == statuses_of_two


async def test_health_and_metrics_are_never_limited(tokens: Path) -> None:
    async with client_from(application(tokens, hosts=frozenset({"elsewhere"}))) as client:
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert set(await statuses(client, 10, path)) == {200}


async def test_what_one_token_has_under_way_takes_nobody_elses_place(tokens: Path) -> None:
    app = application(tokens, rates=dict.fromkeys(ClientKind, Rate(100, 100, 2)))
    async with client_of(app) as client:
        asked = [asyncio.create_task(client.get("/nest", headers=bearer("acme"))) for _ in range(5)]
        await eventually(lambda: app.state.inside, 2, "how many are under way")
        assert await statuses(client, 1, headers=bearer("paard")) == [200]
        app.state.leave.set()
        assert {(await answer).status_code for answer in asked} == {200}


async def test_a_party_has_one_large_body_in_work_and_all_together_have_few(tokens: Path) -> None:
    rates = {ClientKind.LARGE: Rate(100, 100, 1), ClientKind.ALL_LARGE: Rate(100, 100, 2)}
    app = application(tokens, rates=rates, large_bodies={"/nest": 2000})
    async with client_of(app) as client:
        asked = [
            asyncio.create_task(client.get("/nest", headers=bearer(name))) for name in ("acme", "acme", "paard", "desk")
        ]
        await eventually(lambda: app.state.inside, 2, "how many are under way")
        assert await statuses(client, 1, headers=bearer("acme")) == [200]
        # Whom nobody knows is turned away without a place.
        stranger = asyncio.create_task(client.get("/nest"))
        await eventually(lambda: app.state.inside, 3, "how many are under way, with a stranger")
        app.state.leave.set()
        assert {(await answer).status_code for answer in (*asked, stranger)} == {200}


def test_who_asks_is_kept_as_a_hash_that_leads_back_to_nothing(tokens: Path) -> None:
    clients = ClientIdentifier(Tokens(tokens), trusted=(), personal=["/my"])
    scopes: list[Scope] = [
        {"path": "/birds", "headers": [(b"authorization", f"Bearer {token_of('acme')}".encode())]},
        {"path": "/my/secret-of-anna/come", "headers": [], "client": ELSEWHERE},
    ]
    found = [client for scope in scopes for client in clients.of({"type": "http", **scope})]
    assert [client.kind for client in found] == [ClientKind.PARTNER, ClientKind.LINK, ClientKind.ADDRESS]
    plain = [token_of("acme"), "secret-of-anna", ELSEWHERE[0]]
    for client, secret in zip(found, plain, strict=True):
        assert secret not in repr(client)
        assert client.key != hashlib.blake2b(secret.encode(), digest_size=16).digest()
