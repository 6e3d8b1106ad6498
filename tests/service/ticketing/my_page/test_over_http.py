"""The personal page over HTTP: what it answers, and what it never does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from culture_connect.contracts import EveningScheduled
from culture_connect.messaging import Database, UnitOfWork
from tests.service.ticketing.harness import NEXT_YEAR, Harness
from tests.service.ticketing.my_page.pages import ANOTHER, NIGHT, application, secret_of
from tests.unit.ticketing.registration_events import evening_cancelled, withdrawn

UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def http(site: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that follows no redirects."""
    async with httpx.AsyncClient(base_url=site, trust_env=False) as client:
        yield client


async def ticket_of(harness: Harness, name: str, night: EveningScheduled = NIGHT) -> str:
    """The id of somebody's place, as forms have it."""
    return str(await harness.ticket(name, night))


async def test_looking_changes_nothing(open_evening: Harness, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_evening, "anna")
    await http.post(f"/my/{secret}/come")
    before = await open_evening.everything()
    page = await http.get(f"/my/{secret}?said=declined&lang=en")
    assert page.status_code == 200
    for action in ("come", "decline", "pass-on", "take-back", "accept", "refuse", "nonsense"):
        answer = await http.get(f"/my/{secret}/{action}?lang=en&ticket_id={await ticket_of(open_evening, 'anna')}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"../{secret}?lang=en")
    assert await open_evening.everything() == before


async def test_asking_for_the_headers_alone_is_asking_for_the_page(
    open_evening: Harness, http: httpx.AsyncClient
) -> None:
    secret = await secret_of(open_evening, "anna")
    head, page = await http.head(f"/my/{secret}"), await http.get(f"/my/{secret}")
    assert (head.status_code, head.content) == (200, b"")
    changing = {"date", "x-request-id", "traceparent"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in page.headers.items() if k not in changing
    }


async def test_every_answer_keeps_its_address_to_itself(open_evening: Harness, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_evening, "anna")
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


async def test_the_secret_is_in_no_log_line(open_evening: Harness, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_evening, "anna")
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
    open_evening: Harness, http: httpx.AsyncClient, secret: str
) -> None:
    dutch = await http.get(f"/my/{secret}")
    english = await http.get(f"/my/{secret}", headers={"Accept-Language": "fr-FR, en-GB;q=0.8, nl;q=0.5"})
    assert (dutch.status_code, english.status_code) == (404, 404)
    assert "Deze pagina kennen we niet" in dutch.text
    assert "We do not know this page" in english.text


async def test_a_page_acts_on_no_ticket_but_its_own(open_evening: Harness, http: httpx.AsyncClient) -> None:
    await open_evening.apply(ANOTHER)
    anna, bram = await secret_of(open_evening, "anna"), await secret_of(open_evening, "bram")
    annas_other = await secret_of(open_evening, "anna", ANOTHER)
    await http.post(f"/my/{anna}/come")
    await http.post(f"/my/{annas_other}/come")
    own, other = await ticket_of(open_evening, "anna"), await ticket_of(open_evening, "anna", ANOTHER)

    foreign = await http.post(f"/my/{bram}/decline", data={"ticket_id": own})
    assert foreign.status_code == 403
    assert "Dit ticket is van iemand anders." in foreign.text
    for_another_evening = await http.post(f"/my/{anna}/decline", data={"ticket_id": other})
    assert for_another_evening.status_code == 404
    passing = await http.post(f"/my/{bram}/pass-on", data={"ticket_id": own, "email": "cleo@example.com"})
    assert passing.status_code == 403
    assert await open_evening.holders(NIGHT) == {"anna"}
    assert await open_evening.holders(ANOTHER) == {"anna"}
    assert await open_evening.rows("select * from offers") == []


