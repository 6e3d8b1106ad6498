"""POST requests that may be repeated: the `Idempotency-Key` header.

    @router.post("/partners", status_code=201, response_model=PartnerView)
    async def register(request: Request, new: NewPartner, caller: Programme) -> Response:
        async def effect(work: UnitOfWork) -> Answer:
            return Answer(201, await register_partner(work, new))

        return await once(request, caller, effect)

The key, the effect and the answer are one transaction, so the answer is remembered exactly when the effect is there.
Semantics after draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from starlette.responses import JSONResponse, Response

from culture_connect.http.etags import etag_of
from culture_connect.http.problems import FieldError, Problem
from culture_connect.http.tokens import Caller
from culture_connect.messaging import UnitOfWork
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import transactions_collided

REMEMBERED = timedelta(hours=24)
ATTEMPTS = 3
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_LOCK_NOT_AVAILABLE = "55P03"

# An old key is free again. A key that another transaction holds is waited for, and then found taken or free.
_CLAIM = text(
    """
    insert into idempotency_keys as known (caller, route, key, request_sha256, created_at)
    values (:caller, :route, :key, :sha256, :now)
    on conflict (caller, route, key) do update
    set request_sha256 = excluded.request_sha256, created_at = excluded.created_at, status = null, body = null
    where known.created_at < :expired
    returning key
    """
)
_FIND = text(
    "select request_sha256, status, body from idempotency_keys where caller = :caller and route = :route and key = :key"
)
_REMEMBER = text(
    """
    update idempotency_keys set status = :status, body = :body
    where caller = :caller and route = :route and key = :key
    """
).bindparams(bindparam("body", type_=JSONB(none_as_null=True)))
_FORGET = text(
    """
    delete from idempotency_keys where ctid = any(array(
        select ctid from idempotency_keys where created_at < :expired limit 100 for update skip locked
    ))
    """
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request answers: status and a body that FastAPI can encode (model, dataclass, dict), None for no body.

    A body with a `version` has it as its ETag.
    """

    status: int
    body: Any = None


Effect = Callable[[UnitOfWork], Awaitable[Answer]]


async def once(request: Request, caller: Caller, effect: Effect, *, remembered: bool = True) -> Response:
    """Runs `effect` in one transaction and answers with what it returns; with a key, only the first time.

    `effect` gets the unit of work, writes and emits through it, and never commits. It is run again when the
    transaction collides with another, so it must have no effects but through the unit of work. The same key with
    the same request answers as the first time, with another request 422; while the first one takes more than ten
    seconds, 409. What raises is rolled back and not remembered. Without the header every request has its effect.
    With `remembered` False, for what changes nothing, the answer is kept nowhere: the same request is answered anew.
    """
    database: Database = request.app.state.database
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with database.begin() as work:
                return await _run(request, caller, work, effect, remembered)
        except DBAPIError as error:
            if attempt == ATTEMPTS or not transactions_collided(error):
                raise
    raise AssertionError("unreachable")


async def _run(request: Request, caller: Caller, work: UnitOfWork, effect: Effect, remembered: bool) -> Response:
    key = _key_of(request)
    if key is None:
        answer = await effect(work)
        return _response(answer.status, _json(answer.body))
    # The template of the route, not the path: a path may name a person.
    route = f"{request.method} {request.scope['route'].path}"
    place = {"caller": caller.name, "route": route, "key": key}
    digest = await _digest(request)
    if not await _claim(work, place, digest):
        status, body = await _first_answer(work, place, digest)
        if remembered:
            return _response(status, body, replayed=True)
    answer = await effect(work)
    body = _json(answer.body)
    await work.execute(_REMEMBER, {**place, "status": answer.status, "body": body if remembered else None})
    await forget_old_answers(work)
    return _response(answer.status, body)


async def forget_old_answers(work: UnitOfWork) -> None:
    """Removes some of the answers that nobody can ask for any more."""
    await work.execute(_FORGET, {"expired": work.now - REMEMBERED})


def _key_of(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        error = FieldError("header.idempotency-key", "invalid", "Expected 1 to 200 visible ASCII characters")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", errors=[error])
    return key


async def _digest(request: Request) -> bytes:
    """SHA-256 of what makes this request this request: path, query and body."""
    head = f"{request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(head + await request.body()).digest()


async def _claim(work: UnitOfWork, place: dict[str, str], digest: bytes) -> bool:
    await work.execute(text("set local lock_timeout = '10s'"))
    try:
        claimed = await work.execute(
            _CLAIM, {**place, "sha256": digest, "now": work.now, "expired": work.now - REMEMBERED}
        )
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise Problem(
            HTTPStatus.CONFLICT,
            "request-in-progress",
            "A request with this Idempotency-Key is still being handled",
            headers={"Retry-After": "5"},
        ) from None
    await work.execute(text("set local lock_timeout to default"))
    return claimed.first() is not None


async def _first_answer(work: UnitOfWork, place: dict[str, str], digest: bytes) -> tuple[int, Any]:
    row = (await work.execute(_FIND, place)).one()
    if row.request_sha256 != digest:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "This Idempotency-Key was used for another request",
        )
    return row.status, row.body


def _json(body: Any) -> Any:
    return body.model_dump(mode="json") if isinstance(body, BaseModel) else jsonable_encoder(body)


def _response(status: int, body: Any, *, replayed: bool = False) -> Response:
    response = Response(status_code=status) if body is None else JSONResponse(body, status)
    if isinstance(body, dict) and body.get("version") is not None:
        response.headers["ETag"] = etag_of(body["version"])
    if replayed:
        response.headers["Idempotent-Replay"] = "true"
    return response
