"""Requests while the database neither answers nor hangs up."""

import io
import time
from pathlib import Path
from typing import Annotated

import httpx
from fastapi import APIRouter, Depends, Request
from sqlalchemy import text
from sqlalchemy.engine import make_url
from starlette.responses import Response

from culture_connect import messaging
from culture_connect.http import Answer, Caller, once, requires
from culture_connect.messaging import UnitOfWork
from tests.support.databases import Database
from tests.support.fault_proxy import FaultProxy
from tests.unit.http.harness import IdleBus, app_with, bearer, client_of

LIMIT = 0.5  # seconds for a statement
HEADERS = bearer("desk") | {"Idempotency-Key": "the-first-wren"}
router = APIRouter()


@router.post("/birds", status_code=201)
async def hatch(request: Request, caller: Annotated[Caller, Depends(requires())]) -> Response:
    async def effect(work: UnitOfWork) -> Answer:
        await work.execute(text("insert into birds (name) values ('wren')"))
        return Answer(201, {"birds": (await work.execute(text("select count(*) from birds"))).scalar_one()})

    return await once(request, caller, effect)


async def test_a_request_gets_a_503_within_the_limit_and_succeeds_when_the_wire_is_mended(
    database: Database, schema: messaging.Database, tokens: Path, log: io.StringIO
) -> None:
    port = make_url(schema.url).port
    assert port
    async with FaultProxy(port) as wire:
        behind = messaging.Database(wire.through(schema.url), schema=schema.schema, command_timeout=LIMIT)
        async with client_of(app_with(router, tokens=tokens, bus=IdleBus(behind))) as client:
            await behind.ping()
            await wire.silence()
            started = time.monotonic()
            assert_asks_to_come_back(await client.post("/birds", headers=HEADERS))
            assert time.monotonic() - started < LIMIT + 1
            await wire.mend()
            answer = await client.post("/birds", headers=HEADERS)
            assert (answer.status_code, answer.json()) == (201, {"birds": 1})
        await behind.close()


def assert_asks_to_come_back(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    assert int(answer.headers["retry-after"]) > 0
