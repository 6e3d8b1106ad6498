"""A partner's participants over HTTP."""

from collections.abc import AsyncIterator
from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from culture_connect.contracts import EmployeeRef, Language
from culture_connect.http import Page, PageQuery, not_found, page_of
from culture_connect.messaging import Database, UnitOfWork
from registration.domain.hr_file import HEADER, csv_line
from registration.domain.roster import Participant
from registration.http import examples
from registration.http.access import PartnerPeople, PartnerSlug
from registration.store import participants as store
from registration.store import partners

router = APIRouter(prefix="/partners/{slug}/participants", tags=["participants"])

_AT_A_TIME = 1000  # participants read for an export


class ParticipantView(BaseModel):
    """A participant. `leaves_on` is the first day on which a withdrawal holds."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PARTICIPANT]})

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

    @classmethod
    def of(cls, participant: Participant) -> Self:
        """Of somebody who was not erased."""
        person = participant.person
        assert person is not None  # noqa: S101 - only an erased participant has none
        return cls(
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


@router.get("")
async def participants(
    request: Request,
    slug: PartnerSlug,
    _: PartnerPeople,
    wanted: PageQuery,
    employee_ref: Annotated[EmployeeRef | None, Query(description="Only this employee")] = None,
) -> Page[ParticipantView]:
    """The partner's participants by their ids, the withdrawn included, the erased not."""
    key = wanted.after(UUID)
    async with request.app.state.database.snapshot() as work:
        if await partners.find(work, slug) is None:
            raise not_found("partner")
        found = await store.page(
            work, slug, after=key[0] if key else None, limit=wanted.limit + 1, employee_ref=employee_ref
        )
    return page_of([ParticipantView.of(each) for each in found], wanted, lambda each: (each.participant_id,))


@router.get(
    "/export",
    response_class=Response,
    responses={HTTPStatus.OK: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export(request: Request, slug: PartnerSlug, _: PartnerPeople) -> Response:
    """Those who are enrolled, as a CSV file for spreadsheets, which the import takes back. No cell is a formula."""
    database: Database = request.app.state.database
    # Whole, before any of it is sent: a client that reads slowly holds no transaction open.
    async with database.snapshot() as work:
        if await partners.find(work, slug) is None:
            raise not_found("partner")
        content = b"".join([lines async for lines in _csv(work, slug)])
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="participants-{slug}.csv"'},
    )


async def _csv(work: UnitOfWork, slug: str) -> AsyncIterator[bytes]:
    # The mark at the beginning tells Excel that it is UTF-8.
    yield ("\ufeff" + csv_line(HEADER)).encode()
    async for found in store.enrolled(work, slug, _AT_A_TIME):
        yield "".join(csv_line(_cells(each)) for each in map(ParticipantView.of, found)).encode()


def _cells(view: ParticipantView) -> list[str]:
    values = (getattr(view, name) for name in HEADER)
    return ["" if value is None else str(value) for value in values]
