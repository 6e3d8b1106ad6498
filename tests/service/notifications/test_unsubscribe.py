"""One click switches off what one can do without, and nothing else; another switches it on again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import BrowserContext, Route, expect
from structlog.testing import capture_logs

from culture_connect.contracts import CancellationReason, EveningChanged, Language, ParticipantErased, local_day
from notifications.domain.catalogue import Kind
from notifications.domain.schedule import reminders
from tests.service.notifications.harness import Harness, evening, evening_in, gone, issued, known, on_day
from tests.service.notifications.test_digest import CONTACT, during, partner, until
from tests.support.browser import chromium, phone
from tests.support.probes import eventually
from tests.unit.notifications.builders import part_of

# Without the time that installing the browser may take.
pytestmark = pytest.mark.timeout(60, func_only=True)

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
OFF, ON = {"wanted": "off"}, {"wanted": "on"}
UNSUBSCRIBED = ("suppressed", "unsubscribed")
UNKNOWN = "0b6f5a3e-7c1d-4a52-9d1f-3a5f0c1e2b4d"


@pytest.fixture(scope="module", autouse=True)
def _browser_is_there() -> None:
    """Installing it, where that is needed, takes longer than a test may."""
    chromium()


@pytest.fixture
async def browser(harness: Harness) -> AsyncIterator[BrowserContext]:
    """A phone for which the pages of the house are the internet."""

    async def serve(route: Route) -> None:
        request = route.request
        answer = await harness.api.request(
            request.method, request.url, content=request.post_data_buffer, headers=request.headers
        )
        await route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    async with phone() as context:
        await context.route("**/*", serve)
        yield context


async def address_of(harness: Harness, participant: UUID) -> str:
    """Returns the path on which somebody switches reminders off."""
    [(secret,)] = await harness.rows("select unsubscribe from contacts where participant_id = $1", participant)
    return f"/unsubscribe/{secret}"


async def reminded(harness: Harness, **changes: Any) -> tuple[UUID, str]:
    """Somebody who has a ticket and is going to be reminded, and their address here."""
    participant = uuid4()
    await harness.tell(evening(), known(participant, **changes), issued(participant))
    await harness.until_state(participant, "reminder-day", "planned")
    await harness.until_state(participant, "ticket-issued", "sent")
    return participant, await address_of(harness, participant)


async def reminders_of(harness: Harness, participant: UUID) -> set[tuple[str, str | None]]:
    """States and reasons of somebody's reminders."""
    return {state for kind, state in (await harness.states(participant)).items() if kind.startswith("reminder")}


async def preferences(harness: Harness) -> list[Any]:
    """All that can change here."""
    kept = [
        await harness.rows("select participant_id, reminders_off_at from contacts order by 1"),
        await harness.rows("select slug, digest_off_at from partners order by 1"),
        await harness.rows("select letter_id, state, reason, wanted_at, due_at, ended_at from letters order by 1"),
    ]
    return [tuple(row) for rows in kept for row in rows]


