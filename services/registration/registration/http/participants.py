"""A partner's participants over HTTP."""

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from culture_connect.contracts import Language
from culture_connect.http import Page, PageQuery, not_found, page_of
from registration.domain.roster import Participant
from registration.http.access import PartnerReaders
from registration.store import participants as store
from registration.store import partners

router = APIRouter(prefix="/partners/{slug}/participants", tags=["participants"])


class ParticipantView(BaseModel):
    """A participant. `leaves_on` is the first day on which a withdrawal holds."""

    participant_id: UUID
    employee_ref: str
    standing: Literal["enrolled", "withdrawn"]
    given_name: str
    family_name: str
    email: str
    language: Language
    starts_on: date | None
    ends_on: date | None
    leaves_on: date | None
    version: int


@router.get("")
async def participants(request: Request, slug: str, _: PartnerReaders, wanted: PageQuery) -> Page[ParticipantView]:
    """The partner's participants by their ids, the withdrawn included, the erased not."""
    key = wanted.after(UUID)
    async with request.app.state.database.begin() as work:
        if await partners.find(work, slug) is None:
            raise not_found("partner")
        found = await store.page(work, slug, after=key[0] if key else None, limit=wanted.limit + 1)
    return page_of([_view(each) for each in found], wanted, lambda each: (each.participant_id,))


def _view(participant: Participant) -> ParticipantView:
    person = participant.person
    assert person is not None  # noqa: S101 - only an erased participant has none
    return ParticipantView(
        participant_id=participant.participant_id,
        employee_ref=participant.employee_ref,
        standing=participant.standing.value,
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        language=person.language,
        starts_on=person.starts_on,
        ends_on=person.ends_on,
        leaves_on=participant.leaves_on,
        version=participant.version,
    )
