"""The data that a service holds of one person, for the right of access (GDPR, article 15).

Each service names its tables that hold something of people; whole rows are shown, so that a column cannot be forgotten.
What opens a door or a page (codes of tickets, links) is masked: whoever reads an export could use it.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy import text
from starlette.responses import JSONResponse, Response

from culture_connect.http.tokens import Caller, requires
from culture_connect.messaging import Database, UnitOfWork

MASKED: Final = "(masked: it opens a door or a page)"
_SECRETS: Final = frozenset({"code", "link", "unsubscribe", "secret_sha256"})
_SHORTEST_SECRET: Final = 16  # characters; shorter ones under these names are no secrets, such as codes of errors
_BYTES: Final = "\\x"
_log = structlog.get_logger(__name__)

Rows = dict[str, list[dict[str, Any]]]
More = Callable[[UnitOfWork, UUID], Awaitable[Rows]]
Operator = Annotated[Caller, Depends(requires("operator"))]


@dataclass(frozen=True, slots=True)
class Holding:
    """The rows of a `table` that are about a person: SQL over `t` and `:participant`, or what else the service gives.

    The columns `without` are about somebody else.
    """

    table: str
    condition: str
    without: Sequence[str] = ()


class HeldView(BaseModel):
    """All that a service holds of a person, by table. Codes and links are masked."""

    participant_id: UUID
    held: dict[str, list[dict[str, Any]]]


_IN_BODY: Final = "position(convert_to(cast(cast(:participant as uuid) as text), 'UTF8') in t.body) > 0"
# Of the kit: messages that wait to be sent or to be tried again.
MESSAGES: Final = (Holding("outbox", _IN_BODY), Holding("retries", _IN_BODY))


def subject_access(holdings: Sequence[Holding], more: More | None = None) -> APIRouter:
    """The route that shows an operator what the service holds of a participant; `more` adds what no table shows."""
    router = APIRouter(prefix="/participants", tags=["participants"])

    @router.get("/{participant_id}/export", response_model=HeldView)
    async def export(request: Request, participant_id: UUID, caller: Operator) -> Response:
        """Everything that is held of this participant; nothing for somebody who is not known (GDPR, article 15)."""
        database: Database = request.app.state.database
        async with database.snapshot() as work:
            found = await held(work, holdings, {"participant": participant_id})
            if more is not None:
                found |= await more(work, participant_id)
        return answer(participant_id, found, caller)

    return router


async def held(work: UnitOfWork, holdings: Sequence[Holding], parameters: Mapping[str, object]) -> Rows:
    """The rows of each table, as JSON has them."""
    found: Rows = {}
    for each in holdings:
        named = {name: value for name, value in parameters.items() if f":{name}" in each.condition}
        statement = text(f"select to_jsonb(t) from {each.table} t where {each.condition}")  # noqa: S608 - constants
        rows = (await work.execute(statement, named)).scalars()
        found[each.table] = found.get(each.table, []) + [
            {name: _readable(value) for name, value in row.items() if name not in each.without} for row in rows
        ]
    return found


def answer(participant_id: UUID, found: Rows, caller: Caller) -> Response:
    """The answer with secrets masked; that somebody looked is logged, with ids alone."""
    _log.info("personal data exported", participant_id=str(participant_id), caller=caller.name)
    found = to_jsonable_python(found)
    view = {"participant_id": str(participant_id), "held": _masked(found, _secrets_in(found))}
    return JSONResponse(view, headers={"Cache-Control": "no-store"})


def _readable(value: Any) -> Any:
    """Bytes that are JSON as what they say; PostgreSQL writes bytes as digits."""
    if not isinstance(value, str) or not value.startswith(_BYTES):
        return value
    try:
        return json.loads(bytes.fromhex(value.removeprefix(_BYTES)))
    except ValueError:
        return value


def _secrets_in(value: Any) -> frozenset[str]:
    """Values under the names of secrets, wherever they are: they may stand in the text of a letter as well."""
    if isinstance(value, list):
        return frozenset().union(*map(_secrets_in, value))
    if not isinstance(value, dict):
        return frozenset()
    own = {each for name, each in value.items() if name in _SECRETS and isinstance(each, str)}
    return frozenset(each for each in own if len(each) >= _SHORTEST_SECRET).union(*map(_secrets_in, value.values()))


def _masked(value: Any, secrets: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_masked(each, secrets) for each in value]
    if isinstance(value, dict):
        return {name: _masked(each, secrets) for name, each in value.items()}
    if isinstance(value, str):
        # The longest first: a link may have another secret in it.
        for secret in sorted(secrets, key=len, reverse=True):
            value = value.replace(secret, MASKED)
    return value
