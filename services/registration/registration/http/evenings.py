"""The programme of evenings over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from culture_connect.contracts import Evening, EveningDraft, Localised, Season
from culture_connect.http import Answer, FieldError, Page, PageQuery, Problem, not_found, once, page_of
from culture_connect.messaging import UnitOfWork
from registration.http.access import Programme, Readers
from registration.store import evenings as store
from registration.store.evenings import Planned
from registration.use_cases import evenings as use_case

router = APIRouter(prefix="/evenings", tags=["evenings"])


class EveningView(Evening):
    """An evening; `cancelled_at` is set once it was called off."""

    cancelled_at: datetime | None
    reason: Localised | None


class Cancellation(BaseModel):
    """Why an evening does not take place, for those who had a ticket."""

    model_config = ConfigDict(extra="forbid")

    reason: Localised | None = None


@router.post("", status_code=HTTPStatus.CREATED, response_model=EveningView)
async def schedule(request: Request, draft: EveningDraft, caller: Programme) -> Response:
    """Schedules an evening. Release and closing default to seven days and two hours before the start."""

    async def effect(work: UnitOfWork) -> Answer:
        try:
            planned = await use_case.schedule(work, draft, uuid4())
        except use_case.DayTaken:
            raise Problem(HTTPStatus.CONFLICT, "day-taken", "The season has an evening on this day already") from None
        except use_case.UnknownPartners as unknown:
            errors = [FieldError(f"allotments.{slug}", "unknown_partner", "No such partner") for slug in unknown.slugs]
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", errors=errors
            ) from None
        return Answer(HTTPStatus.CREATED, _view(planned))

    return await once(request, caller, effect)


@router.get("")
async def evenings(
    request: Request, _: Readers, wanted: PageQuery, season: Annotated[Season | None, Query()] = None
) -> Page[EveningView]:
    """The evenings of a season, or of all seasons, by their start."""
    key = wanted.after(datetime, UUID)
    async with request.app.state.database.begin() as work:
        found = await store.page(work, season=season, after=(key[0], key[1]) if key else None, limit=wanted.limit + 1)
    return page_of([_view(each) for each in found], wanted, lambda each: (each.starts_at, each.evening_id))


@router.get("/{evening_id}")
async def evening(request: Request, evening_id: UUID, _: Readers) -> EveningView:
    """One evening."""
    async with request.app.state.database.begin() as work:
        found = await store.find(work, evening_id)
    if found is None:
        raise not_found("evening")
    return _view(found)


@router.post("/{evening_id}/cancel", response_model=EveningView)
async def cancel(
    request: Request,
    evening_id: UUID,
    caller: Programme,
    cancellation: Annotated[Cancellation | None, Body()] = None,
) -> Response:
    """Calls an evening off; its tickets are cancelled. Doing it twice changes nothing."""

    async def effect(work: UnitOfWork) -> Answer:
        planned = await use_case.cancel(work, evening_id, cancellation.reason if cancellation else None)
        if planned is None:
            raise not_found("evening")
        return Answer(HTTPStatus.OK, _view(planned))

    return await once(request, caller, effect)


def _view(planned: Planned) -> EveningView:
    fields = {name: getattr(planned.evening, name) for name in Evening.model_fields}
    return EveningView(**fields, cancelled_at=planned.cancelled_at, reason=planned.reason)
