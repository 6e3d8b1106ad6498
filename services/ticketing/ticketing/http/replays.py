"""Sending a box office the present state of an evening again."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from culture_connect.contracts import Venue
from culture_connect.http import Answer, Caller, Problem, not_found, once, requires
from culture_connect.messaging import UnitOfWork
from ticketing.http import examples
from ticketing.http.access import PROGRAMME
from ticketing.use_cases.replay import replay

router = APIRouter(prefix="/evenings", tags=["box office"])

Team = Annotated[Caller, Depends(requires(PROGRAMME, "operator"))]


class Replay(BaseModel):
    """The box office that is meant, so that nobody sends the evening of one venue while thinking of another."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REPLAY]})

    venue: Venue


class Replayed(BaseModel):
    """The number of tickets sent again; those that were cancelled count as well."""

    evening_id: UUID
    tickets: int


@router.post("/{evening_id}/replay", status_code=HTTPStatus.ACCEPTED, response_model=Replayed)
async def replay_evening(request: Request, evening_id: UUID, wanted: Replay, caller: Team) -> Response:
    """Sends the evening and the current state of every ticket to its box office again, with the versions they have."""

    async def effect(work: UnitOfWork) -> Answer:
        result = await replay(work, evening_id, wanted.venue)
        if result is None:
            raise not_found("evening")
        if result.venue != wanted.venue:
            raise Problem(
                HTTPStatus.CONFLICT,
                "other-venue",
                "The evening is at another venue",
                f"It takes place at {result.venue}",
            )
        return Answer(HTTPStatus.ACCEPTED, Replayed(evening_id=evening_id, tickets=result.tickets))

    return await once(request, caller, effect)
