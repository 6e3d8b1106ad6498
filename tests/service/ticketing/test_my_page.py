"""The personal page over HTTP, and in a real browser on a phone without scripts."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Literal
from uuid import uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import BrowserContext, Locator, Page, expect
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from culture_connect.contracts import Admission, EveningScheduled
from culture_connect.http import Tokens, create_app
from culture_connect.messaging import Database, UnitOfWork
from tests.service.ticketing.house import NEXT_YEAR, House
from tests.support.browser import chromium, phone
from tests.support.probes import eventually
from tests.unit.http.kit import IdleBus
from tests.unit.ticketing.news import enrolled, evening, evening_cancelled, partner, person, withdrawn
from ticketing.http import my, routes
from ticketing.issuer import Issuer

# Without the time that installing the browser may take.
pytestmark = pytest.mark.timeout(60, func_only=True)

NIGHT = evening(NEXT_YEAR, capacity=1, admission=Admission.ON_REQUEST)
ANOTHER = evening(NEXT_YEAR + timedelta(days=30), title="Dag", admission=Admission.ON_REQUEST)
UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def application(database: Database, issuer: Issuer, tokens: Path) -> FastAPI:
    """The personal pages over this database."""
    app = create_app(
        name="ticketing",
        title="ticketing",
        description="",
        service=IdleBus(database),
        tokens=Tokens(tokens),
        routers=[my.router],
    )
    routes.equip(app, issuer)
    return app


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The application behind a port on the loopback address."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, access_log=False, server_header=False))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await eventually(lambda: server.started, True, "the server's start", timeout=20)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@pytest.fixture(scope="module", autouse=True)
def _browser_is_there() -> None:
    """Installing it, where that is needed, takes longer than a test may."""
    chromium()


@pytest.fixture
async def site(house: House, tokens: Path) -> AsyncIterator[str]:
    """The pages of the house, at this address."""
    async with listening(application(house.database, house.issuer, tokens)) as url:
        yield url


@pytest.fixture
async def http(site: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that follows no redirects."""
    async with httpx.AsyncClient(base_url=site, trust_env=False) as client:
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[BrowserContext]:
    """A phone."""
    async with phone() as context:
        yield context


@pytest.fixture
async def open_house(house: House) -> House:
    """An evening of one seat that anna, bram and cleo are invited to."""
    await house.hear(partner(), *map(enrolled, ("anna", "bram", "cleo")), NIGHT)
    return house


async def secret_of(house: House, name: str, night: EveningScheduled = NIGHT) -> str:
    """The secret of the last link that was told to somebody for that evening."""
    links = [
        told.data["link"]
        for told in await house.told("core")
        if told.data.get("participant_id") == str(person(name))
        and told.data.get("evening_id") == str(night.evening_id)
        and told.data.get("link")
    ]
    return str(links[-1]).rpartition("/")[2]


async def visit(browser: BrowserContext, site: str, house: House, name: str) -> Page:
    """Somebody opens the last link they got."""
    page = await browser.new_page()
    await page.goto(f"{site}/my/{await secret_of(house, name)}")
    return page


async def ticket_of(house: House, name: str, night: EveningScheduled = NIGHT) -> str:
    """The id of somebody's place."""
    [row] = await house.rows(
        "select ticket_id from tickets where evening_id = :evening and participant_id = :person"
        " and state <> 'cancelled'",
        evening=night.evening_id,
        person=person(name),
    )
    return str(row.ticket_id)


def standing(page: Page) -> Locator:
    """How the page says that somebody stands with the evening."""
    return page.locator("#standing")


async def press(page: Page, name: str, role: Literal["button", "link"] = "button") -> None:
    """Taps a button or a link, and waits for the page that comes of it."""
    async with page.expect_navigation():
        await page.get_by_role(role, name=name).tap()


# In the browser