async def test_an_offer_can_be_answered_by_the_one_it_was_made_to_alone(
    open_evening: Harness, http: httpx.AsyncClient
) -> None:
    await open_evening.apply(ANOTHER)
    secrets = {name: await secret_of(open_evening, name) for name in ("anna", "bram", "cleo")}
    await http.post(f"/my/{secrets['anna']}/come")
    ticket = {"ticket_id": await ticket_of(open_evening, "anna"), "email": "bram@example.com"}
    assert (await http.post(f"/my/{secrets['anna']}/pass-on", data=ticket)).status_code == 303
    [row] = await open_evening.rows("select offer_id from offers")
    offered = {"offer_id": str(row.offer_id)}
    for action in ("accept", "refuse", "take-back"):
        assert (await http.post(f"/my/{secrets['cleo']}/{action}", data=offered)).status_code == 403
    assert (await http.post(f"/my/{secrets['bram']}/take-back", data=offered)).status_code == 403
    elsewhere = await secret_of(open_evening, "bram", ANOTHER)
    assert (await http.post(f"/my/{elsewhere}/accept", data=offered)).status_code == 404
    assert await open_evening.holders(NIGHT) == {"anna"}


async def test_a_button_that_is_pressed_twice_does_it_once(open_evening: Harness, http: httpx.AsyncClient) -> None:
    anna, bram = await secret_of(open_evening, "anna"), await secret_of(open_evening, "bram")
    assert [(await http.post(f"/my/{anna}/come")).status_code for _ in range(2)] == [303, 303]
    ticket = {"ticket_id": await ticket_of(open_evening, "anna"), "email": "bram@example.com"}
    await http.post(f"/my/{anna}/pass-on", data=ticket)
    [row] = await open_evening.rows("select offer_id from offers")
    offered = {"offer_id": str(row.offer_id)}
    assert [(await http.post(f"/my/{bram}/accept", data=offered)).status_code for _ in range(2)] == [303, 303]
    ticket = {"ticket_id": await ticket_of(open_evening, "bram")}
    answers = [await http.post(f"/my/{bram}/decline", data=ticket) for _ in range(2)]
    assert [answer.headers.get("location") for answer in answers] == [f"../{bram}?said=declined"] * 2


async def test_people_who_press_at_the_same_moment_share_the_seats_that_there_are(
    open_evening: Harness, http: httpx.AsyncClient
) -> None:
    secrets = [await secret_of(open_evening, name) for name in ("anna", "bram", "cleo")]
    answers = await asyncio.gather(*(http.post(f"/my/{secret}/come") for secret in secrets * 2))
    assert {answer.status_code for answer in answers} == {303}
    assert sorted((await open_evening.states(NIGHT)).values()) == ["issued", "waiting", "waiting"]


async def test_transactions_that_collide_are_run_again(open_evening: Harness, database_url: str, tokens: Path) -> None:
    crowded = Crowded(database_url, schema="ticketing")
    app = application(crowded, open_evening.issuer, tokens)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ticketing") as client:
        await open_evening.ask("anna", NIGHT)
        address = f"/my/{await secret_of(open_evening, 'anna')}/decline"
        form = {"ticket_id": str(await open_evening.ticket("anna", NIGHT))}
        crowded.collisions = 3
        answer = await client.post(address, data=form)
        assert (answer.status_code, await open_evening.states(NIGHT)) == (500, {"anna": "issued"})
        assert "Een ogenblik geduld" in answer.text
        crowded.collisions = 2
        answer = await client.post(address, data=form)
        assert (answer.status_code, await open_evening.states(NIGHT)) == (303, {})
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
    """The error that the driver raises."""

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
    open_evening: Harness, http: httpx.AsyncClient, action: str, form: dict[str, str], field: str
) -> None:
    answer = await http.post(f"/my/{await secret_of(open_evening, 'anna')}/{action}", data=form)
    assert answer.status_code == 422
    assert f"({field})" in answer.text


@pytest.mark.parametrize("address", ["", "bram", "bram@", "a@b.example\r\nBcc: c@d.example", "=?utf-8?q?x?=@b.example"])
async def test_what_is_no_address_is_shown_again_to_be_mended(
    open_evening: Harness, http: httpx.AsyncClient, address: str
) -> None:
    secret = await secret_of(open_evening, "anna")
    await http.post(f"/my/{secret}/come")
    form = {"ticket_id": await ticket_of(open_evening, "anna"), "email": address}
    answer = await http.post(f"/my/{secret}/pass-on", data=form)
    assert answer.status_code == 422
    assert "Vul het e-mailadres van je collega in" in answer.text
    assert 'aria-invalid="true"' in answer.text


