"""Letters for those who run the programme: a list without people in it, and for operators the letter itself."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from culture_connect.contracts import Slug, Timestamp
from culture_connect.http import Caller, Page, PageQuery, not_found, page_of, requires
from culture_connect.http.idempotency import Answer, once
from culture_connect.http.problems import Problem
from culture_connect.messaging import Database, UnitOfWork
from notifications.domain.kinds import Kind, State, Suppression
from notifications.pages.letter import LetterPage
from notifications.rendering.contents import Letter
from notifications.rendering.mails import Composer
from notifications.resending import CannotResendError, UnknownLetterError, resend
from notifications.store import lists
from notifications.store.lists import Wanted
from notifications.tables import LetterRow
from notifications.writing import letter_of

_WHY_NOT = {
    Suppression.ADMITTED: "its addressee is in already",
    Suppression.ERASED: "its addressee was erased",
    Suppression.EVENING_CANCELLED: "its evening is cancelled",
    Suppression.NEVER_TOLD: "its addressee was never told of the evening",
    Suppression.NO_ADDRESS: "its addressee has no address",
    Suppression.NOTHING_HAPPENED: "there is nothing to tell any more",
    Suppression.OVERTAKEN: "what it tells does not hold any more",
    Suppression.TICKET_CANCELLED: "its ticket is cancelled",
    Suppression.TOO_LATE: "its moment has passed",
    Suppression.UNSUBSCRIBED: "its addressee has switched such letters off",
    Suppression.WITHDRAWN: "its addressee no longer takes part",
}


class LetterView(BaseModel):
    """A letter without its addressee: for a participant or a partner.

    `reason` says why it was not sent, or not yet; `mail_id` is the same for letters that went as one mail; `repeats` is
    the letter that was asked to be sent again.
    """

    letter_id: UUID
    participant_id: UUID | None
    partner: str | None
    evening_id: UUID | None
    ticket_id: UUID | None
    kind: Kind
    state: State
    reason: str | None
    attempts: int
    planned_at: datetime
    wanted_at: datetime | None
    sent_at: datetime | None
    mail_id: UUID | None
    repeats: UUID | None


class AttachmentView(BaseModel):
    """A calendar entry that comes with a mail."""

    name: str
    text: str


class RenderedView(BaseModel):
    """The mail as people read it; pictures of codes are in `html`."""

    to: str
    language: str
    message_id: str
    subject: str
    text: str
    html: str
    calendars: list[AttachmentView]


class WholeLetterView(LetterView):
    """A letter and the mail it went with.

    What was sent is shown as it was sent, what was not as it would be sent now. `rendered` is null when that cannot
    be told: contact or evening are not known yet, the contents are not kept any more, or the person was erased.
    """

    rendered: RenderedView | None


def router(composer: Composer) -> APIRouter:
    """The routes, which show letters as `composer` writes them."""
    routes = APIRouter(prefix="/letters", tags=["letters"])
    page = LetterPage()

    @routes.get("")
    async def list_letters(
        request: Request,
        wanted: PageQuery,
        _: Annotated[Caller, Depends(requires("operator", "programme"))],
        participant_id: UUID | None = None,
        partner: Slug | None = None,
        evening_id: UUID | None = None,
        mail_id: UUID | None = None,
        kind: Kind | None = None,
        state: State | None = None,
    ) -> Page[LetterView]:
        """Letters, the newest first."""
        place = wanted.after(Timestamp, UUID)
        after = (place[0], place[1]) if place else None
        database: Database = request.app.state.database
        filters = Wanted(participant_id, evening_id, state, partner, kind, mail_id)
        async with database.begin() as work:
            rows = await lists.page(work, filters, after, wanted.limit + 1)
        return page_of([_view(row) for row in rows], wanted, key=lambda view: (view.planned_at, view.letter_id))

    @routes.get("/{letter_id}")
    async def show_letter(
        request: Request, letter_id: UUID, _: Annotated[Caller, Depends(requires("operator"))]
    ) -> WholeLetterView:
        """One letter as it is read."""
        return await whole(request, letter_id)

    @routes.get("/{letter_id}/page", response_class=HTMLResponse)
    async def show_letter_page(
        request: Request, letter_id: UUID, _: Annotated[Caller, Depends(requires("operator", basic=True))]
    ) -> Response:
        """The same as a page. A browser sends the token as the password of HTTP Basic, with any user name."""
        return page.response(await whole(request, letter_id))

    @routes.post("/{letter_id}/resend", status_code=HTTPStatus.CREATED, response_model=LetterView)
    async def resend_letter(
        request: Request, letter_id: UUID, caller: Annotated[Caller, Depends(requires("operator"))]
    ) -> Response:
        """Plans a new letter about the same, written from what holds now, with a Message-ID of its own.

        409 when it would not be sent now.
        """

        async def effect(work: UnitOfWork) -> Answer:
            try:
                return Answer(HTTPStatus.CREATED, _view(await resend(work, letter_id)))
            except UnknownLetterError:
                raise not_found("letter") from None
            except CannotResendError as error:
                raise _conflict(error.reason) from None

        return await once(request, caller, effect)

    async def whole(request: Request, letter_id: UUID) -> WholeLetterView:
        database: Database = request.app.state.database
        async with database.begin() as work:
            row = await lists.find(work, letter_id)
            letter = await letter_of(work, letter_id)
        if row is None:
            raise not_found("letter")
        rendered = _rendered(letter, composer) if letter else None
        return WholeLetterView.model_validate({**_view(row).model_dump(), "rendered": rendered})

    return routes


def _view(row: LetterRow) -> LetterView:
    return LetterView.model_validate(row, from_attributes=True)


def _rendered(letter: Letter, composer: Composer) -> RenderedView:
    rendered = composer.render(letter)
    recipient = letter.contents.recipient
    return RenderedView(
        to=recipient.email,
        language=str(recipient.language),
        message_id=composer.message_id(letter.letter_id),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.page,
        calendars=[AttachmentView(name=entry.name, text=entry.data.decode()) for entry in composer.calendars(letter)],
    )


def _conflict(reason: Suppression | None) -> Problem:
    code = f"not-sent-{reason}" if reason else "contents-not-kept"
    why = _WHY_NOT.get(reason, str(reason)) if reason else "what it told is not kept any more"
    return Problem(HTTPStatus.CONFLICT, code, f"The letter cannot be sent again: {why}")
