"""What addressees switch off and on: no token, the secret in the address is the key.

GET changes nothing: programs that check mail open links. POST is what the button of the page does, and what a mail
program does by itself on one click (RFC 8058); it is answered with the page.
"""

from functools import cache
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from culture_connect.http.pages import FormError, form_of, language_of, personal_route
from culture_connect.messaging import Database
from notifications.pages.preferences import Pages
from notifications.store import preferences
from notifications.store.preferences import Preference


@cache
def _pages() -> Pages:
    return Pages()


router = APIRouter(prefix="/unsubscribe", include_in_schema=False, route_class=personal_route(_pages))


@router.api_route("/{secret}", methods=["GET", "HEAD"])
async def show(request: Request, secret: str) -> Response:
    """The page; `lang` is another language than the person's own."""
    if (key := _key(secret)) is None:
        return _unknown(request)
    database: Database = request.app.state.database
    async with database.begin() as work:
        found = await preferences.find(work, key)
    return _page(request, found, secret)


@router.post("/{secret}")
async def switch(request: Request, secret: str) -> Response:
    """Off, or with `wanted=on` on again; the same again changes nothing."""
    if (key := _key(secret)) is None:
        return _unknown(request)
    try:
        form = await form_of(request)
    except FormError as error:
        return HTMLResponse(_pages().unavailable(language_of(request)), error.status)
    off = form.get("wanted", "off") != "on"
    database: Database = request.app.state.database
    found = await database.transact(lambda work: preferences.switch(work, key, off=off))
    return _page(request, found, secret)


def _key(secret: str) -> UUID | None:
    try:
        return UUID(secret)
    except ValueError:
        return None


def _page(request: Request, found: Preference | None, secret: str) -> Response:
    if found is None:
        return _unknown(request)
    return HTMLResponse(_pages().preferences(found, secret, language_of(request, found.language)))


def _unknown(request: Request) -> Response:
    return HTMLResponse(_pages().unknown(language_of(request)), HTTPStatus.NOT_FOUND)
