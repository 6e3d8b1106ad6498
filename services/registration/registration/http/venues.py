"""The five houses over HTTP."""

from http import HTTPStatus
from typing import Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from culture_connect.contracts import Localised, PartnerName, Venue
from culture_connect.http import Answer, Expected, Page, PageQuery, PatchBody, once, page_of
from culture_connect.messaging import UnitOfWork
from registration.http import examples
from registration.http.access import Anyone, Programme
from registration.store import venues as store
from registration.store.venues import VenueRecord
from registration.use_cases.change_venue import change_venue

router = APIRouter(prefix="/venues", tags=["venues"])


class VenueView(BaseModel):
    """A house as people find it; `entrance` says how to get in."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.VENUE]})

    slug: Venue
    name: str
    address: str
    entrance: Localised
    version: int

    @classmethod
    def of(cls, venue: VenueRecord) -> Self:
        """Of a row."""
        entrance = Localised(nl=venue.entrance_nl, en=venue.entrance_en)
        return cls(
            slug=Venue(venue.slug), name=venue.name, address=venue.address, entrance=entrance, version=venue.version
        )


class VenueChanges(PatchBody):
    """Fields to change; those that are absent stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.VENUE_CHANGES]})

    name: PartnerName = ""
    address: PartnerName = ""
    entrance: Localised = Localised(nl="-", en="-")


@router.get("")
async def venues(request: Request, _: Anyone, wanted: PageQuery) -> Page[VenueView]:
    """The five houses, by slug."""
    key = wanted.after(str)
    async with request.app.state.database.snapshot() as work:
        found = [each for each in await store.all_venues(work) if key is None or each.slug > key[0]]
    return page_of([VenueView.of(each) for each in found], wanted, lambda each: (each.slug,))


@router.patch("/{slug}", response_model=VenueView)
async def change(
    request: Request, slug: Venue, changes: VenueChanges, caller: Programme, expected: Expected
) -> Response:
    """Changes how a house is described. There are five, and no way to add another."""
    fields = changes.named
    if fields.pop("entrance", None):
        fields |= {"entrance_nl": changes.entrance.nl, "entrance_en": changes.entrance.en}

    async def effect(work: UnitOfWork) -> Answer:
        return Answer(HTTPStatus.OK, VenueView.of(await change_venue(work, slug, fields, expected)))

    return await once(request, caller, effect)
