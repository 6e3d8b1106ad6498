"""Pages for people and a JSON API of the mailbox."""

from datetime import datetime
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from jinja2 import Environment, PackageLoader
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.trustedhost import TrustedHostMiddleware

from culture_connect_cli.mailbox.letter import in_new_tabs, open_letter
from culture_connect_cli.mailbox.store import Mail, Store

_MAX_LISTED = 200

# No scripts at all, so none of a mail runs.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# Links open in pages of their own without the sandbox, since those are real pages.
_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
_LETTER_POLICY = (
    f"sandbox {_SANDBOX}; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "form-action 'none'; frame-ancestors 'self'"
)


def create_app(store: Store) -> FastAPI:
    """The application that shows the mails of `store`."""
    app = FastAPI(title="Mailbox", docs_url=None, redoc_url=None, openapi_url=None)
    # A page of another site whose name resolves to this machine (DNS rebinding) must not read mails.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    templates = Environment(loader=PackageLoader(__package__), autoescape=True)

    @app.middleware("http")
    async def guard(request: Request, proceed: RequestResponseEndpoint) -> Response:
        response = await proceed(request)
        response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    def find(mail_id: str) -> Mail:
        mail = store.get(mail_id)
        if mail is None:
            raise HTTPException(404, "There is no such mail.")
        return mail

    @app.get("/", response_class=HTMLResponse)
    async def show_list(to: str = "", *, live: bool = False) -> str:
        found = store.find(to=to.strip() or None)
        return templates.get_template("list.html").render(
            mails=found[: -_MAX_LISTED - 1 : -1], count=len(found), to=to, live=live
        )

    @app.get("/messages/{mail_id}", response_class=HTMLResponse)
    async def show(mail_id: str) -> str:
        mail = find(mail_id)
        return templates.get_template("mail.html").render(
            mail=mail, letter=open_letter(store.source(mail)), sandbox=_SANDBOX
        )

    @app.get("/messages/{mail_id}/html")
    async def show_html(mail_id: str) -> HTMLResponse:
        letter = open_letter(store.source(find(mail_id)))
        if letter.html is None:
            raise HTTPException(404, "This mail has no HTML part.")
        return HTMLResponse(in_new_tabs(letter.html), headers={"Content-Security-Policy": _LETTER_POLICY})

    @app.get("/messages/{mail_id}/source")
    async def show_source(mail_id: str) -> PlainTextResponse:
        return PlainTextResponse(store.source(find(mail_id)))

    @app.get("/messages/{mail_id}/attachments/{number}")
    async def download(mail_id: str, number: int) -> Response:
        for attachment in open_letter(store.source(find(mail_id))).attachments:
            if attachment.number == number:
                name = quote(attachment.name, safe="")
                disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
                return Response(attachment.content, media_type="application/octet-stream", headers=disposition)
        raise HTTPException(404, "This mail has no such attachment.")

    @app.get("/style.css")
    async def style() -> Response:
        return Response((files(__package__) / "templates" / "style.css").read_text(), media_type="text/css")

    @app.get("/api/messages")
    async def list_messages(
        to: Annotated[str | None, Query()] = None, since: Annotated[datetime | None, Query()] = None
    ) -> list[Mail]:
        if since is not None and since.tzinfo is None:
            raise HTTPException(422, "since: expected a time with an offset")
        return store.find(to=to, since=since)

    @app.get("/api/messages/{mail_id}")
    async def read_message(mail_id: str) -> dict[str, Any]:
        mail = find(mail_id)
        source = store.source(mail)
        letter = open_letter(source)
        return {
            "mail": mail,
            "headers": [list(header) for header in letter.headers],
            "text": letter.text,
            "html": letter.html,
            "calendar": dict(letter.calendar),
            "attachments": [
                {"number": each.number, "name": each.name, "content_type": each.content_type}
                for each in letter.attachments
            ],
            "source": source.decode("utf-8", errors="replace"),
        }

    @app.delete("/api/messages/{mail_id}", status_code=204)
    async def delete_message(mail_id: str) -> None:
        store.remove(find(mail_id))

    @app.delete("/api/messages", status_code=204)
    async def delete_all() -> None:
        for mail in store.find():
            store.remove(mail)

    return app
