"""The common part of pages: forms as browsers and mail programs post them, languages, and privacy."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from structlog.testing import capture_logs

from culture_connect.contracts import Language
from culture_connect.http.pages import FormError, Site, form_of, language_of, personal_route
from tests.unit.http.harness import OneSentencePages, app_with, client_of

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"


router = APIRouter()
personal = APIRouter(prefix="/my", route_class=personal_route(OneSentencePages))


@router.post("/form")
async def form(request: Request) -> Response:
    try:
        return JSONResponse(dict(await form_of(request)))
    except FormError as error:
        return Response(status_code=error.status)


@personal.get("/{secret}")
async def page(request: Request, secret: str) -> Response:
    if secret == "broken":
        raise ValueError(secret)
    return HTMLResponse(str(language_of(request, Language(secret) if secret in ("nl", "en") else None)))


@pytest.fixture
async def client(tokens: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(router, personal, tokens=tokens)) as client:
        yield client


async def posted(client: httpx.AsyncClient, body: bytes, content_type: str = FORM) -> httpx.Response:
    return await client.post("/form", content=body, headers={"Content-Type": content_type})


async def test_a_form_is_read_in_both_ways_in_which_it_is_sent(client: httpx.AsyncClient) -> None:
    fields = {"List-Unsubscribe": "One-Click", "name": "Zoë & co", "empty": ""}
    assert (await client.post("/form", data=fields)).json() == fields
    parts = await client.post("/form", files={name: (None, value) for name, value in fields.items()})
    assert parts.json() == fields


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "multipart/mixed; boundary=b"])
async def test_what_is_no_form_has_no_fields(client: httpx.AsyncClient, content_type: str) -> None:
    assert (await posted(client, b"a=1", content_type)).json() == {}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"a=%ff", FORM, 422),
        (b"\xff", FORM, 422),
        (b"&".join([b"a=1"] * 11), FORM, 422),
        (b"a=" + b"x" * 4096, FORM, 413),
        (b"", PARTS, 422),
        (b"no part at all", PARTS, 422),
        (b"a=1", "multipart/form-data", 422),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--', PARTS, 422),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 11 + b"--b--", PARTS, 422),
        (b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 80, PARTS, 422),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(
    client: httpx.AsyncClient, body: bytes, content_type: str, status: int
) -> None:
    assert (await posted(client, body, content_type)).status_code == status


async def test_a_part_without_a_name_is_no_field(client: httpx.AsyncClient) -> None:
    body = b"--b\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--"
    assert (await posted(client, body, PARTS)).json() == {"a": "1"}


@pytest.mark.parametrize(
    ("address", "accepted", "language"),
    [
        ("/my/x", "", "nl"),
        ("/my/x", "fr-FR, en-GB;q=0.8, nl;q=0.5", "en"),
        ("/my/nl", "en", "nl"),
        ("/my/nl?lang=en", "nl", "en"),
        ("/my/en?lang=fr", "nl", "en"),
    ],
)
async def test_a_page_speaks_the_language_that_was_chosen_or_the_persons_own_or_the_browsers(
    client: httpx.AsyncClient, address: str, accepted: str, language: str
) -> None:
    assert (await client.get(address, headers={"Accept-Language": accepted})).text == language


async def test_a_failure_is_told_in_a_page_and_its_address_to_nobody(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        answers = [await client.get("/my/broken", headers={"Accept-Language": "en"}), await client.get("/my/nl")]
    assert [(each.status_code, each.text) for each in answers] == [(500, "not now (en)"), (200, "nl")]
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert {line.get("route") for line in lines if line["event"] == "request"} == {"/my/{secret}"}


def test_a_template_of_a_service_comes_with_the_common_look_and_its_own(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text(".own { color: red }")
    (tmp_path / "page.html").write_text('{% extends "layout.html" %}{% block main %}{{ told }}{% endblock %}')
    page = Site(tmp_path).fill("page.html", Language.NL, "here", told="<b>")
    assert ".band {" in page
    assert page.index(".own {") > page.index(".band {")
    assert "&lt;b&gt;" in page
    assert 'href="here?lang=en"' in page
