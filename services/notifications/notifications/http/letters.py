"""Letters for those who run the programme: a list that names nobody; for operators the mails, which subject access has
as well.
"""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse, Response

from culture_connect.contracts import Slug, Timestamp
from culture_connect.http import Answer, Caller, Page, PageQuery, Problem, not_found, once, page_of, requires
from culture_connect.http.pages import PRIVATE
from culture_connect.http.subject_access import More, Rows
from culture_connect.messaging import Database, UnitOfWork
from notifications.composing.compose import find_letter
from notifications.contents import Letter
from notifications.domain.catalogue import Kind, State
from notifications.pages.letter import LetterPage
from notifications.pages.views import LetterView, RenderedView, WholeLetterView
from notifications.rendering.composer import Composer
from notifications.store import letter_queries
from notifications.store.letter_queries import LetterFilter
from notifications.use_cases.resend import CannotResendError, UnknownLetterError, resend

_MOST_TOGETHER = 50  # letters of one mail that its page names
_log = structlog.get_logger(__name__)


def router(composer: Composer) -> APIRouter:
    """Returns the routes, which show letters as `composer` writes them."""
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
        chosen = LetterFilter(participant_id, evening_id, state, partner, kind, mail_id)
        async with database.snapshot() as work:
            rows = await letter_queries.page(work, chosen, after, wanted.limit + 1)
        return page_of(list(map(LetterView.of, rows)), wanted, key=lambda view: (view.planned_at, view.letter_id))

    @routes.get("/{letter_id}")
    async def show_letter(
        request: Request, letter_id: UUID, _: Annotated[Caller, Depends(requires("operator"))]
    ) -> WholeLetterView:
        """One letter, and the mail that it went with as it is read."""
        letter, _together = await _load(request, letter_id, composer)
        return letter

    @routes.get("/{letter_id}/page", response_class=HTMLResponse)
    async def show_letter_page(
        request: Request, letter_id: UUID, _: Annotated[Caller, Depends(requires("operator", basic=True))]
    ) -> Response:
        """The same as a page; a browser sends the token as the password of HTTP Basic, with any user name."""
        letter, together = await _load(request, letter_id, composer)
        headers = PRIVATE | {"Content-Security-Policy": page.policy}
        return HTMLResponse(page.render(letter, together), headers=headers)

    @routes.post("/{letter_id}/resend", status_code=HTTPStatus.CREATED, response_model=LetterView)
    async def resend_letter(
        request: Request, letter_id: UUID, caller: Annotated[Caller, Depends(requires("operator"))]
    ) -> Response:
        """Plans a new letter about the same, written from what holds now, with a Message-ID of its own.

        A letter that would not be sent now is refused with 409.
        """

        async def effect(work: UnitOfWork) -> Answer:
            try:
                return Answer(HTTPStatus.CREATED, LetterView.of(await resend(work, letter_id)))
            except UnknownLetterError:
                raise not_found("letter") from None
            except CannotResendError as error:
                raise _conflict(error) from None

        return await once(request, caller, effect)

    return routes


def letter_texts(composer: Composer) -> More:
    """Returns the finder of the texts that were written to a participant, or would be now, for subject access."""

    async def texts(work: UnitOfWork, participant: UUID) -> Rows:
        ids = await letter_queries.ids_of(work, participant)
        mails = [(letter_id, mail) for letter_id in ids if (mail := await _mail(work, letter_id)) is not None]
        return {"texts": await asyncio.to_thread(lambda: [_text(composer, id_, mail) for id_, mail in mails])}

    return texts


async def _load(request: Request, letter_id: UUID, composer: Composer) -> tuple[WholeLetterView, Sequence[LetterView]]:
    """Returns the letter, and all letters of the same mail. Raises a 404 problem."""
    database: Database = request.app.state.database
    async with database.snapshot() as work:
        row = await letter_queries.find(work, letter_id)
        if row is None:
            raise not_found("letter")
        together = (
            await letter_queries.page(work, LetterFilter(mail_id=row.mail_id), None, _MOST_TOGETHER)
            if row.mail_id
            else [row]
        )
        letter = await _mail(work, letter_id)
    rendered = await asyncio.to_thread(RenderedView.of, letter, composer) if letter else None
    view = WholeLetterView(**LetterView.of(row).model_dump(), rendered=rendered)
    return view, list(map(LetterView.of, together))


async def _mail(work: UnitOfWork, letter_id: UUID) -> Letter | None:
    try:
        return await find_letter(work, letter_id)
    except ValidationError:
        # Another release stored or published it in a form that this one cannot read.
        _log.error("letter cannot be read", letter_id=str(letter_id))
        return None


def _conflict(error: CannotResendError) -> Problem:
    code = f"not-sent-{error.reason}" if error.reason else "contents-not-kept"
    why = error.reason.description if error.reason else "what it told is not kept any more"
    return Problem(HTTPStatus.CONFLICT, code, "The letter would not be sent now", f"The reason: {why}.")


def _text(composer: Composer, letter_id: UUID, mail: Letter) -> dict[str, Any]:
    rendered = composer.render(mail)
    recipient = mail.contents.recipient
    return {"letter_id": letter_id, "to": recipient.email, "subject": rendered.subject, "text": rendered.text}
