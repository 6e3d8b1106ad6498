"""Enrolling, withdrawing and erasing one employee over HTTP; the same decisions as over the bus."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from culture_connect.contracts import (
    Day,
    EmployeeRef,
    EnrolmentErased,
    EnrolmentRequested,
    EnrolmentWithdrawn,
    Outcome,
)
from culture_connect.http import Answer, once
from culture_connect.messaging import UnitOfWork
from registration.domain.enrolment import EnrolmentMessage
from registration.domain.errors import EnrolmentNotPossible, Unknown
from registration.http import examples
from registration.http.access import PartnerPeople, PartnerSlug
from registration.http.erasures import ErasureView
from registration.http.participants import ParticipantView
from registration.store import erasures, participants
from registration.use_cases.decide_enrolments import decide_enrolments

router = APIRouter(prefix="/partners/{slug}", tags=["participants"])

# A reference may have a slash in it, which an address writes as %2F.
Employee = Annotated[EmployeeRef, Path(description="HR's own stable key of the employee")]


class NewEnrolment(EnrolmentRequested):
    """The data of an employee who takes part."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.NEW_ENROLMENT]})


class Withdrawal(BaseModel):
    """From which day on an employee no longer takes part; today when absent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.WITHDRAWAL]})

    effective_on: Day | None = None


class DecidedView(ParticipantView):
    """A participant, and what the request led to."""

    outcome: Outcome


@router.post(
    "/enrolments",
    status_code=HTTPStatus.CREATED,
    response_model=DecidedView,
    responses={HTTPStatus.OK: {"model": DecidedView, "description": "Known already: changed, back, or as before"}},
)
async def enrol(request: Request, slug: PartnerSlug, new: NewEnrolment, caller: PartnerPeople) -> Response:
    """Enrols an employee, changes what is known of them, or brings a withdrawn one back; 201 for somebody new."""

    async def effect(work: UnitOfWork) -> Answer:
        view = await _decide(request, work, slug, EnrolmentRequested(**dict(new)))
        is_new = view.version == 1 and view.outcome is not Outcome.UNCHANGED
        return Answer(HTTPStatus.CREATED if is_new else HTTPStatus.OK, view)

    return await once(request, caller, effect)


@router.post("/participants/{employee_ref:path}/withdraw", response_model=DecidedView)
async def withdraw(
    request: Request,
    slug: PartnerSlug,
    employee_ref: Employee,
    caller: PartnerPeople,
    withdrawal: Annotated[Withdrawal | None, Body()] = None,
) -> Response:
    """Withdraws an employee, today or on a day to come. Doing it twice changes nothing."""

    async def effect(work: UnitOfWork) -> Answer:
        effective_on = withdrawal.effective_on if withdrawal else None
        message = EnrolmentWithdrawn(employee_ref=employee_ref, effective_on=effective_on)
        return Answer(HTTPStatus.OK, await _decide(request, work, slug, message))

    return await once(request, caller, effect)


@router.delete("/participants/{employee_ref:path}", status_code=HTTPStatus.ACCEPTED, response_model=ErasureView)
async def erase(request: Request, slug: PartnerSlug, employee_ref: Employee, caller: PartnerPeople) -> Response:
    """Erases everything about an employee; `GET /erasures/{participant_id}` tells which services are done."""

    async def effect(work: UnitOfWork) -> Answer:
        message = EnrolmentErased(employee_ref=employee_ref)
        [decision] = await decide_enrolments(work, request.app.state.tombstones, slug, [(message, None)])
        found = await erasures.find(work, decision.participant_id) if decision.participant_id else None
        if found is None:
            raise Unknown("employee" if decision.errors[0].code == "unknown_employee" else "partner")
        return Answer(HTTPStatus.ACCEPTED, ErasureView.of(found, work.now))

    return await once(request, caller, effect)


async def _decide(request: Request, work: UnitOfWork, slug: PartnerSlug, message: EnrolmentMessage) -> DecidedView:
    [decision] = await decide_enrolments(work, request.app.state.tombstones, slug, [(message, None)])
    codes = {error.code for error in decision.errors}
    if "unknown_partner" in codes:
        raise Unknown("partner")
    if "unknown_employee" in codes:
        raise Unknown("employee")
    if decision.outcome is None:
        raise EnrolmentNotPossible(errors=decision.errors)
    [participant] = await participants.known(work, slug, refs=[message.employee_ref], email_keys=[])
    return DecidedView(**dict(ParticipantView.of(participant)), outcome=decision.outcome)
