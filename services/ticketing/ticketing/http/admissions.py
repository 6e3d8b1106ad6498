"""Admissions over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from culture_connect.contracts import AdmissionRecorded
from culture_connect.http import Answer, Caller, once
from culture_connect.messaging import UnitOfWork
from ticketing.http.access import BOX_OFFICE, Anyone, box_offices_of
from ticketing.metrics import AdmissionMetrics
from ticketing.store import overviews
from ticketing.store.admissions import RecordedScan
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.admit import admit

router = APIRouter(tags=["door"])


class Admission(BaseModel):
    """The verdict on a scan: admitted, and the holder; or refused, and the reason.

    `double_entry` where two people went in with one code. An offline scan that let somebody in before the ticket was
    cancelled is admitted with `cancelled_at` and the reason as `cancelled_as`. `clock` is `implausible` when the
    scanner's clock cannot be right: set it.
    """

    outcome: Literal["admitted", "refused"]
    ticket_id: UUID | None = None
    reason: str | None = None
    first_admitted_at: datetime | None = None
    holder_name: str | None = None
    partner_name: str | None = None
    double_entry: Literal[True] | None = None
    cancelled_at: datetime | None = None
    cancelled_as: str | None = None
    clock: Literal["implausible"] | None = None


@router.post("/admissions", response_model=Admission, response_model_exclude_none=True)
async def record_admission(request: Request, scan: AdmissionRecorded, caller: Anyone) -> Response:
    """Records a scan. The same scan again gets the answer of the first time."""
    issuer: Issuer = request.app.state.issuer
    metrics: AdmissionMetrics = request.app.state.admission_metrics

    async def effect(work: UnitOfWork) -> Answer:
        venue = await _venue(work, caller, scan)
        [recorded] = await admit(work, venue, [scan], issuer.codes)
        metrics.count(venue, [recorded])
        answer = await _answer(work, recorded)
        return Answer(HTTPStatus.OK, answer.model_dump(mode="json", exclude_none=True))

    return await once(request, caller, effect)


async def _answer(work: UnitOfWork, scan: RecordedScan) -> Admission:
    clock: Literal["implausible"] | None = "implausible" if scan.clock_implausible else None
    if scan.refusal is not None or scan.ticket_id is None:
        return Admission(
            outcome="refused",
            reason=scan.refusal,
            first_admitted_at=scan.first_admitted_at,
            double_entry=scan.double_entry or None,
            clock=clock,
        )
    holder = await overviews.holder(work, scan.ticket_id)
    return Admission(
        outcome="admitted",
        ticket_id=scan.ticket_id,
        holder_name=holder.holder_name,
        partner_name=holder.partner_name,
        double_entry=scan.double_entry or None,
        cancelled_at=holder.cancelled_at,
        cancelled_as=holder.cancelled_as,
        clock=clock,
    )


async def _venue(work: UnitOfWork, caller: Caller, scan: AdmissionRecorded) -> str:
    """Returns the venue of the evening when the caller may scan there, else a venue of the caller's."""
    venues = [scope.removeprefix(BOX_OFFICE) for scope in box_offices_of(caller)]
    if not venues:
        caller.demand(f"{BOX_OFFICE}{{venue}}")  # nobody has this: the answer names what would be needed
    evening = await overviews.evening(work, scan.evening_id)
    if evening is None or evening.venue not in venues:
        return venues[0]
    return evening.venue
