"""The programme of evenings over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, RootModel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from starlette.responses import Response

from culture_connect.contracts import Evening, EveningDraft, Localised, Season, Timestamp
from culture_connect.http import Answer, Expected, Page, PageQuery, etag_of, not_found, once, page_of
from culture_connect.messaging import UnitOfWork
from registration.http import examples
from registration.http.access import Programme, Readers
from registration.store import evenings as store
from registration.store.evenings import Planned
from registration.use_cases.cancel_evening import cancel_evening
from registration.use_cases.change_evening import change_evening
from registration.use_cases.schedule_evening import schedule_evening

router = APIRouter(prefix="/evenings", tags=["evenings"])


class NewEvening(EveningDraft):
    """An evening to schedule."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.NEW_EVENING]})


class EveningChanges(RootModel[dict[str, Any]]):
    """Any of the fields of an evening; what is absent stays as it is. What results must be a valid evening."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The fields of a draft, none of them required. The rules are looked at in the domain, as a whole."""
        draft = EveningDraft.model_json_schema(ref_template="#/components/schemas/{model}")
        for field in draft["properties"].values():
            field.pop("default", None)
        return {
            "type": "object",
            "title": cls.__name__,
            "description": cls.__doc__,
            "properties": draft["properties"],
            "additionalProperties": False,
            "examples": [examples.EVENING_CHANGES],
        }


class EveningView(Evening):
    """An evening; `cancelled_at` is set once it was called off."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.EVENING]})

    cancelled_at: datetime | None
    reason: Localised | None


class Cancellation(BaseModel):
    """The reason why an evening does not take place, for those who had a ticket."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.CANCELLATION]})

    reason: Localised | None = None


@router.post("", status_code=HTTPStatus.CREATED, response_model=EveningView)
async def schedule(request: Request, draft: NewEvening, caller: Programme) -> Response:
    """Schedules an evening. Release and closing default to seven days and two hours before the start."""

    async def effect(work: UnitOfWork) -> Answer:
        return Answer(HTTPStatus.CREATED, _view(await schedule_evening(work, draft, uuid4())))

    return await once(request, caller, effect)


@router.get("")
async def evenings(
    request: Request, _: Readers, wanted: PageQuery, season: Annotated[Season | None, Query()] = None
) -> Page[EveningView]:
    """The evenings of a season, or of all seasons, by their start; those that were called off included."""
    key = wanted.after(Timestamp, UUID)
    async with request.app.state.database.snapshot() as work:
        found = await store.page(work, season=season, after=(key[0], key[1]) if key else None, limit=wanted.limit + 1)
    return page_of([_view(each) for each in found], wanted, lambda each: (each.starts_at, each.evening_id))


@router.get("/{evening_id}")
async def evening(request: Request, response: Response, evening_id: UUID, _: Readers) -> EveningView:
    """One evening."""
    async with request.app.state.database.snapshot() as work:
        found = await store.find(work, evening_id)
    if found is None:
        raise not_found("evening")
    response.headers["ETag"] = etag_of(found.evening.version)
    return _view(found)


@router.patch("/{evening_id}", response_model=EveningView)
async def change(
    request: Request, evening_id: UUID, changes: EveningChanges, caller: Programme, expected: Expected
) -> Response:
    """Changes an evening; the other services hear which fields are others now. The venue stays.

    Release and closing move along with the start where they were at their defaults; null puts them back there.
    """

    async def effect(work: UnitOfWork) -> Answer:
        return Answer(HTTPStatus.OK, _view(await change_evening(work, evening_id, changes.root, expected)))

    return await once(request, caller, effect)


@router.post("/{evening_id}/cancel", response_model=EveningView)
async def cancel(
    request: Request,
    evening_id: UUID,
    caller: Programme,
    expected: Expected,
    cancellation: Annotated[Cancellation | None, Body()] = None,
) -> Response:
    """Calls an evening off; its tickets are cancelled. Doing it twice changes nothing."""

    async def effect(work: UnitOfWork) -> Answer:
        reason = cancellation.reason if cancellation else None
        return Answer(HTTPStatus.OK, _view(await cancel_evening(work, evening_id, reason, expected)))

    return await once(request, caller, effect)


def _view(planned: Planned) -> EveningView:
    fields = {name: getattr(planned.evening, name) for name in Evening.model_fields}
    return EveningView(**fields, cancelled_at=planned.cancelled_at, reason=planned.reason)
