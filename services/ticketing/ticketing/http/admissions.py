"""The door over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from culture_connect.contracts import AdmissionRecorded
from culture_connect.http import Answer, Caller, once
from culture_connect.messaging import UnitOfWork
from ticketing.admitting import admit
from ticketing.http.access import BOX_OFFICE, Anyone, box_offices_of
from ticketing.issuer import Issuer
from ticketing.store import overviews

router = APIRouter(tags=["door"])


class Admission(BaseModel):
    """Whether the door opens, and for whom; or why not."""

    outcome: Literal["admitted", "refused"]
    ticket_id: UUID | None = None
    reason: str | None = None
    first_admitted_at: datetime | None = None
    holder_name: str | None = None
    partner_name: str | None = None


@router.post("/admissions", response_model=Admission, response_model_exclude_none=True)
async def record_admission(request: Request, scan: AdmissionRecorded, caller: Anyone) -> Response:
    """Records a scan. The same scan again gets the answer of the first time."""
    issuer: Issuer = request.app.state.issuer

    async def effect(work: UnitOfWork) -> Answer:
        venue = await _venue(work, caller, scan)
        recorded = (await admit(work, venue, [scan], issuer.codes))[scan.scan_id]
        if recorded.refusal is not None or recorded.ticket_id is None:
            refusal = Admission(
                outcome="refused", reason=recorded.refusal, first_admitted_at=recorded.first_admitted_at
            )
            return Answer(HTTPStatus.OK, refusal.model_dump(mode="json", exclude_none=True))
        holder_name, partner_name = await overviews.holder(work, recorded.ticket_id)
        admission = Admission(
            outcome="admitted", ticket_id=recorded.ticket_id, holder_name=holder_name, partner_name=partner_name
        )
        return Answer(HTTPStatus.OK, admission.model_dump(mode="json", exclude_none=True))

    return await once(request, caller, effect)


async def _venue(work: UnitOfWork, caller: Caller, scan: AdmissionRecorded) -> str:
    """Whose door this is: the venue of the evening when the caller may scan there, else a venue of the caller's."""
    venues = [scope.removeprefix(BOX_OFFICE) for scope in box_offices_of(caller)]
    if not venues:
        caller.demand(f"{BOX_OFFICE}{{venue}}")  # nobody has this: the answer names what would be needed
    evening = await overviews.evening(work, scan.evening_id)
    if evening is None or evening.venue not in venues:
        return venues[0]
    return evening.venue
