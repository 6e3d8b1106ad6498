"""Preferences of addressees: no token, the secret in the address is the key.

GET changes nothing, since programs that check mail open links. POST is what the buttons of the page do, and what a mail
program does by itself on one click (RFC 8058); it is answered with the page, never with a redirect.
"""

from functools import cache
from http import HTTPStatus
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from culture_connect.http.pages import FormError, form_of, language_of, personal_route
from culture_connect.messaging import Database
from notifications.pages.preferences import Pages
from notifications.store import preferences

# The field that a mail program sends (RFC 8058, 3.1), and that of the page's own forms.
_ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
_OFF, _ON = ("wanted", "off"), ("wanted", "on")


@cache
def _pages() -> Pages:
    return Pages()


router = APIRouter(prefix="/unsubscribe", include_in_schema=False, route_class=personal_route(_pages))


@router.get("/{secret}")
async def show(request: Request, secret: str) -> Response:
    """Shows the page; `lang` is another language than the person's own."""
    return await _page(request, secret)


@router.post("/{secret}")
async def switch(request: Request, secret: str) -> Response:
    """Switches letters off or on, as the form says; the same again changes nothing."""
    key = _key(secret)
    if key is None:
        return _unknown(request)
    try:
        form = (await form_of(request)).items()
    except FormError as error:
        return await _page(request, secret, error.status)
    if not {_ONE_CLICK, _OFF, _ON} & form:
        return await _page(request, secret, HTTPStatus.UNPROCESSABLE_ENTITY)
    database: Database = request.app.state.database
    off = _ON not in form
    await database.transact(lambda work: preferences.switch(work, key, off=off))
    return await _page(request, secret, switched=True)


async def _page(
    request: Request, secret: str, status: HTTPStatus = HTTPStatus.OK, *, switched: bool = False
) -> Response:
    database: Database = request.app.state.database
    if (key := _key(secret)) is None:
        return _unknown(request)
    async with database.snapshot() as work:
        found = await preferences.find(work, key)
    if found is None:
        return _unknown(request)
    language = language_of(request, found.language)
    faulty = status is not HTTPStatus.OK
    return HTMLResponse(_pages().preferences(found, secret, language, switched=switched, faulty=faulty), status)


def _key(secret: str) -> UUID | None:
    try:
        return UUID(secret)
    except ValueError:
        return None


def _unknown(request: Request) -> Response:
    return HTMLResponse(_pages().unknown(language_of(request)), HTTPStatus.NOT_FOUND)
