"""The personal page in a real browser, on a phone without scripts."""

import re
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.service.ticketing.harness import Harness
from tests.service.ticketing.my_page.pages import NIGHT, secret_of
from tests.support.browser import chromium, phone

# Without the time that installing the browser may take.
pytestmark = pytest.mark.timeout(60, func_only=True)


@pytest.fixture(scope="module", autouse=True)
def _browser_is_there() -> None:
    """Installing it, where that is needed, takes longer than a test may."""
    chromium()


@pytest.fixture
async def browser() -> AsyncIterator[BrowserContext]:
    """A phone."""
    async with phone() as context:
        yield context


async def visit(browser: BrowserContext, site: str, harness: Harness, name: str) -> Page:
    """Somebody opens the last link they got."""
    page = await browser.new_page()
    await page.goto(f"{site}/my/{await secret_of(harness, name)}")
    return page


def standing(page: Page) -> Locator:
    """Returns the state that the page shows."""
    return page.locator("#standing")


async def press(page: Page, name: str, role: Literal["button", "link"] = "button") -> None:
    """Taps a button or a link, and waits for the page that comes of it."""
    async with page.expect_navigation():
        await page.get_by_role(role, name=name).tap()


async def test_somebody_comes_and_after_a_change_of_plans_the_next_one_does(
    open_evening: Harness, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_evening, "anna")
    await expect(standing(anna)).to_have_text("Kom je ook?")
    await press(anna, "Ik wil graag komen")
    await expect(standing(anna)).to_have_text("Je bent erbij")
    await expect(anna.locator(".notice")).to_have_text("Leuk dat je wilt komen!")

    bram = await visit(browser, site, open_evening, "bram")
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
    assert await open_evening.holders(NIGHT) == {"bram"}

    await press(anna, "Ik wil toch komen")
    await expect(standing(anna)).to_have_text("Je staat op de wachtlijst")
    await anna.get_by_text("Ik hoef niet meer te wachten").tap()
    await press(anna, "Ja, haal me van de wachtlijst")
    await expect(standing(anna)).to_have_text("Je komt deze keer niet")
    assert await open_evening.states(NIGHT) == {"bram": "issued"}


async def test_a_ticket_goes_to_a_colleague_who_says_yes(
    open_evening: Harness, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_evening, "anna")
    await press(anna, "Ik wil graag komen")
    old_code = await open_evening.code("anna", NIGHT)
    await offer(anna, "bram@example.com")
    await expect(anna.locator(".notice")).to_contain_text("Je aanbod is gedaan")
    await expect(standing(anna)).to_have_text("Je bent erbij")

    bram = await visit(browser, site, open_evening, "bram")
    await expect(bram.get_by_text("Anna de Vries wil je het ticket")).to_be_visible()
    await press(bram, "Ja, graag")
    await expect(standing(bram)).to_have_text("Je bent erbij")
    await expect(bram.get_by_text("Bram de Vries")).to_be_visible()
    await anna.reload()
    await expect(standing(anna)).to_have_text("Je ticket is doorgegeven")
    scan = await open_evening.scan(old_code, NIGHT, scan_id="late")
    assert scan.refusal == "passed-on"


async def test_a_colleague_may_say_no_and_a_holder_may_think_again(
    open_evening: Harness, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_evening, "anna")
    await press(anna, "Ik wil graag komen")
    await offer(anna, "bram@example.com")
    bram = await visit(browser, site, open_evening, "bram")
    await bram.get_by_text("Nee, dank je").tap()
    await press(bram, "Wijs het aanbod af")
    await expect(bram.locator(".notice")).to_have_text("Je hebt het aanbod afgewezen.")
    await expect(bram.locator("#offer")).to_have_count(0)

    await anna.reload()
    await offer(anna, "cleo@example.com")
    await press(anna, "Trek het aanbod in")
    await expect(anna.locator(".notice")).to_contain_text("Je aanbod is ingetrokken")
    cleo = await visit(browser, site, open_evening, "cleo")
    await expect(standing(cleo)).to_have_text("Kom je ook?")
    await expect(cleo.locator("#offer")).to_have_count(0)
    assert await open_evening.holders(NIGHT) == {"anna"}


async def test_an_address_that_is_refused_can_be_mended(
    open_evening: Harness, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_evening, "anna")
    await press(anna, "Ik wil graag komen")
    await offer(anna, "anna@example.com")
    await expect(anna.get_by_role("alert")).to_contain_text("het adres van de houder zelf")
    field = anna.get_by_label("E-mailadres van je collega")
    await expect(field).to_have_value("anna@example.com")
    await expect(field).to_have_accessible_description(re.compile("het adres van de houder zelf"))
    await field.fill("bram@example.com")
    await press(anna, "Bied mijn ticket aan")
    await expect(anna.locator(".notice")).to_contain_text("Je aanbod is gedaan")


async def test_the_page_stays_in_the_language_that_was_chosen(
    open_evening: Harness, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_evening, "anna")
    await press(anna, "English", "link")
    await press(anna, "I would like to come")
    await expect(standing(anna)).to_have_text("You’re in")
    await offer(anna, "anna@example.com", opens="Pass on to a colleague", sends="Offer my ticket")
    await expect(anna.get_by_role("alert")).to_contain_text("the holder’s own address")
    await press(anna, "Nederlands", "link")
    await expect(standing(anna)).to_have_text("Je bent erbij")
    await expect(anna.locator("html")).to_have_attribute("lang", "nl")


async def test_the_ticket_is_large_enough_to_be_scanned_and_fits_the_phone(
    open_evening: Harness, site: str, browser: BrowserContext
) -> None:
    anna = await visit(browser, site, open_evening, "anna")
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
    open_evening: Harness, site: str, browser: BrowserContext
) -> None:
    asked: list[tuple[str, str | None]] = []
    complaints: list[str] = []
    browser.on("request", lambda request: asked.append((request.url, request.headers.get("referer"))))
    browser.on("console", lambda message: complaints.append(message.text))
    anna = await visit(browser, site, open_evening, "anna")
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
