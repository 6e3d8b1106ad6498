"""Bodies that are slow, large or many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel
from starlette.types import Message, Scope

from culture_connect.http import Caller, HttpLimits, Problem, requires
from culture_connect.http.request_bodies import Bodies, BodyLimits, ClientGoneError
from tests.support.http_server import connected, served
from tests.unit.http.harness import app_with, bearer, client_of, token_of

KIB, MIB = 1024, 1024 * 1024
QUICK = HttpLimits(body_seconds=0.2, body_seconds_per_mib=0, bodies_in_memory=4 * MIB)
POST = b"POST /birds HTTP/1.1\r\nHost: 127.0.0.1\r\n"
router = APIRouter()


@router.post("/birds")
async def hatch(request: Request) -> int:
    return len(await request.body())


class Bird(BaseModel):
    name: str
    facts: dict[str, Any] = {}


@router.post("/nests")
async def build(bird: Bird | None = None) -> str:
    return bird.name if bird else "empty"


@router.post("/desk")
async def desk(caller: Annotated[Caller, Depends(requires())]) -> str:
    return caller.name


@pytest.fixture
def app(tokens: Path) -> FastAPI:
    return app_with(router, tokens=tokens, limits=QUICK, large_bodies={"/birds": 3 * MIB})


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@dataclass
class Slowly:
    """A client that sends these pieces, and then nothing."""

    pieces: list[bytes]
    messages: list[Message] = field(default_factory=list)

    async def receive(self) -> Message:
        if not self.pieces:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": self.pieces.pop(0), "more_body": True}


def scope_of(path: str = "/birds") -> Scope:
    return {"type": "http", "method": "POST", "path": path, "headers": []}


def bodies(limits: HttpLimits = QUICK) -> Bodies:
    return Bodies(limits, BodyLimits(3 * MIB, {}))


async def hung_up() -> Message:
    return {"type": "http.disconnect"}


async def whole(size: int) -> Message:
    return {"type": "http.request", "body": b"x" * size, "more_body": False}


# Slow


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 5\r\n\r\n", b"Content-Length: 5\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\n"]
)
async def test_a_body_that_does_not_come_is_given_up_and_its_connection_closed(app: FastAPI, framing: bytes) -> None:
    async with served(app) as port, connected(port) as connection:
        await connection.send(POST + framing)
        head = await connection.head()
        assert head.startswith("HTTP/1.1 408")
        assert "connection: close" in head
        assert b"body-too-slow" in await connection.rest(timeout=2)


async def test_what_has_arrived_buys_time_and_a_drop_buys_none() -> None:
    limits = HttpLimits(body_seconds=0.1, body_seconds_per_mib=0.4)
    loop = asyncio.get_running_loop()
    for pieces, least, most in [([b"x"], 0.1, 0.3), ([b"x" * MIB], 0.5, 0.9)]:
        started = loop.time()
        with pytest.raises(Problem, match="408"):
            async with bodies(limits).received(scope_of(), Slowly(pieces).receive, None, known=True):
                pass
        assert least <= loop.time() - started < most


async def test_a_client_that_hangs_up_is_not_answered() -> None:
    with pytest.raises(ClientGoneError):
        async with bodies().received(scope_of(), hung_up, None, known=True):
            pass


# Large and many


async def test_somebody_unknown_sends_little(client: httpx.AsyncClient) -> None:
    assert (await client.post("/birds", content=b"x" * 8 * KIB)).json() == 8 * KIB
    refused = await client.post("/birds", content=b"x" * (8 * KIB + 1))
    assert (refused.status_code, refused.json()["detail"]) == (413, "At most 8192 bytes")
    assert (await client.post("/birds", content=b"x" * 900 * KIB, headers=bearer("acme"))).json() == 900 * KIB


async def test_one_party_has_a_quarter_of_the_memory_for_bodies_and_gives_it_back() -> None:
    received = bodies()
    for _ in range(3):
        async with received.received(scope_of(), lambda: whole(MIB), "acme", known=True):
            with pytest.raises(Problem, match="503") as refused:
                async with received.received(scope_of(), lambda: whole(MIB), "acme", known=True):
                    pass
            assert (refused.value.headers or {})["Retry-After"] == "10"
            async with received.received(scope_of(), lambda: whole(64 * KIB), "acme", known=True) as small:
                assert len(small) == 64 * KIB
            async with received.received(scope_of(), lambda: whole(MIB), "zeebank", known=True) as large:
                assert len(large) == MIB


async def test_all_bodies_together_have_so_much_memory_and_small_ones_pass_all_the_same() -> None:
    received = bodies(HttpLimits(bodies_in_memory=4 * (MIB - 64 * KIB)))
    async with AsyncExitStack() as stack:
        for client in range(4):
            await stack.enter_async_context(received.received(scope_of(), lambda: whole(MIB), client, known=True))
        with pytest.raises(Problem, match="503"):
            await stack.enter_async_context(received.received(scope_of(), lambda: whole(MIB), "late", known=True))
        async with received.received(scope_of(), lambda: whole(64 * KIB), "late", known=True):
            pass


async def test_after_a_refusal_nothing_of_the_body_is_taken_for_a_request(app: FastAPI) -> None:
    async with served(app) as port, connected(port) as connection:
        await connection.send(POST + b"Content-Length: 70000\r\n\r\nGET /birds HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        head = await connection.head()
        assert head.startswith("HTTP/1.1 413")
        assert "connection: close" in head
        assert (await connection.rest(timeout=2)).count(b"HTTP/1.1") == 0


async def test_a_connection_serves_the_next_request_after_one_that_was_answered(app: FastAPI) -> None:
    async with served(app) as port, connected(port) as connection:
        for _ in range(2):
            await connection.send(POST + b"Content-Length: 5\r\n\r\nabcde")
            assert await connection.status() == 200
            assert await connection.some(1) == b"5"


# JSON


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (b'{"name": "a", "name": "b"}', "name", "duplicate_field"),
        (b'{"name": "a", "facts": {"wings": 1, "wings": 2}}', "wings", "duplicate_field"),
        (b'{"name": "a", "facts": {"Mw. de Wit": 1, "Mw. de Wit": 2}}', "", "duplicate_field"),
        (b'{"name": "a", "facts": {"x": NaN}}', "", "not_json"),
        (b'{"name": "a", "facts": {"x": -Infinity}}', "", "not_json"),
        (b'{"name": "a", "facts": {"x": 1e999}}', "", "not_json"),
        (b'{"name": "a", "facts": {"x": ' + b"9" * 5000 + b"}}", "", "not_json"),
        (b'{"name": "a", "facts": ' + b'{"x":' * 5000 + b"1" + b"}" * 5001, "", "too_deep"),
        (b'{"name": "\\ud800"}', "", "not_json"),
        (b'{"name": "\xff"}', "", "not_utf8"),
    ],
)
@pytest.mark.parametrize("media_type", ["application/json", "application/vnd.birds+json; charset=utf-8"])
async def test_json_that_two_readers_may_take_differently_is_refused(
    client: httpx.AsyncClient, body: bytes, field: str, code: str, media_type: str
) -> None:
    answer = await client.post("/nests", content=body, headers=bearer("acme") | {"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(field, code)]
    assert "de Wit" not in answer.text


async def test_json_that_everybody_reads_alike_is_taken(client: httpx.AsyncClient) -> None:
    facts = {"wings": 2, "weight": 1.5e3, "friends": [{"wings": 2}, {"wings": 2}], "none": None}
    assert (await client.post("/nests", json={"name": "kiwi", "facts": facts})).json() == "kiwi"
    assert (
        await client.post("/nests", content=b"null", headers={"Content-Type": "application/json"})
    ).json() == "empty"
    assert (await client.post("/nests")).json() == "empty"


async def test_a_byte_order_mark_before_json_is_passed_over(client: httpx.AsyncClient) -> None:
    headers = bearer("acme") | {"Content-Type": "application/json"}
    body = '\ufeff{"name": "Zoë"}'.encode()
    answer = await client.post("/nests", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, "Zoë")
    twice = await client.post("/nests", content=b"\xef\xbb\xbf" + body, headers=headers)
    assert [each["code"] for each in twice.json()["errors"]] == ["not_json"]


async def test_json_is_not_larger_than_a_message_on_the_bus(client: httpx.AsyncClient) -> None:
    body = {"name": "kiwi", "facts": {"song": "x" * 256 * KIB}}
    answer = await client.post("/nests", json=body, headers=bearer("acme"))
    assert (answer.status_code, answer.json()["detail"]) == (413, "At most 262144 bytes")


async def test_a_route_that_reads_its_body_itself_gets_whatever_it_is_called(client: httpx.AsyncClient) -> None:
    answer = await client.post("/birds", content=b"a;b", headers={"Content-Type": "application/json"})
    assert answer.json() == 3


async def test_a_refusal_before_the_routes_is_a_problem_with_a_trace(client: httpx.AsyncClient) -> None:
    answer = await client.post("/desk", content=b"x" * 100_000, headers={"Authorization": f"Bearer {token_of('x')}"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["trace_id"]) == 32