async def test_a_click_in_the_mail_program_ends_reminders_and_tickets_still_come(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening_in(5), known(participant), issued(participant))
    await harness.until_state(participant, "reminder-week", "sent")
    await harness.until_mailed(2)
    mails = [each.mail for each in harness.mail_server.received]
    [reminder] = [each for each in mails if each["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"]
    link = str(reminder["List-Unsubscribe"]).strip("<>")
    assert link in part_of(reminder, "text/plain").get_content()

    # In either form that RFC 8058 (3.1) lets a mail program send.
    in_parts = {name: (None, value) for name, value in ONE_CLICK.items()}
    answers = [await harness.api.post(link, files=in_parts), await harness.api.post(link, data=ONE_CLICK)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "Je krijgt geen herinneringen" in answers[0].text
    states = await harness.states(participant)
    assert states["reminder-day"] == UNSUBSCRIBED
    assert (states["reminder-week"], states["ticket-issued"]) == (("sent", None), ("sent", None))

    other = uuid4()
    await harness.tell(evening_in(6, evening_id=str(other)), issued(participant, ticket=uuid4(), evening_id=other))
    await harness.until_mailed(3)
    await eventually(lambda: unsent(harness, other), UNSUBSCRIBED, "the reminder of another evening", timeout=20)


async def unsent(harness: Harness, evening_id: UUID) -> tuple[str, str | None]:
    """State and reason of the reminder a week before that evening."""
    [letter] = await harness.letters(evening_id=evening_id, kind="reminder-week")
    return letter["state"], letter["reason"]


async def test_who_looks_or_posts_something_else_changes_nothing(harness: Harness) -> None:
    _, address = await reminded(harness)
    before = await preferences(harness)
    page = await harness.api.get(address)
    head = await harness.api.head(address)
    assert (page.status_code, head.status_code, head.content) == (200, 200, b"")
    assert "Je krijgt onze herinneringen" in page.text
    assert "You receive our reminders" in (await harness.api.get(f"{address}?lang=en&wanted=off")).text
    for body in ({}, {"List-Unsubscribe": "Yes"}, {"wanted": "OFF"}, {"wanted": ""}):
        answer = await harness.api.post(address, data=body)
        assert (answer.status_code, "hebben niets veranderd" in answer.text) == (422, True)
    assert (await harness.api.post(address, content=b"wanted=off" + b"&" * 5000)).status_code == 413
    assert (await harness.api.post(f"{address}?wanted=off")).status_code == 422
    assert (await harness.api.put(address, data=OFF)).status_code == 405
    assert await preferences(harness) == before


async def test_switched_on_again_what_is_still_to_come_comes_as_things_are_now(harness: Harness) -> None:
    participant, address = await reminded(harness)
    await harness.api.post(address, data=OFF)
    assert await reminders_of(harness, participant) == {UNSUBSCRIBED}
    # Meanwhile the evening moves to the day after tomorrow, and the seat is given back and had again.
    day = local_day(datetime.now(UTC)) + timedelta(days=2)
    await harness.tell(EveningChanged.model_validate(on_day(day, version=2, changed=["starts_at"])))
    await harness.tell(gone(participant, CancellationReason.DECLINED))
    ticket = uuid4()
    await harness.tell(issued(participant, ticket=ticket), known(participant, version=2, email="zoe@elsewhere.example"))
    await until(harness, "select count(*) from tickets where standing = 'issued'", 1)
    await until(harness, "select count(*) from contacts where email = 'zoe@elsewhere.example'", 1)

    # The link that the old address has opens nothing any more.
    assert (await harness.api.post(address, data=ON)).status_code == 404
    address = await address_of(harness, participant)
    assert "Je krijgt onze herinneringen" in (await harness.api.post(address, data=ON)).text
    states = await harness.states(participant)
    assert (states["reminder-week"], states["reminder-day"]) == (UNSUBSCRIBED, ("planned", None))
    [row] = await harness.rows("select * from letters where kind = 'reminder-day'")
    [(starts_at,)] = await harness.rows("select starts_at from evenings")
    assert row["wanted_at"] == row["due_at"] == reminders(starts_at)[Kind.REMINDER_DAY]
    assert (row["ticket_id"], row["domain"], row["ended_at"]) == (ticket, "elsewhere.example", None)

    # Once more changes nothing, and off is off.
    before = await preferences(harness)
    await harness.api.post(address, data=ON)
    assert await preferences(harness) == before
    await harness.api.post(address, data=OFF)
    assert await reminders_of(harness, participant) == {UNSUBSCRIBED}


async def test_reminders_of_an_evening_that_nobody_told_yet_come_back_too(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(known(participant), issued(participant))
    await harness.until_state(participant, "reminder-day", "planned")
    address = await address_of(harness, participant)
    await harness.api.post(address, data=OFF)
    assert await reminders_of(harness, participant) == {UNSUBSCRIBED}
    assert (await harness.states(participant))["ticket-issued"] == ("planned", None)
    await harness.api.post(address, data=ON)
    await harness.tell(evening())

    async def timed() -> bool:
        rows = await harness.rows("select due_at from letters where kind = 'reminder-day' and state = 'planned'")
        return [row["due_at"] for row in rows] == [reminders(evening().starts_at)[Kind.REMINDER_DAY]]

    await eventually(timed, True, "the reminder at its moment", timeout=20)


async def test_the_contact_of_a_partner_switches_the_weekly_overview(harness: Harness) -> None:
    participant, _ = await reminded(harness)
    await harness.mail_server.stop()
    await harness.tell(partner(language=Language.EN))
    await harness.tell(known(participant, version=2), at=during())
    await until(harness, "select count(*) from partners", 1)
    await harness.maintain()
    [(secret,)] = await harness.rows("select unsubscribe from partners")
    address = f"/unsubscribe/{secret}"
    assert "You receive the weekly overview" in (await harness.api.get(address)).text
    assert "You do not receive the weekly overview" in (await harness.api.post(address, data=ONE_CLICK)).text
    assert [letter["state"] for letter in await harness.letters(kind="digest", partner="acme")] == ["suppressed"]
    assert await harness.letters(partner="other") == []
    assert await reminders_of(harness, participant) == {("planned", None)}
    await harness.mail_server.start()
    assert "You receive the weekly overview" in (await harness.api.post(address, data=ON)).text
    assert CONTACT not in harness.mail_server.recipients


async def test_every_answer_keeps_the_secret_and_leads_nowhere(harness: Harness) -> None:
    participant, address = await reminded(harness)
    with capture_logs() as lines:
        answers = [
            await harness.api.get(address),
            await harness.api.post(address, data=ONE_CLICK),
            await harness.api.post(address, data={}),
            await harness.api.get(f"/unsubscribe/{UNKNOWN}"),
            await harness.api.post(f"/unsubscribe/{UNKNOWN}", data=ONE_CLICK),
            await harness.api.get("/unsubscribe/%00é"),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 422, 404, 404, 404]
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert "//" not in answer.text
    for unknown in answers[3:]:
        assert "Deze link kennen we niet" in unknown.text
        assert "We do not know this link" in unknown.text
    assert {line["route"] for line in lines if line["event"] == "request"} == {"/unsubscribe/{secret}"}
    assert address.removeprefix("/unsubscribe/") not in str(lines)
    assert UNKNOWN not in str(lines)

    await harness.tell(ParticipantErased(participant_id=participant, version=9))
    await eventually(lambda: len(harness.told("erasure.completed")), 1, "erasures completed", timeout=20)
    assert (await harness.api.get(address)).status_code == 404


async def test_somebody_switches_reminders_off_and_on_with_a_thumb(harness: Harness, browser: BrowserContext) -> None:
    participant, address = await reminded(harness, language=Language.EN)
    page = await browser.new_page()
    await page.goto(f"http://notifications{address}")
    await expect(page.locator("#standing")).to_have_text("You receive our reminders")
    await page.get_by_role("button", name="No more reminders").tap()
    await expect(page.locator("#standing")).to_have_text("You receive no reminders")
    await expect(page.get_by_role("status")).to_have_text("Your choice is noted.")
    assert await reminders_of(harness, participant) == {UNSUBSCRIBED}
    await page.get_by_role("link", name="Nederlands").tap()
    await page.get_by_role("button", name="Stuur me weer herinneringen").tap()
    await expect(page.locator("#standing")).to_have_text("Je krijgt onze herinneringen")
    assert await reminders_of(harness, participant) == {("planned", None)}
