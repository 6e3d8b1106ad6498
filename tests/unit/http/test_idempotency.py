import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from sqlalchemy import text
from starlette.responses import Response

from culture_connect.http import Answer, Caller, Problem, once, requires
from culture_connect.messaging import Database, UnitOfWork
from tests.support.probes import eventually
from tests.unit.http.harness import IdleBus, app_with, bearer, client_of, token_of, write_private

router = APIRouter()
NEST = UUID("5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01")
Programme = Annotated[Caller, Depends(requires())]


class Bird(BaseModel):
    name: str


@router.post("/nests/{nest}/birds", status_code=201, response_model=Bird)
async def hatch(nest: str, bird: Bird, request: Request, caller: Programme) -> Response:
    async def effect(work: UnitOfWork) -> Answer:
        statement = text("insert into birds (name) values (:name) returning id")
        identity = (await work.execute(statement, {"name": bird.name})).scalar_one()
        if bird.name == "dodo":
            raise Problem(409, "extinct", "There are none left")
        if bird.name == "sloth":
            await work.execute(text("select pg_advisory_xact_lock(1)"))
        return Answer(201, {"id": identity, "name": bird.name})

    return await once(request, caller, effect)


@router.post("/flocks", status_code=204)
async def leave(request: Request, caller: Programme) -> Response:
    async def effect(work: UnitOfWork) -> Answer:
        await work.execute(text("insert into birds (name) values ('flock')"))
        return Answer(204)

    return await once(request, caller, effect)


@router.post("/counts", status_code=200)
async def count(request: Request, caller: Programme) -> Response:
    async def effect(work: UnitOfWork) -> Answer:
        return Answer(200, (await work.execute(text("select count(*) from birds"))).scalar_one())

    return await once(request, caller, effect, remembered=False)


class Nest(BaseModel):
    nest_id: UUID
    built_at: datetime
    version: int


@router.post("/nests", status_code=201, response_model=Nest)
async def build(request: Request, caller: Programme) -> Response:
    async def effect(work: UnitOfWork) -> Answer:
        return Answer(201, Nest(nest_id=NEST, built_at=work.now, version=4))

    return await once(request, caller, effect)


@pytest.fixture
async def client(tokens: Path, schema: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(router, tokens=tokens, bus=IdleBus(schema))) as client:
        yield client


def swap_names(tokens: Path, one: str, other: str) -> None:
    """Gives two tokens the names of each other."""
    entries = json.loads(tokens.read_text())
    for entry in entries:
        entry["name"] = {one: other, other: one}.get(entry["name"], entry["name"])
    write_private(tokens, entries)


async def birds(schema: Database) -> list[str]:
    async with schema.engine.connect() as connection:
        return list((await connection.execute(text("select name from birds order by id"))).scalars())


def keyed(key: str, caller: str = "desk") -> dict[str, str]:
    return bearer(caller) | {"Idempotency-Key": key}


async def test_a_repeated_request_has_its_effect_once_and_the_same_answer(
    client: httpx.AsyncClient, schema: Database
) -> None:
    first = await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=keyed("k1"))
    again = await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=keyed("k1"))

    assert (first.status_code, first.json()["name"]) == (201, "kiwi")
    assert (again.status_code, again.json()) == (201, first.json())
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert await birds(schema) == ["kiwi"]


async def test_an_answer_without_a_body_is_repeated_as_well(client: httpx.AsyncClient, schema: Database) -> None:
    answers = [await client.post("/flocks", headers=keyed("k1")) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (204, b"")]
    assert await birds(schema) == ["flock"]


@pytest.mark.parametrize(("path", "name"), [("/nests/1/birds", "emu"), ("/nests/2/birds", "kiwi")])
async def test_the_key_of_another_request_is_refused(
    client: httpx.AsyncClient, schema: Database, path: str, name: str
) -> None:
    await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=keyed("k1"))
    other = await client.post(path, json={"name": name}, headers=keyed("k1"))

    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert await birds(schema) == ["kiwi"]


async def test_callers_do_not_share_keys(client: httpx.AsyncClient, schema: Database) -> None:
    for caller in ("desk", "paard"):
        answer = await client.post("/nests/1/birds", json={"name": caller}, headers=keyed("k1", caller))
        assert answer.status_code == 201

    assert await birds(schema) == ["desk", "paard"]


async def test_a_name_that_is_given_to_another_token_does_not_get_the_former_ones_answers(
    client: httpx.AsyncClient, schema: Database, tokens: Path
) -> None:
    await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=keyed("k1"))
    swap_names(tokens, "desk", "paard")
    others = await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=keyed("k1", "paard"))
    own = await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=keyed("k1", "desk"))

    assert "idempotent-replay" not in others.headers
    assert own.headers["idempotent-replay"] == "true"
    assert await birds(schema) == ["kiwi", "kiwi"]


