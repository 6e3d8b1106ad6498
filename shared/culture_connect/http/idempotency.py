"""POST requests that may be repeated: the `Idempotency-Key` header.

    @router.post("/partners", status_code=201, response_model=PartnerView)
    async def register(request: Request, new: NewPartner, caller: Programme) -> Response:
        async def effect(work: UnitOfWork) -> Answer:
            return Answer(201, await register_partner(work, new))

        return await once(request, caller, effect)

The key, the effect and the answer are one transaction, so the answer is remembered exactly when the effect is there.
Semantics after draft-ietf-httpapi-idempotency-key-header.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.responses import JSONResponse, Response

from culture_connect.http.etags import etag_of
from culture_connect.http.problems import FieldError, Problem
from culture_connect.http.tokens import Caller
from culture_connect.messaging import UnitOfWork
from culture_connect.messaging.consuming.inbox_cleanup import ANSWERS_KEPT_FOR
from culture_connect.messaging.database import Database
from culture_connect.messaging.keyed_hash import KeyedHash

REMEMBERED = ANSWERS_KEPT_FOR
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_LOCK_NOT_AVAILABLE = "55P03"

# An old key is free again. A key that another transaction holds is waited for, and then found taken or free.
_CLAIM = text(
    """
    insert into idempotency_keys as known (caller, route, key, request_hash, created_at)
    select caller, route, key, hash, :now
    from unnest(
        cast(:callers as text[]), cast(:routes as text[]), cast(:keys as text[]), cast(:digests as bytea[])
    ) as claimed (caller, route, key, hash)
    order by caller, route, key
    on conflict (caller, route, key) do update
    set request_hash = excluded.request_hash, created_at = excluded.created_at, status = null, body = null
    where known.created_at < :expired
    returning caller, route, key
    """
)
_FIND = text(
    """
    select caller, route, key, request_hash, status, body
    from idempotency_keys
    join unnest(cast(:callers as text[]), cast(:routes as text[]), cast(:keys as text[])) as wanted (caller, route, key)
        using (caller, route, key)
    """
)
_REMEMBER = text(
    """
    update idempotency_keys set status = answers.status, body = answers.body::jsonb
    from unnest(
        cast(:callers as text[]), cast(:routes as text[]), cast(:keys as text[]), cast(:statuses as int[]),
        cast(:bodies as text[])
    ) as answers (caller, route, key, status, body)
    where (idempotency_keys.caller, idempotency_keys.route, idempotency_keys.key)
        = (answers.caller, answers.route, answers.key)
    """
)
_RELEASE = text(
    """
    delete from idempotency_keys
    using unnest(cast(:callers as text[]), cast(:routes as text[]), cast(:keys as text[])) as freed (caller, route, key)
    where (idempotency_keys.caller, idempotency_keys.route, idempotency_keys.key)
        = (freed.caller, freed.route, freed.key)
    """
)
_FORGET = text(
    """
    delete from idempotency_keys where ctid = any(array(
        select ctid from idempotency_keys where created_at < :expired limit 100 for update skip locked
    ))
    """
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request: status and a body that FastAPI can encode (model, dataclass, dict), None for no body.

    A body with a `version` has it as its ETag.
    """

    status: int
    body: Any = None

    def json(self) -> Any:
        """The body as JSON has it."""
        return self.body.model_dump(mode="json") if isinstance(self.body, BaseModel) else jsonable_encoder(self.body)

    def response(self, *, replayed: bool = False) -> Response:
        """The answer to a request, or to its repetition."""
        body = self.json()
        response = Response(status_code=self.status) if body is None else JSONResponse(body, self.status)
        if isinstance(body, dict) and body.get("version") is not None:
            response.headers["ETag"] = etag_of(body["version"])
        if replayed:
            response.headers["Idempotent-Replay"] = "true"
        return response


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with an `Idempotency-Key`, and the hash of what makes it this request."""

    caller: str
    route: str
    key: str
    digest: bytes

    @property
    def place(self) -> tuple[str, str, str]:
        """Under which its answer is remembered."""
        return self.caller, self.route, self.key


Effect = Callable[[UnitOfWork], Awaitable[Answer]]


async def once(request: Request, caller: Caller, effect: Effect, *, remembered: bool = True) -> Response:
    """Runs `effect` in one transaction and answers with what it returns; with a key, only the first time.

    `effect` gets the unit of work, writes and emits through it, and never commits. It is run again when the
    transaction collides with another, so it must have no effects but through the unit of work. The same key with
    the same request answers as the first time, with another request 422; while the first one takes more than ten
    seconds, 409. What raises is rolled back and not remembered. Without the header every request has its effect.
    With `remembered` False, for what changes nothing, the answer is not stored: the same request is handled again.
    """
    database: Database = request.app.state.database
    # Before the transaction: nothing that comes from the client is awaited in it.
    keyed = await keyed_request(request, caller)
    return await database.transact(lambda work: _run(work, keyed, effect, remembered))


async def _run(work: UnitOfWork, keyed: KeyedRequest | None, effect: Effect, remembered: bool) -> Response:
    if keyed is None:
        return (await effect(work)).response()
    [first] = await claim(work, [keyed])
    if isinstance(first, Problem):
        raise first
    if first is not None and remembered:
        return first.response(replayed=True)
    answer = await effect(work)
    await remember(work, [(keyed, answer if remembered else Answer(answer.status))])
    await forget_old_answers(work)
    return answer.response()


async def keyed_request(request: Request, caller: Caller) -> KeyedRequest | None:
    """Returns the request with its `Idempotency-Key`, None without one. Raises a 422 problem for a malformed one."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        error = FieldError("header.idempotency-key", "invalid", "Expected 1 to 200 visible ASCII characters")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", errors=[error])
    # The template of the route, not the path: a path may name a person.
    route = f"{request.method} {request.scope['route'].path}"
    # By the token itself: whoever gets the name of another one later is somebody else.
    return KeyedRequest(caller.id, route, key, await _digest(request))


