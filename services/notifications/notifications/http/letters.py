"""Letters for those who run the programme: a list without people in it, and for operators the letter itself."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from sqlalchemy import RowMapping

from culture_connect.contracts import Timestamp
from culture_connect.http import Caller, Page, PageQuery, not_found, page_of, requires
from culture_connect.messaging import Database
from notifications.domain.letters import Kind, State
from notifications.rendering.contents import Contents, Letter
from notifications.rendering.letters import Renderer
from notifications.store import letters
from notifications.store.letters import Wanted
from notifications.tables import LetterRow


class LetterView(BaseModel):
    """A letter without its addressee. `reason` says why it was not sent, or not yet; an invitation is of no ticket."""

    letter_id: UUID
    participant_id: UUID
    evening_id: UUID
    ticket_id: UUID | None
    kind: Kind
    state: State
    reason: str | None
    attempts: int
    planned_at: datetime
    sent_at: datetime | None


class RenderedView(BaseModel):
    """The letter as people read it; the picture of the ticket is in `html`."""

    to: str
    language: str
    message_id: str
    subject: str
    text: str
    html: str
    calendar: str | None


class WholeLetterView(LetterView):
    """A letter and what it says.

    What was sent is shown as it was sent, what was not as it would be sent now. `rendered` is null when that cannot
    be told: contact or evening are not known yet, or the person was erased.
    """

    rendered: RenderedView | None


def router(renderer: Renderer) -> APIRouter:
    """The routes, which show letters as `renderer` writes them."""
    routes = APIRouter(prefix="/letters", tags=["letters"])

    @routes.get("")
    async def list_letters(
        request: Request,
        wanted: PageQuery,
        _: Annotated[Caller, Depends(requires("operator", "programme"))],
        participant_id: UUID | None = None,
        evening_id: UUID | None = None,
        state: State | None = None,
    ) -> Page[LetterView]:
        """Letters, the newest first."""
        place = wanted.after(Timestamp, UUID)
        after = (place[0], place[1]) if place else None
        database: Database = request.app.state.database
        async with database.begin() as work:
            rows = await letters.page(work, Wanted(participant_id, evening_id, state), after, wanted.limit + 1)
        return page_of([_view(row) for row in rows], wanted, key=lambda view: (view.planned_at, view.letter_id))

    @routes.get("/{letter_id}")
    async def show_letter(
        request: Request, letter_id: UUID, _: Annotated[Caller, Depends(requires("operator"))]
    ) -> WholeLetterView:
        """One letter as it is read."""
        database: Database = request.app.state.database
        async with database.begin() as work:
            row = await letters.find(work, letter_id)
            now = work.now
        if row is None:
            raise not_found("letter")
        return WholeLetterView.model_validate({**row, "rendered": _rendered(row, renderer, now)})

    return routes


def _view(row: LetterRow) -> LetterView:
    return LetterView.model_validate(row, from_attributes=True)


def _rendered(row: RowMapping, renderer: Renderer, now: datetime) -> RenderedView | None:
    if row["contents"] is None:
        return None
    letter = Letter(
        letter_id=row["letter_id"],
        participant_id=row["participant_id"],
        evening_id=row["evening_id"],
        kind=Kind(row["kind"]),
        sequence=row["sequence"],
        written_at=row["written_at"] or now,
        contents=Contents.model_validate(row["contents"]),
    )
    rendered = renderer.render(letter)
    recipient = letter.contents.recipient
    return RenderedView(
        to=recipient.email,
        language=str(recipient.language),
        message_id=renderer.message_id(letter),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.page,
        calendar=rendered.calendar.decode() if rendered.calendar else None,
    )
