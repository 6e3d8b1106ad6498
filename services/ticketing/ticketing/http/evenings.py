"""How full an evening is, and a box office's whole list of tickets."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel

from culture_connect.http import Caller, not_found, requires
from culture_connect.messaging import Database
from ticketing.store import overviews

router = APIRouter(prefix="/evenings", tags=["evenings"])

Programme = Annotated[Caller, Depends(requires("programme"))]
Anyone = Annotated[Caller, Depends(requires())]


class Seats(BaseModel):
    """Seats that are taken but not entered, seats whose holders are in, and waiting places."""

    issued: int
    admitted: int
    waiting: int


class EveningSeats(Seats):
    """An evening's seats; `partners` has those whose people hold or wait for one."""

    evening_id: UUID
    venue: str
    season: str
    starts_at: datetime
    cancelled: bool
    capacity: int
    partners: dict[str, Seats]


class TicketView(BaseModel):
    """A ticket as its box office knows it; `version` is the one of the last message about it."""

    ticket_id: UUID
    evening_id: UUID
    state: Literal["issued", "admitted"]
    code: str
    holder_name: str | None
    partner_name: str
    version: int
    issued_at: datetime
    admitted_at: datetime | None


class Snapshot(BaseModel):
    """All tickets of an evening that count. What is not in it does not count."""

    evening_id: UUID
    tickets: list[TicketView]


@router.get("/{evening_id}")
async def seats(request: Request, evening_id: UUID, _: Programme) -> EveningSeats:
    """Capacity, and how many seats are issued, admitted and waited for, per partner too."""
    database: Database = request.app.state.database
    async with database.begin() as work:
        evening = await overviews.evening(work, evening_id)
        if evening is None:
            raise not_found("evening")
        partners = await overviews.per_partner(work, evening_id)
    return EveningSeats(
        evening_id=evening.evening_id,
        venue=evening.venue,
        season=evening.season,
        starts_at=evening.starts_at,
        cancelled=evening.cancelled,
        capacity=evening.capacity,
        issued=evening.issued,
        admitted=evening.admitted,
        waiting=evening.waiting,
        partners={
            each.partner: Seats(issued=each.issued, admitted=each.admitted, waiting=each.waiting) for each in partners
        },
    )


@router.get("/{evening_id}/tickets", response_model=Snapshot, responses={304: {"description": "Nothing changed"}})
async def tickets(
    request: Request, evening_id: UUID, caller: Anyone, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The venue's whole list, to start with or to compare with; 304 while it is the one of `If-None-Match`."""
    database: Database = request.app.state.database
    async with database.begin() as work:
        evening = await overviews.evening(work, evening_id)
        if evening is None:
            # Nobody without a right to some evening learns which evenings there are.
            caller.demand("programme", *_box_office_scopes(caller))
            raise not_found("evening")
        caller.demand("programme", f"box-office:{evening.venue}")
        rows = await overviews.tickets(work, evening_id)
    body = Snapshot(
        evening_id=evening_id,
        tickets=[
            TicketView(
                ticket_id=row.ticket_id,
                evening_id=evening_id,
                state="admitted" if row.state == "admitted" else "issued",
                code=row.code,
                holder_name=row.holder_name,
                partner_name=row.partner_name,
                version=row.version,
                issued_at=row.issued_at,
                admitted_at=row.admitted_at,
            )
            for row in rows
        ],
    ).model_dump_json()
    tag = f'"{sha256(body.encode()).hexdigest()}"'
    # The list holds names: no shared cache may keep it.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and _matches(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _box_office_scopes(caller: Caller) -> list[str]:
    return [scope for scope in caller.scopes if scope.startswith("box-office:")]


def _matches(tag: str, header: str) -> bool:
    """RFC 9110, 13.1.2: any of the tags of the client, compared weakly, or the asterisk."""
    tags = {each.strip().removeprefix("W/") for each in header.split(",")}
    return tag in tags or "*" in tags
