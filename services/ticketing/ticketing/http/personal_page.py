"""The personal page of one participant for one evening: no token, the secret in its address is the key.

GET changes nothing. What is posted comes from the page's own forms, and is answered with a redirect to the page, or
with the page and why it could not be done.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from culture_connect.contracts import EmailText
from culture_connect.http.pages import FormError, chosen_language, form_of, language_of, personal_route
from culture_connect.messaging import Database, UnitOfWork
from ticketing.domain.refusals import RefusalCode, RequestRefused
from ticketing.http.refusals import status_of
from ticketing.http.seat_requests import seat_requests_of
from ticketing.pages.rendering import PersonalPages
from ticketing.pages.view import ActionFailure, PageAction, PageNotice
from ticketing.store import offers, personal_pages, places
from ticketing.tickets.issuer import Issuer
from ticketing.tickets.links import digest_of
from ticketing.use_cases import decline, transfer

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,64}")
_ADDRESS: Final[TypeAdapter[str]] = TypeAdapter(EmailText)
_NOTICES = {str(notice): notice for notice in PageNotice}


@cache
def _pages() -> PersonalPages:
    return PersonalPages()


router = APIRouter(prefix="/my", include_in_schema=False, route_class=personal_route(_pages))


class _Fault(Exception):
    """A field of the form is missing or malformed."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@router.get("/{secret}")
async def show(request: Request, secret: str, said: str = "") -> Response:
    """The page; `said` is what was just done on it, `lang` another language than the person's own."""
    return await _page(request, secret, notice=_NOTICES.get(said))


@router.get("/{secret}/{action}")
async def back_to_the_page(request: Request, secret: str, action: str) -> Response:
    """The address of a refusal, opened once more: leads to the page, and does nothing."""
    return _back(request, secret)


@router.post("/{secret}/{action}")
async def act(request: Request, secret: str, action: str) -> Response:
    """Does what a button of the page says."""
    if action not in _NOTICE_OF or not _SECRET.fullmatch(secret):
        return _unknown(request)
    address = ""
    try:
        form = await form_of(request)
        address = form.get("email", "")
        if not await _do(request, secret, PageAction(action), form):
            return _unknown(request)
    except FormError as error:
        return await _page(request, secret, error.status, failure=ActionFailure(PageAction(action), field="form"))
    except _Fault as fault:
        return await _page(
            request,
            secret,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            failure=ActionFailure(PageAction(action), field=fault.field, address=address),
        )
    except RequestRefused as refused:
        failure = ActionFailure(PageAction(action), refusal=refused.refusal, address=address)
        return await _page(request, secret, status_of(refused.refusal), failure=failure)
    return _back(request, secret, said=_NOTICE_OF[PageAction(action)])


async def _page(
    request: Request,
    secret: str,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    notice: PageNotice | None = None,
    failure: ActionFailure | None = None,
) -> Response:
    database: Database = request.app.state.database
    async with database.snapshot() as work:
        owner = await personal_pages.owner(work, digest_of(secret)) if _SECRET.fullmatch(secret) else None
        facts = await personal_pages.facts(work, *owner) if owner else None
    if facts is None:
        return _unknown(request)
    language = language_of(request, facts.language)
    page = _pages().render(facts, secret=secret, language=language, now=work.now, notice=notice, failure=failure)
    return HTMLResponse(page, status)


def _unknown(request: Request) -> Response:
    return HTMLResponse(_pages().unknown(language_of(request)), HTTPStatus.NOT_FOUND)


def _back(request: Request, secret: str, **query: str) -> Response:
    """To the page, from an address that has one part more."""
    if (chosen := chosen_language(request)) is not None:
        query["lang"] = chosen
    place = f"../{secret}" if _SECRET.fullmatch(secret) else "../unknown"
    return RedirectResponse(f"{place}?{urlencode(query)}" if query else place, HTTPStatus.SEE_OTHER)


# What an effect is given: the transaction, evening and participant of the page, and the form.
_Effect = Callable[[UnitOfWork, Issuer, UUID, UUID, Mapping[str, str]], Awaitable[object]]