async def claim(work: UnitOfWork, requests: Sequence[KeyedRequest]) -> list[Answer | Problem | None]:
    """For each request its first answer, or the problem that its key is another's; None for one that is new.

    The keys differ. Raises a 409 problem while another transaction takes more than ten seconds with one of them.
    """
    if not requests:
        return []
    claimed = await _claim(work, requests)
    others = [each for each in requests if each.place not in claimed]
    known = {}
    if others:
        rows = await work.execute(_FIND, _places(others))
        known = {(row.caller, row.route, row.key): row for row in rows}
    answers: list[Answer | Problem | None] = []
    for each in requests:
        if (row := known.get(each.place)) is None:
            answers.append(None)
        elif row.request_hash != each.digest:
            answers.append(
                Problem(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    "idempotency-key-reused",
                    "This Idempotency-Key was used for another request",
                )
            )
        else:
            answers.append(Answer(row.status, row.body))
    return answers


async def remember(work: UnitOfWork, answers: Sequence[tuple[KeyedRequest, Answer]]) -> None:
    """Keeps the answers of requests that were claimed in this transaction."""
    if answers:
        requests = [request for request, _ in answers]
        bodies = [None if answer.body is None else to_json(answer.json()).decode() for _, answer in answers]
        statuses = [int(answer.status) for _, answer in answers]
        await work.execute(_REMEMBER, {**_places(requests), "statuses": statuses, "bodies": bodies})


async def release(work: UnitOfWork, requests: Sequence[KeyedRequest]) -> None:
    """Gives claimed keys back: what was refused is not remembered."""
    if requests:
        await work.execute(_RELEASE, _places(requests))


async def forget_old_answers(work: UnitOfWork) -> None:
    """Removes some of the answers that nobody can ask for any more."""
    await work.execute(_FORGET, {"expired": work.now - REMEMBERED})


async def _digest(request: Request) -> bytes:
    """The keyed hash of what makes this request this request: path, query and body."""
    head = f"{request.url.path}?{request.url.query}\n".encode()
    hashes: KeyedHash = request.app.state.service.hashes
    return hashes.of("request", head + await request.body())


async def _claim(work: UnitOfWork, requests: Sequence[KeyedRequest]) -> set[tuple[str, str, str]]:
    await work.execute(text("set local lock_timeout = '10s'"))
    try:
        claimed = await work.execute(
            _CLAIM,
            {
                **_places(requests),
                "digests": [each.digest for each in requests],
                "now": work.now,
                "expired": work.now - REMEMBERED,
            },
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
    return {(row.caller, row.route, row.key) for row in claimed}


def _places(requests: Sequence[KeyedRequest]) -> dict[str, list[str]]:
    return {
        "callers": [each.caller for each in requests],
        "routes": [each.route for each in requests],
        "keys": [each.key for each in requests],
    }