async def test_a_page_says_the_same_whoever_is_at_the_address_and_at_last_that_it_is_enough(
    open_evening: Harness, http: httpx.AsyncClient
) -> None:
    secret = await secret_of(open_evening, "anna")
    await http.post(f"/my/{secret}/come")
    form = {"ticket_id": await ticket_of(open_evening, "anna")}
    shown = set()
    for name in ("bram", "nobody", "cleo", "x", "y"):
        answer = await http.post(f"/my/{secret}/pass-on", data={**form, "email": f"{name}@example.com"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"../{secret}?said=offered")
        [offer] = await open_evening.rows("select offer_id from offers where state = 'open'")
        page = await http.get(f"/my/{secret}", params={"said": "offered"})
        shown.add(page.text.replace(str(offer.offer_id), "OFFER"))
    assert len(shown) == 1
    answer = await http.post(f"/my/{secret}/pass-on", data={**form, "email": "dirk@example.com"})
    assert answer.status_code == 429
    assert "Dit ticket is vandaag al vaak genoeg aangeboden." in answer.text


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
    open_evening: Harness, http: httpx.AsyncClient, body: bytes, kind: dict[str, str], status: int
) -> None:
    secret = await secret_of(open_evening, "anna")
    answer = await http.post(f"/my/{secret}/decline", content=body, headers=kind)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


async def test_nothing_can_be_done_once_the_evening_has_begun(open_evening: Harness, http: httpx.AsyncClient) -> None:
    anna, bram = await secret_of(open_evening, "anna"), await secret_of(open_evening, "bram")
    await http.post(f"/my/{anna}/come")
    ticket = {"ticket_id": await ticket_of(open_evening, "anna")}
    open_evening.now = NEXT_YEAR + timedelta(minutes=1)
    late = await http.post(f"/my/{anna}/decline", data=ticket)
    assert late.status_code == 409
    assert "De avond is al begonnen" in late.text
    assert "<form" not in late.text
    assert "<svg" in late.text
    assert (await http.post(f"/my/{bram}/come")).status_code == 409
    assert "De avond is begonnen" in (await http.get(f"/my/{bram}")).text


async def test_a_cancelled_evening_has_no_ticket_any_more(open_evening: Harness, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_evening, "anna")
    await http.post(f"/my/{secret}/come")
    await open_evening.apply(evening_cancelled(NIGHT, 2))
    page = (await http.get(f"/my/{secret}")).text
    assert "Deze avond gaat niet door" in page
    assert "<svg" not in page
    assert (await http.post(f"/my/{secret}/come")).status_code == 409


async def test_whoever_was_withdrawn_reads_why(open_evening: Harness, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_evening, "anna")
    await http.post(f"/my/{secret}/come")
    await open_evening.apply(withdrawn("anna", 2))
    page = (await http.get(f"/my/{secret}")).text
    assert "Je doet op deze dag niet mee" in page
    assert "De deelname aan Culture Connect eindigt voordat deze avond plaatsvindt." in page
    refused = await http.post(f"/my/{secret}/come")
    assert refused.status_code == 409


async def test_whoever_was_let_in_is_welcomed(open_evening: Harness, http: httpx.AsyncClient) -> None:
    secret = await secret_of(open_evening, "anna")
    await http.post(f"/my/{secret}/come")
    ticket = {"ticket_id": await ticket_of(open_evening, "anna")}
    await open_evening.scan(await open_evening.code("anna", NIGHT), NIGHT, scan_id="1", minutes=-10)
    assert "Welkom!" in (await http.get(f"/my/{secret}")).text
    again = await http.post(f"/my/{secret}/decline", data=ticket)
    assert again.status_code == 409
    assert "Met dit ticket is al iemand binnen." in again.text


async def test_while_the_database_is_away_the_page_asks_for_patience(harness: Harness, tokens: Path) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing", schema="ticketing")
    app = application(nowhere, harness.issuer, tokens)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://ticketing") as client:
        with capture_logs() as lines:
            for answer in (await client.get(f"/my/{UNKNOWN}"), await client.post(f"/my/{UNKNOWN}/come")):
                assert answer.status_code == 503
                assert "Een ogenblik geduld" in answer.text
                assert answer.headers["referrer-policy"] == "no-referrer"
    assert UNKNOWN not in str(lines)
    await nowhere.close()
