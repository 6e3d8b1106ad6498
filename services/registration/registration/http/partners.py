"""Partners over HTTP."""

from datetime import date
from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from culture_connect.contracts import Day, EmailText, Language, PartnerName, Places, Slug
from culture_connect.http import Answer, FieldError, Page, PageQuery, Problem, not_found, once, page_of
from culture_connect.messaging import UnitOfWork
from registration.http.access import Programme, Readers
from registration.store import partners as store
from registration.use_cases import partners as use_case

router = APIRouter(prefix="/partners", tags=["partners"])


class NewPartner(BaseModel):
    """A partner to register. Without dates the contract is for the running season, 1 September to 31 August."""

    model_config = ConfigDict(extra="forbid")

    slug: Slug
    name: PartnerName
    places: Places
    language: Language
    contact_email: EmailText | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None


class PartnerView(BaseModel):
    """A partner; `active` of its `places` are taken."""

    model_config = ConfigDict(from_attributes=True)

    slug: str
    name: str
    places: int
    active: int
    language: Language
    contact_email: str | None
    starts_on: date
    ends_on: date
    version: int


@router.post("", status_code=HTTPStatus.CREATED, response_model=PartnerView)
async def register(request: Request, new: NewPartner, caller: Programme) -> Response:
    """Registers a partner; its HR system can be connected from now on."""

    async def effect(work: UnitOfWork) -> Answer:
        try:
            partner = await use_case.register(work, **dict(new))
        except use_case.SlugTaken:
            raise Problem(HTTPStatus.CONFLICT, "slug-taken", "There is a partner with this slug already") from None
        except use_case.TermReversed:
            error = FieldError("ends_on", "before_start", "The contract would end before it starts")
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "The request is not valid", errors=[error]
            ) from None
        return Answer(HTTPStatus.CREATED, PartnerView.model_validate(partner))

    return await once(request, caller, effect)


@router.get("")
async def partners(request: Request, _: Readers, wanted: PageQuery) -> Page[PartnerView]:
    """All partners, by slug."""
    key = wanted.after(str)
    async with request.app.state.database.begin() as work:
        found = await store.page(work, after=key[0] if key else None, limit=wanted.limit + 1)
    return page_of([PartnerView.model_validate(each) for each in found], wanted, lambda each: (each.slug,))


@router.get("/{slug}")
async def partner(request: Request, slug: str, _: Readers) -> PartnerView:
    """One partner."""
    async with request.app.state.database.begin() as work:
        found = await store.find(work, slug)
    if found is None:
        raise not_found("partner")
    return PartnerView.model_validate(found)
