"""Partners over HTTP."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from culture_connect.contracts import Day, Language, MailAddress, PartnerName, Places, Slug
from culture_connect.http import Answer, Expected, Page, PageQuery, PatchBody, etag_of, not_found, once, page_of
from culture_connect.messaging import UnitOfWork
from registration.http import examples
from registration.http.access import Anyone, PartnerReaders, PartnerSlug, Programme, visible_partners
from registration.store import partners as store
from registration.use_cases.change_partner import change_partner
from registration.use_cases.offboard_partner import offboard_partner
from registration.use_cases.register_partner import register_partner

router = APIRouter(prefix="/partners", tags=["partners"])


class NewPartner(BaseModel):
    """A partner to register. Without dates the contract is for the running season, 1 September to 31 August."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.NEW_PARTNER]})

    slug: Slug
    name: PartnerName
    places: Places
    language: Language
    contact_email: MailAddress | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None


class PartnerChanges(PatchBody):
    """Fields to change; those that are absent stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PARTNER_CHANGES]})

    name: PartnerName = ""
    places: Places = 0
    language: Language = Language.NL
    contact_email: MailAddress | None = None
    starts_on: Day = date.min
    ends_on: Day = date.min


class PartnerView(BaseModel):
    """A partner; `active` of its `places` are taken. `left_at` is set once it takes part no longer."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [examples.PARTNER]})

    slug: str
    name: str
    places: int
    active: int
    language: Language
    contact_email: str | None
    starts_on: date
    ends_on: date
    version: int
    left_at: datetime | None


@router.post("", status_code=HTTPStatus.CREATED, response_model=PartnerView)
async def register(request: Request, new: NewPartner, caller: Programme) -> Response:
    """Registers a partner; its HR system can be connected from now on. One that had left comes back."""

    async def effect(work: UnitOfWork) -> Answer:
        return Answer(HTTPStatus.CREATED, PartnerView.model_validate(await register_partner(work, **dict(new))))

    return await once(request, caller, effect)


@router.get("")
async def partners(request: Request, caller: Anyone, wanted: PageQuery) -> Page[PartnerView]:
    """All partners that the token may see, by slug; those that left included."""
    key = wanted.after(Slug)
    among = visible_partners(caller)
    async with request.app.state.database.snapshot() as work:
        found = await store.page(work, after=key[0] if key else None, limit=wanted.limit + 1, among=among)
    return page_of([PartnerView.model_validate(each) for each in found], wanted, lambda each: (each.slug,))


@router.get("/{slug}")
async def partner(request: Request, response: Response, slug: PartnerSlug, _: PartnerReaders) -> PartnerView:
    """One partner."""
    async with request.app.state.database.snapshot() as work:
        found = await store.find(work, slug)
    if found is None:
        raise not_found("partner")
    response.headers["ETag"] = etag_of(found.version)
    return PartnerView.model_validate(found)


@router.patch("/{slug}", response_model=PartnerView)
async def change(
    request: Request, slug: PartnerSlug, changes: PartnerChanges, caller: Programme, expected: Expected
) -> Response:
    """Changes a partner or its contract. Fewer places than people are active are refused with their number."""

    async def effect(work: UnitOfWork) -> Answer:
        partner = await change_partner(work, slug, changes.named, expected)
        return Answer(HTTPStatus.OK, PartnerView.model_validate(partner))

    return await once(request, caller, effect)


@router.delete("/{slug}", response_model=PartnerView)
async def leave(
    request: Request,
    slug: PartnerSlug,
    caller: Programme,
    expected: Expected,
    name: Annotated[PartnerName, Query(description="The partner's name, to confirm that it is this one")],
    confirm_withdrawals: Annotated[int, Query(ge=0, description="How many active people are withdrawn by it")] = 0,
) -> Response:
    """Ends a partner's part in the programme: all its people are withdrawn today. Doing it twice changes nothing."""

    async def effect(work: UnitOfWork) -> Answer:
        partner = await offboard_partner(
            work, slug, name=name, confirm_withdrawals=confirm_withdrawals, expected=expected
        )
        return Answer(HTTPStatus.OK, PartnerView.model_validate(partner))

    return await once(request, caller, effect)