async def test_somebody_comes_and_after_a_change_of_plans_the_next_one_does(
    open_house: House, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_house, "anna")
    await expect(standing(anna)).to_have_text("Kom je ook?")
    await press(anna, "Ik wil graag komen")
    await expect(standing(anna)).to_have_text("Je bent erbij")
    await expect(anna.locator(".notice")).to_have_text("Leuk dat je wilt komen!")

    bram = await visit(browser, site, open_house, "bram")
    await press(bram, "Ik wil graag komen")
    await expect(standing(bram)).to_have_text("Je staat op de wachtlijst")
    await expect(bram.locator(".position")).to_have_text("1")
    await expect(bram.get_by_text("Alle plaatsen waren bezet (1 van 1).")).to_be_visible()

    confirm = anna.get_by_role("button", name="Ja, geef mijn plaats terug")
    await expect(confirm).to_be_hidden()
    await anna.get_by_text("Ik kan niet komen").tap()
    await press(anna, "Ja, geef mijn plaats terug")
    await expect(standing(anna)).to_have_text("Je komt deze keer niet")
    await bram.reload()
    await expect(standing(bram)).to_have_text("Je bent erbij")
    assert await open_house.holders(NIGHT) == {"bram"}

    await press(anna, "Ik wil toch komen")
    await expect(standing(anna)).to_have_text("Je staat op de wachtlijst")
    await anna.get_by_text("Ik hoef niet meer te wachten").tap()
    await press(anna, "Ja, haal me van de wachtlijst")
    await expect(standing(anna)).to_have_text("Je komt deze keer niet")
    assert await open_house.states(NIGHT) == {"bram": "issued"}


async def test_a_ticket_goes_to_a_colleague_who_says_yes(open_house: House, site: str, browser: BrowserContext) -> None:
    anna = await visit(browser, site, open_house, "anna")
    await press(anna, "Ik wil graag komen")
    old_code = await open_house.code("anna", NIGHT)
    await offer(anna, "bram@example.com")
    await expect(anna.locator(".notice")).to_contain_text("Je aanbod is gedaan")
    await expect(standing(anna)).to_have_text("Je bent erbij")

    bram = await visit(browser, site, open_house, "bram")
    await expect(bram.get_by_text("Anna de Vries wil je het ticket")).to_be_visible()
    await press(bram, "Ja, graag")
    await expect(standing(bram)).to_have_text("Je bent erbij")
    await expect(bram.get_by_text("Bram de Vries")).to_be_visible()
    await anna.reload()
    await expect(standing(anna)).to_have_text("Je ticket is doorgegeven")
    scan = await open_house.scan(old_code, NIGHT, scan_id="late")
    assert scan.refusal == "passed-on"


async def test_a_colleague_may_say_no_and_a_holder_may_think_again(
    open_house: House, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_house, "anna")
    await press(anna, "Ik wil graag komen")
    await offer(anna, "bram@example.com")
    bram = await visit(browser, site, open_house, "bram")
    await bram.get_by_text("Nee, dank je").tap()
    await press(bram, "Wijs het aanbod af")
    await expect(bram.locator(".notice")).to_have_text("Je hebt het aanbod afgewezen.")
    await expect(bram.locator("#offer")).to_have_count(0)

    await anna.reload()
    await offer(anna, "cleo@example.com")
    await press(anna, "Trek het aanbod in")
    await expect(anna.locator(".notice")).to_contain_text("Je aanbod is ingetrokken")
    cleo = await visit(browser, site, open_house, "cleo")
    await expect(standing(cleo)).to_have_text("Kom je ook?")
    await expect(cleo.locator("#offer")).to_have_count(0)
    assert await open_house.holders(NIGHT) == {"anna"}


async def test_an_address_that_is_nobodys_can_be_mended(open_house: House, site: str, browser: BrowserContext) -> None:
    anna = await visit(browser, site, open_house, "anna")
    await press(anna, "Ik wil graag komen")
    await offer(anna, "bam@example.com")
    await expect(anna.get_by_role("alert")).to_contain_text("vinden we geen deelnemer")
    field = anna.get_by_label("E-mailadres van je collega")
    await expect(field).to_have_value("bam@example.com")
    await expect(field).to_have_accessible_description(re.compile("vinden we geen deelnemer"))
    await field.fill("bram@example.com")
    await press(anna, "Bied mijn ticket aan")
    await expect(anna.locator(".notice")).to_contain_text("Je aanbod is gedaan")