async def test_what_is_kept_of_a_token_leads_back_to_neither_it_nor_its_entry(
    client: httpx.AsyncClient, schema: Database
) -> None:
    await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=keyed("k1"))
    async with schema.engine.connect() as connection:
        kept = (await connection.execute(text("select caller from idempotency_keys"))).scalar_one()
    assert "desk" not in kept
    assert kept != hashlib.sha256(token_of("desk").encode()).hexdigest()


async def test_without_a_key_every_request_has_its_effect(client: httpx.AsyncClient, schema: Database) -> None:
    for _ in range(2):
        await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=bearer("desk"))

    assert await birds(schema) == ["kiwi", "kiwi"]


async def test_a_request_that_failed_leaves_neither_effect_nor_memory(
    client: httpx.AsyncClient, schema: Database
) -> None:
    refused = await client.post("/nests/1/birds", json={"name": "dodo"}, headers=keyed("k1"))
    other = await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=keyed("k1"))

    assert (refused.status_code, other.status_code) == (409, 201)
    assert await birds(schema) == ["kiwi"]


async def test_requests_with_one_key_at_the_same_time_have_one_effect(
    client: httpx.AsyncClient, schema: Database
) -> None:
    async def waiting() -> int:
        async with schema.engine.connect() as connection:
            statement = text(
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            )
            return int((await connection.execute(statement)).scalar_one())

    async with schema.engine.connect() as blocker:
        await blocker.execute(text("select pg_advisory_xact_lock(1)"))
        requests = [
            asyncio.create_task(client.post("/nests/1/birds", json={"name": "sloth"}, headers=keyed("k1")))
            for _ in range(3)
        ]
        await eventually(waiting, 3, "requests that wait")
        await blocker.rollback()
    answers = [(await request).json() for request in requests]

    assert answers[0] == answers[1] == answers[2]
    assert await birds(schema) == ["sloth"]


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "é"])
async def test_a_key_is_1_to_200_visible_characters(client: httpx.AsyncClient, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode(), b"Authorization": bearer("desk")["Authorization"].encode()}
    answer = await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "header.idempotency-key"


async def test_a_key_is_forgotten_after_a_day(client: httpx.AsyncClient, schema: Database) -> None:
    for name, key in (("kiwi", "k1"), ("emu", "k2")):
        await client.post("/nests/1/birds", json={"name": name}, headers=keyed(key))
    async with schema.engine.begin() as connection:
        await connection.execute(text("update idempotency_keys set created_at = created_at - interval '24 hours'"))

    again = await client.post("/nests/1/birds", json={"name": "rhea"}, headers=keyed("k1"))

    assert (again.status_code, again.json()["name"]) == (201, "rhea")
    async with schema.engine.connect() as connection:
        keys = (await connection.execute(text("select key from idempotency_keys"))).scalars().all()
    assert keys == ["k1"]


async def test_what_is_kept_of_a_request_names_its_route_and_not_its_path(
    client: httpx.AsyncClient, schema: Database
) -> None:
    await client.post("/nests/kanarie/birds", json={"name": "kiwi"}, headers=keyed("k1"))

    async with schema.engine.connect() as connection:
        route = (await connection.execute(text("select route from idempotency_keys"))).scalar_one()
    assert route == "POST /nests/{nest}/birds"


async def test_a_model_with_a_version_is_answered_as_json_with_its_etag_also_when_repeated(
    client: httpx.AsyncClient,
) -> None:
    first, again = [await client.post("/nests", headers=keyed("k1")) for _ in range(2)]
    without_key = await client.post("/nests", headers=bearer("desk"))

    assert first.json() == again.json()
    assert set(first.json()) == {"nest_id", "built_at", "version"}
    assert first.json()["nest_id"] == str(NEST)
    assert datetime.fromisoformat(first.json()["built_at"]) <= datetime.now(UTC)
    assert [each.headers["etag"] for each in (first, again, without_key)] == ['"4"'] * 3
    assert [each.headers.get("idempotent-replay") for each in (first, again, without_key)] == [None, "true", None]


async def test_what_has_no_version_has_no_etag(client: httpx.AsyncClient) -> None:
    hatched = await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=bearer("desk"))
    left = await client.post("/flocks", headers=bearer("desk"))

    assert (hatched.status_code, left.status_code) == (201, 204)
    assert "etag" not in {*hatched.headers, *left.headers}


async def test_what_is_not_to_be_remembered_is_done_anew_and_kept_nowhere(
    client: httpx.AsyncClient, schema: Database
) -> None:
    counted = [await client.post("/counts", headers=keyed("k1"))]
    await client.post("/nests/1/birds", json={"name": "kiwi"}, headers=bearer("desk"))
    counted.append(await client.post("/counts", headers=keyed("k1")))
    other = await client.post("/counts", json={"other": 1}, headers=keyed("k1"))

    assert [(each.status_code, each.json()) for each in counted] == [(200, 0), (200, 1)]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    async with schema.engine.connect() as connection:
        rows = await connection.execute(text("select body from idempotency_keys where key = 'k1'"))
        assert rows.scalars().all() == [None]
