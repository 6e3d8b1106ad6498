"""The seats of an evening, and a box office's whole list of tickets."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict

from culture_connect.contracts import Admission
from culture_connect.http import Caller, not_found
from culture_connect.messaging import Database, UnitOfWork
from ticketing.http.access import BOX_OFFICE, PROGRAMME, Anyone, Programme, box_offices_of
from ticketing.store import overviews
from ticketing.store.overviews import EveningOverview, ListedTicket

router = APIRouter(prefix="/evenings", tags=["evenings"])


class Seats(BaseModel):
    """Seats that are taken but not entered, seats whose holders are in, and waiting places."""

    model_config = ConfigDict(from_attributes=True)

    issued: int
    admitted: int
    waiting: int


class PartnerSeats(Seats):
    """One partner's: `allotment` seats are kept for its people until the release."""

    allotment: int


class EveningSeats(Seats):
    """An evening's seats; `partners` has those for whom seats are kept, or whose people hold or wait for one.

    `common_pool` counts the seats that are kept for nobody.
    """

    evening_id: UUID
    venue: str
    season: str
    starts_at: datetime
    release_at: datetime
    closes_at: datetime
    admission: Admission
    cancelled: bool
    capacity: int
    common_pool: int
    partners: dict[str, PartnerSeats]


class TicketView(BaseModel):
    """A ticket as its box office knows it; `version` is the one of the last message about it."""

    model_config = ConfigDict(from_attributes=True)

    ticket_id: UUID
    evening_id: UUID
    state: Literal["issued", "admitted"]
    code: str
    holder_name: str
    partner_name: str
    version: int
    issued_at: datetime
    admitted_at: datetime | None


class Snapshot(BaseModel):
    """All tickets of an evening that count. What is not in it does not count."""

    evening_id: UUID
    tickets: list[TicketView]


class Entry(BaseModel):
    """A code that admits, told by its hash (SHA-256 of what the QR code says, in hex)."""

    code_sha256: str
    holder_name: str
    partner_name: str
    admitted_at: datetime | None


class Bundle(BaseModel):
    """The codes that count, for scanners that may lose their connection."""

    evening_id: UUID
    entries: list[Entry]


@router.get("/{evening_id}")
async def seats(request: Request, evening_id: UUID, _: Programme) -> EveningSeats:
    """Capacity, and how many seats are issued, admitted and waited for, per partner too."""
    database: Database = request.app.state.database
    async with database.snapshot() as work:
        evening = await overviews.evening(work, evening_id)
        if evening is None:
            raise not_found("evening")
        partners = await overviews.per_partner(work, evening_id)
    return EveningSeats(
        **asdict(evening),
        # What was allotted stays as it was once the seats are released, also when the capacity shrinks after that.
        common_pool=max(evening.capacity - sum(each.allotment for each in partners), 0),
        partners={each.partner: PartnerSeats.model_validate(each) for each in partners},
    )


@router.get("/{evening_id}/tickets", response_model=Snapshot, responses={304: {"description": "Nothing changed"}})
async def tickets(
    request: Request, evening_id: UUID, caller: Anyone, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The venue's whole list, to start with or to compare with; 304 while it is the one of `If-None-Match`."""
    return await _list(request, evening_id, caller, _snapshot, if_none_match)


@router.get("/{evening_id}/bundle", response_model=Bundle, responses={304: {"description": "Nothing changed"}})
async def bundle(
    request: Request, evening_id: UUID, caller: Anyone, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The list a scanner needs to judge codes while it is offline, and from which nobody can make a ticket."""
    return await _list(request, evening_id, caller, _bundle, if_none_match)


async def _list(
    request: Request,
    evening_id: UUID,
    caller: Caller,
    written: Callable[[UUID, Sequence[ListedTicket]], BaseModel],
    known: str | None,
) -> Response:
    """The tickets that count, as `written`, to whoever may see them; 304 when they are `known` by their tag."""
    database: Database = request.app.state.database
    async with database.snapshot() as work:
        await evening_at_own_venue(work, caller, evening_id)
        rows = await overviews.tickets(work, evening_id)
    # In a thread, since a large venue has a long list.
    return await asyncio.to_thread(lambda: tagged(written(evening_id, rows), known))


def _snapshot(evening_id: UUID, rows: Sequence[ListedTicket]) -> Snapshot:
    return Snapshot(evening_id=evening_id, tickets=[TicketView.model_validate(row) for row in rows])


def _bundle(evening_id: UUID, rows: Sequence[ListedTicket]) -> Bundle:
    entries = [
        Entry(
            code_sha256=sha256(row.code.encode()).hexdigest(),
            holder_name=row.holder_name,
            partner_name=row.partner_name,
            admitted_at=row.admitted_at,
        )
        for row in rows
    ]
    return Bundle(evening_id=evening_id, entries=sorted(entries, key=lambda each: each.code_sha256))


async def evening_at_own_venue(work: UnitOfWork, caller: Caller, evening_id: UUID) -> EveningOverview:
    """The evening, for the programme team and for the box office of its venue. Raises 403 and 404 problems."""
    evening = await overviews.evening(work, evening_id)
    if evening is None:
        # Nobody without a right to some evening learns which evenings there are.
        caller.demand(PROGRAMME, *box_offices_of(caller))
        raise not_found("evening")
    caller.demand(PROGRAMME, f"{BOX_OFFICE}{evening.venue}")
    return evening


def tagged(body: BaseModel, if_none_match: str | None) -> Response:
    """The answer with its ETag, or 304 without a body for a client that has it."""
    content = body.model_dump_json()
    tag = f'"{sha256(content.encode()).hexdigest()}"'
    # The list holds names: no shared cache may keep it.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and _matches(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def _matches(tag: str, header: str) -> bool:
    """RFC 9110, 13.1.2: any of the tags of the client, compared weakly, or the asterisk."""
    tags = {each.strip().removeprefix("W/") for each in header.split(",")}
    return tag in tags or "*" in tags