async def test_the_page_stays_in_the_language_that_was_chosen(
    open_house: House, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_house, "anna")
    await press(anna, "English", "link")
    await press(anna, "I would like to come")
    await expect(standing(anna)).to_have_text("You’re in")
    await offer(anna, "bam@example.com", opens="Pass on to a colleague", sends="Offer my ticket")
    await expect(anna.get_by_role("alert")).to_contain_text("We find no participant")
    await press(anna, "Nederlands", "link")
    await expect(standing(anna)).to_have_text("Je bent erbij")
    await expect(anna.locator("html")).to_have_attribute("lang", "nl")


async def test_the_ticket_is_large_enough_to_be_scanned_and_fits_the_phone(
    open_house: House, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_house, "anna")
    await press(anna, "Ik wil graag komen")
    for colours in ("light", "dark"):
        await anna.emulate_media(color_scheme="dark" if colours == "dark" else "light")
        box = await anna.locator(".qr").bounding_box()
        assert box is not None
        assert box["width"] >= 240
        assert box["x"] + box["width"] <= 390
        tile = await anna.locator(".code").evaluate("each => getComputedStyle(each).backgroundColor")
        assert tile == "rgb(255, 255, 255)"
    assert await anna.evaluate("document.documentElement.scrollWidth") == 390


async def test_the_browser_asks_for_the_page_alone_and_finds_nothing_against_the_policy(
    open_house: House, site: str, browser: BrowserContext
) -> None:
    asked: list[tuple[str, str | None]] = []
    complaints: list[str] = []
    browser.on("request", lambda request: asked.append((request.url, request.headers.get("referer"))))
    browser.on("console", lambda message: complaints.append(message.text))
    anna = await visit(browser, site, open_house, "anna")
    await press(anna, "Ik wil graag komen")
    await expect(standing(anna)).to_have_text("Je bent erbij")
    colour = await anna.locator("body").evaluate("each => getComputedStyle(each).backgroundColor")
    assert colour == "rgb(244, 239, 231)", "the page's own style was not let through"
    assert {url.partition("?")[0].removesuffix("/come").rpartition("/")[0] for url, _ in asked} == {f"{site}/my"}
    assert [referer for _, referer in asked if referer] == []
    assert complaints == []


async def offer(
    page: Page, address: str, *, opens: str = "Doorgeven aan een collega", sends: str = "Bied mijn ticket aan"
) -> None:
    """Offers the ticket to whoever has this address."""
    await page.get_by_text(opens, exact=True).tap()
    await page.locator("#email").fill(address)
    await press(page, sends)


# Over HTTP