async def _do(request: Request, secret: str, action: PageAction, form: Mapping[str, str]) -> bool:
    """Performs the action of a button; False for a secret that is nobody's."""
    if action is not PageAction.COME:
        return await _run(request, secret, form, _EFFECTS[action])
    database: Database = request.app.state.database
    async with database.snapshot() as work:
        owner = await personal_pages.owner(work, digest_of(secret))
    if owner is not None:
        await seat_requests_of(request).request(*owner)
    return owner is not None


async def _run(request: Request, secret: str, form: Mapping[str, str], effect: _Effect) -> bool:
    """The effect in one transaction, again when that collides; False for a secret that is nobody's."""
    database: Database = request.app.state.database
    issuer: Issuer = request.app.state.issuer

    async def for_the_owner(work: UnitOfWork) -> bool:
        owner = await personal_pages.owner(work, digest_of(secret))
        if owner is not None:
            await effect(work, issuer, *owner, form)
        return owner is not None

    return await database.transact(for_the_owner)


async def _decline(work: UnitOfWork, issuer: Issuer, evening: UUID, me: UUID, form: Mapping[str, str]) -> None:
    ticket = await _ticket(work, evening, form)
    await decline.decline(work, issuer, ticket, by=me)


async def _pass_on(work: UnitOfWork, issuer: Issuer, evening: UUID, me: UUID, form: Mapping[str, str]) -> None:
    ticket = await _ticket(work, evening, form)
    await transfer.offer(work, issuer, ticket, by=me, address=_address(form))


async def _take_back(work: UnitOfWork, _: Issuer, evening: UUID, me: UUID, form: Mapping[str, str]) -> None:
    await transfer.take_back(work, await _offer(work, evening, form), by=me)


async def _accept(work: UnitOfWork, issuer: Issuer, evening: UUID, me: UUID, form: Mapping[str, str]) -> None:
    await transfer.accept(work, issuer, await _offer(work, evening, form), by=me)


async def _refuse(work: UnitOfWork, _: Issuer, evening: UUID, me: UUID, form: Mapping[str, str]) -> None:
    await transfer.refuse(work, await _offer(work, evening, form), by=me)


# `PageAction.COME` is a seat request, which is handled together with those of others.
_EFFECTS: Mapping[PageAction, _Effect] = {
    PageAction.DECLINE: _decline,
    PageAction.PASS_ON: _pass_on,
    PageAction.TAKE_BACK: _take_back,
    PageAction.ACCEPT: _accept,
    PageAction.REFUSE: _refuse,
}
_NOTICE_OF: Mapping[str, PageNotice] = {
    PageAction.COME: PageNotice.ASKED,
    PageAction.DECLINE: PageNotice.DECLINED,
    PageAction.PASS_ON: PageNotice.OFFERED,
    PageAction.TAKE_BACK: PageNotice.TAKEN_BACK,
    PageAction.ACCEPT: PageNotice.ACCEPTED,
    PageAction.REFUSE: PageNotice.REFUSED,
}


async def _ticket(work: UnitOfWork, evening: UUID, form: Mapping[str, str]) -> UUID:
    """The ticket that the page showed; a page opens nothing of another evening, not even its own person's."""
    ticket = _id(form, "ticket_id")
    if await places.evening_of(work, ticket) != evening:
        raise RequestRefused(RefusalCode.UNKNOWN_TICKET)
    return ticket


async def _offer(work: UnitOfWork, evening: UUID, form: Mapping[str, str]) -> UUID:
    offer = _id(form, "offer_id")
    found = await offers.find(work, offer)
    if found is None or found.evening_id != evening:
        raise RequestRefused(RefusalCode.UNKNOWN_OFFER)
    return offer


def _id(form: Mapping[str, str], field: str) -> UUID:
    try:
        return UUID(form[field])
    except (KeyError, ValueError):
        raise _Fault(field) from None


def _address(form: Mapping[str, str]) -> str:
    try:
        return _ADDRESS.validate_python(form.get("email", ""))
    except ValidationError:  # quotes what was typed
        raise _Fault("email") from None
