"""The door over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from culture_connect.contracts import AdmissionRecorded
from culture_connect.http import Answer, Caller, once, requires
from culture_connect.messaging import UnitOfWork
from ticketing.admitting import admit
from ticketing.codes import Codes
from ticketing.store import overviews

router = APIRouter(tags=["door"])

BOX_OFFICE = "box-office:"


class Admission(BaseModel):
    """Whether the door opens, and for whom; or why not."""

    outcome: Literal["admitted", "refused"]
    reason: str | None = None
    first_admitted_at: datetime | None = None
    holder_name: str | None = None
    partner_name: str | None = None


@router.post("/admissions", response_model=Admission, response_model_exclude_none=True)
async def record_admission(
    request: Request, scan: AdmissionRecorded, caller: Annotated[Caller, Depends(requires())]
) -> Response:
    """Records a scan. The same scan again gets the answer of the first time."""
    codes: Codes = request.app.state.codes

    async def effect(work: UnitOfWork) -> Answer:
        venue = await _venue(work, caller, scan)
        recorded = (await admit(work, venue, [scan], codes))[scan.scan_id]
        if recorded.refusal is not None or recorded.ticket_id is None:
            refusal = Admission(
                outcome="refused", reason=recorded.refusal, first_admitted_at=recorded.first_admitted_at
            )
            return Answer(HTTPStatus.OK, refusal.model_dump(mode="json", exclude_none=True))
        holder_name, partner_name = await overviews.holder(work, recorded.ticket_id)
        admission = Admission(outcome="admitted", holder_name=holder_name, partner_name=partner_name)
        return Answer(HTTPStatus.OK, admission.model_dump(mode="json", exclude_none=True))

    return await once(request, caller, effect)


async def _venue(work: UnitOfWork, caller: Caller, scan: AdmissionRecorded) -> str:
    """Whose door this is: the venue of the evening when the caller may scan there, else a venue of the caller's."""
    venues = sorted(scope.removeprefix(BOX_OFFICE) for scope in caller.scopes if scope.startswith(BOX_OFFICE))
    if not venues:
        caller.demand(f"{BOX_OFFICE}{{venue}}")  # nobody has this: the answer names what would be needed
    evening = await overviews.evening(work, scan.evening_id)
    if evening is None or evening.venue not in venues:
        return venues[0]
    return evening.venue