async def test_looking_changes_nothing(open_house: House, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_house, "anna")
    await http.post(f"/my/{secret}/come")
    before = await everything(open_house)
    page = await http.get(f"/my/{secret}?said=declined&lang=en")
    assert page.status_code == 200
    for action in ("come", "decline", "pass-on", "take-back", "accept", "refuse", "nonsense"):
        answer = await http.get(f"/my/{secret}/{action}?lang=en&ticket_id={await ticket_of(open_house, 'anna')}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"../{secret}?lang=en")
    assert await everything(open_house) == before


async def everything(house: House) -> list[str]:
    """All that a visit could change."""
    tables = ("tickets", "wishes", "offers", "decisions", "outbox", "pages", "evenings")
    return [str(await house.rows(f"select * from {table} order by 1, 2")) for table in tables]  # noqa: S608


async def test_asking_for_the_headers_alone_is_asking_for_the_page(open_house: House, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_house, "anna")
    head, page = await http.head(f"/my/{secret}"), await http.get(f"/my/{secret}")
    assert (head.status_code, head.content) == (200, b"")
    changing = {"date", "x-request-id", "traceparent"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in page.headers.items() if k not in changing
    }


async def test_every_answer_keeps_its_address_to_itself(open_house: House, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_house, "anna")
    answers = [
        await http.get(f"/my/{secret}"),
        await http.head(f"/my/{secret}"),
        await http.get(f"/my/{UNKNOWN}"),
        await http.get(f"/my/{secret}/decline"),
        await http.post(f"/my/{secret}/come"),
        await http.post(f"/my/{secret}/decline"),
        await http.post(f"/my/{secret}/nonsense"),
        await http.post(f"/my/{secret}/decline", data={"ticket_id": str(uuid4())}),
        await http.post(f"/my/{secret}/pass-on", content=b"x" * 5000, headers=FORM),
        await http.post(f"/my/{UNKNOWN}/come"),
    ]
    assert [each.status_code for each in answers] == [200, 200, 404, 303, 303, 422, 404, 404, 413, 404]
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy


async def test_the_secret_is_in_no_log_line(open_house: House, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_house, "anna")
    with capture_logs() as lines:
        await http.get(f"/my/{secret}")
        await http.post(f"/my/{secret}/come")
        await http.post(f"/my/{secret}/pass-on", data={"email": "secret.address@example.com"})
        await http.get(f"/my/{UNKNOWN}")
    assert len(lines) >= 4
    assert secret not in str(lines)
    assert UNKNOWN not in str(lines)
    assert "secret.address" not in str(lines)
    assert {line.get("route") for line in lines} == {"/my/{secret}", "/my/{secret}/{action}"}


@pytest.mark.parametrize("secret", [UNKNOWN, "short", "a" * 300, "é" * 22, "%00" * 22])
async def test_a_secret_that_opens_nothing_is_told_so_in_the_browsers_language(
    open_house: House, http: httpx.AsyncClient, secret: str
) -> None:
    dutch = await http.get(f"/my/{secret}")
    english = await http.get(f"/my/{secret}", headers={"Accept-Language": "fr-FR, en-GB;q=0.8, nl;q=0.5"})
    assert (dutch.status_code, english.status_code) == (404, 404)
    assert "Deze pagina kennen we niet" in dutch.text
    assert "We do not know this page" in english.text


async def test_a_page_acts_on_no_ticket_but_its_own(open_house: House, http: httpx.AsyncClient) -> None:
    await open_house.hear(ANOTHER)
    anna, bram = await secret_of(open_house, "anna"), await secret_of(open_house, "bram")
    annas_other = await secret_of(open_house, "anna", ANOTHER)
    await http.post(f"/my/{anna}/come")
    await http.post(f"/my/{annas_other}/come")
    own, other = await ticket_of(open_house, "anna"), await ticket_of(open_house, "anna", ANOTHER)

    foreign = await http.post(f"/my/{bram}/decline", data={"ticket_id": own})
    assert foreign.status_code == 403
    assert "Dit ticket is van iemand anders." in foreign.text
    for_another_evening = await http.post(f"/my/{anna}/decline", data={"ticket_id": other})
    assert for_another_evening.status_code == 404
    passing = await http.post(f"/my/{bram}/pass-on", data={"ticket_id": own, "email": "cleo@example.com"})
    assert passing.status_code == 403
    assert await open_house.holders(NIGHT) == {"anna"}
    assert await open_house.holders(ANOTHER) == {"anna"}
    assert await open_house.rows("select * from offers") == []


async def test_an_offer_can_be_answered_by_the_one_it_was_made_to_alone(
    open_house: House, http: httpx.AsyncClient
) -> None:
    await open_house.hear(ANOTHER)
    secrets = {name: await secret_of(open_house, name) for name in ("anna", "bram", "cleo")}
    await http.post(f"/my/{secrets['anna']}/come")
    ticket = {"ticket_id": await ticket_of(open_house, "anna"), "email": "bram@example.com"}
    assert (await http.post(f"/my/{secrets['anna']}/pass-on", data=ticket)).status_code == 303
    [row] = await open_house.rows("select offer_id from offers")
    offered = {"offer_id": str(row.offer_id)}
    for action in ("accept", "refuse", "take-back"):
        assert (await http.post(f"/my/{secrets['cleo']}/{action}", data=offered)).status_code == 403
    assert (await http.post(f"/my/{secrets['bram']}/take-back", data=offered)).status_code == 403
    elsewhere = await secret_of(open_house, "bram", ANOTHER)
    assert (await http.post(f"/my/{elsewhere}/accept", data=offered)).status_code == 404
    assert await open_house.holders(NIGHT) == {"anna"}


async def test_a_button_that_is_pressed_twice_does_it_once(open_house: House, http: httpx.AsyncClient) -> None:
    anna, bram = await secret_of(open_house, "anna"), await secret_of(open_house, "bram")
    assert [(await http.post(f"/my/{anna}/come")).status_code for _ in range(2)] == [303, 303]
    ticket = {"ticket_id": await ticket_of(open_house, "anna"), "email": "bram@example.com"}
    await http.post(f"/my/{anna}/pass-on", data=ticket)
    [row] = await open_house.rows("select offer_id from offers")
    offered = {"offer_id": str(row.offer_id)}
    assert [(await http.post(f"/my/{bram}/accept", data=offered)).status_code for _ in range(2)] == [303, 303]
    ticket = {"ticket_id": await ticket_of(open_house, "bram")}
    answers = [await http.post(f"/my/{bram}/decline", data=ticket) for _ in range(2)]
    assert [answer.headers.get("location") for answer in answers] == [f"../{bram}?said=declined"] * 2


async def test_people_who_press_at_the_same_moment_share_the_seats_that_there_are(
    open_house: House, http: httpx.AsyncClient
) -> None:
    secrets = [await secret_of(open_house, name) for name in ("anna", "bram", "cleo")]
    answers = await asyncio.gather(*(http.post(f"/my/{secret}/come") for secret in secrets * 2))
    assert {answer.status_code for answer in answers} == {303}
    assert sorted((await open_house.states(NIGHT)).values()) == ["issued", "waiting", "waiting"]


async def test_transactions_that_collide_are_run_again(open_house: House, database_url: str, tokens: Path) -> None:
    crowded = Crowded(database_url, schema="ticketing")
    app = application(crowded, open_house.issuer, tokens)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ticketing") as client:
        await open_house.ask("anna", NIGHT)
        address = f"/my/{await secret_of(open_house, 'anna')}/decline"
        form = {"ticket_id": str(await open_house.ticket("anna", NIGHT))}
        crowded.collisions = 3
        answer = await client.post(address, data=form)
        assert (answer.status_code, await open_house.states(NIGHT)) == (500, {"anna": "issued"})
        assert "Een ogenblik geduld" in answer.text
        crowded.collisions = 2
        answer = await client.post(address, data=form)
        assert (answer.status_code, await open_house.states(NIGHT)) == (303, {})
    await crowded.close()


class Crowded(Database):
    """A database where another transaction is in the way, so many times."""

    collisions = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """One transaction, rolled back at its end while there are collisions to come."""
        async with super().begin() as work:
            yield work
            if self.collisions:
                self.collisions -= 1
                raise DBAPIError("update", None, SerializationError())


class SerializationError(Exception):
    """What the driver raises."""

    sqlstate = "40001"


@pytest.mark.parametrize(
    ("action", "form", "field"),
    [
        ("decline", {}, "ticket_id"),
        ("decline", {"ticket_id": "1"}, "ticket_id"),
        ("take-back", {}, "offer_id"),
        ("accept", {"offer_id": ""}, "offer_id"),
        ("refuse", {"offer_id": "x" * 400}, "offer_id"),
    ],
)
async def test_a_form_that_lacks_something_is_told_what(
    open_house: House, http: httpx.AsyncClient, action: str, form: dict[str, str], field: str
) -> None:
    answer = await http.post(f"/my/{await secret_of(open_house, 'anna')}/{action}", data=form)
    assert answer.status_code == 422
    assert f"({field})" in answer.text


@pytest.mark.parametrize("address", ["", "bram", "bram@", "a@b.example\r\nBcc: c@d.example", "=?utf-8?q?x?=@b.example"])
async def test_what_is_no_address_is_shown_again_to_be_mended(
    open_house: House, http: httpx.AsyncClient, address: str
) -> None:
    secret = await secret_of(open_house, "anna")
    await http.post(f"/my/{secret}/come")
    form = {"ticket_id": await ticket_of(open_house, "anna"), "email": address}
    answer = await http.post(f"/my/{secret}/pass-on", data=form)
    assert answer.status_code == 422
    assert "Vul het e-mailadres van je collega in" in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"ticket_id=%ff", FORM, 422),
        (b"\xff\xfe", FORM, 422),
        (b"&".join([b"a=1"] * 11), FORM, 422),
        (b'{"ticket_id": "x"}', {"Content-Type": "application/json"}, 422),
        (b"email=" + b"a" * 4096, FORM, 413),
    ],
)
async def test_a_body_that_no_form_of_ours_sends_is_refused(
    open_house: House, http: httpx.AsyncClient, body: bytes, kind: dict[str, str], status: int
) -> None:
    secret = await secret_of(open_house, "anna")
    answer = await http.post(f"/my/{secret}/decline", content=body, headers=kind)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


