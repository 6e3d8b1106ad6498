"""Authorisation to act on a place: the programme team for anybody, and everybody for themselves."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from culture_connect.http import Caller, Tokens, identity, requires, unauthenticated
from culture_connect.messaging import Database
from ticketing.store import personal_pages
from ticketing.tickets.links import digest_of

PROGRAMME = "programme"
BOX_OFFICE = "box-office:"

Programme = Annotated[Caller, Depends(requires(PROGRAMME))]
Anyone = Annotated[Caller, Depends(requires())]

_bearer = HTTPBearer(auto_error=False, description="A token with the scope programme, or the secret of a personal page")


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller; `participant_id` and `evening_id` limit what they may act on, and are None for the programme team."""

    caller: Caller
    participant_id: UUID | None = None
    evening_id: UUID | None = None


async def _acting(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Actor:
    if credentials is None:
        raise unauthenticated()
    tokens: Tokens = request.app.state.tokens
    if (caller := tokens.caller(credentials.credentials)) is not None:
        caller.demand(PROGRAMME)
        return Actor(caller)
    database: Database = request.app.state.database
    async with database.snapshot() as work:
        owner = await personal_pages.owner(work, digest_of(credentials.credentials))
    if owner is None:
        raise unauthenticated(invalid=True)
    evening_id, participant_id = owner
    link = identity(sha256(credentials.credentials.encode()).digest())
    return Actor(Caller(f"participant {participant_id}", frozenset(), link), participant_id, evening_id)


Acting = Annotated[Actor, Depends(_acting)]


def box_offices_of(caller: Caller) -> list[str]:
    """Returns the scopes of the caller that are those of a venue's box office."""
    return sorted(scope for scope in caller.scopes if scope.startswith(BOX_OFFICE))