async def test_nothing_can_be_done_once_the_evening_has_begun(open_house: House, http: httpx.AsyncClient) -> None:
    anna, bram = await secret_of(open_house, "anna"), await secret_of(open_house, "bram")
    await http.post(f"/my/{anna}/come")
    ticket = {"ticket_id": await ticket_of(open_house, "anna")}
    open_house.now = NEXT_YEAR + timedelta(minutes=1)
    late = await http.post(f"/my/{anna}/decline", data=ticket)
    assert late.status_code == 409
    assert "De avond is al begonnen" in late.text
    assert "<form" not in late.text
    assert "<svg" in late.text
    assert (await http.post(f"/my/{bram}/come")).status_code == 409
    assert "De avond is begonnen" in (await http.get(f"/my/{bram}")).text


async def test_a_cancelled_evening_has_no_ticket_any_more(open_house: House, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_house, "anna")
    await http.post(f"/my/{secret}/come")
    await open_house.hear(evening_cancelled(NIGHT, 2))
    page = (await http.get(f"/my/{secret}")).text
    assert "Deze avond gaat niet door" in page
    assert "<svg" not in page
    assert (await http.post(f"/my/{secret}/come")).status_code == 409


async def test_whoever_was_withdrawn_reads_why(open_house: House, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_house, "anna")
    await http.post(f"/my/{secret}/come")
    await open_house.hear(withdrawn("anna", 2))
    page = (await http.get(f"/my/{secret}")).text
    assert "Je doet op deze dag niet mee" in page
    assert "De deelname aan Culture Connect eindigt voordat deze avond plaatsvindt." in page
    refused = await http.post(f"/my/{secret}/come")
    assert refused.status_code == 409


async def test_whoever_was_let_in_is_welcomed(open_house: House, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_house, "anna")
    await http.post(f"/my/{secret}/come")
    ticket = {"ticket_id": await ticket_of(open_house, "anna")}
    await open_house.scan(await open_house.code("anna", NIGHT), NIGHT, scan_id="1", minutes=-10)
    assert "Welkom!" in (await http.get(f"/my/{secret}")).text
    again = await http.post(f"/my/{secret}/decline", data=ticket)
    assert again.status_code == 409
    assert "Met dit ticket is al iemand binnen." in again.text


async def test_while_the_database_is_away_the_page_asks_for_patience(house: House, tokens: Path) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing", schema="ticketing")
    app = application(nowhere, house.issuer, tokens)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ticketing") as client:
        with capture_logs() as lines:
            for answer in (await client.get(f"/my/{UNKNOWN}"), await client.post(f"/my/{UNKNOWN}/come")):
                assert answer.status_code == 503
                assert "Een ogenblik geduld" in answer.text
                assert answer.headers["referrer-policy"] == "no-referrer"
    assert UNKNOWN not in str(lines)
    await nowhere.close()
