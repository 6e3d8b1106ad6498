"""The page on which operators look at a letter, in a real browser."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from notifications.app import build_app
from tests.service.notifications.harness import Harness, enrolled, evening, issued
from tests.support.browser import chromium
from tests.support.openapi import listening

# Without the time that installing the browser may take.
pytestmark = pytest.mark.timeout(60, func_only=True)
HOSTILE = "<script>document.title='x'</script><img src=//elsewhere.example/x>"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"


@pytest.fixture(scope="module", autouse=True)
def _browser_is_there() -> None:
    """Installing it, where that is needed, takes longer than a test may."""
    chromium()


@pytest.fixture
def site(world: Harness) -> Iterator[str]:
    """A replica behind a port of this machine."""
    with listening(build_app(world.settings)) as url:
        yield url


async def test_an_operator_sees_in_a_browser_what_became_of_a_letter(world: Harness, site: str) -> None:
    participant = uuid4()
    operator = {"Authorization": "Bearer console"}
    async with httpx.AsyncClient(base_url=site, headers=operator, trust_env=False) as world.api:
        await world.tell(evening(), issued(participant))
        await world.until_state(participant, "ticket-issued", "planned")
        await world.tell(enrolled(participant, given_name=HOSTILE))
        await world.until_state(participant, "ticket-issued", "sent")
        [letter] = await world.letters(participant_id=participant, kind="ticket-issued")
        unknown = await world.api.get(f"/letters/{uuid4()}/page")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")
    address = f"{site}/letters/{letter['letter_id']}/page"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium())
        stranger = await browser.new_context(http_credentials={"username": "x", "password": "desk"})
        refused = await (await stranger.new_page()).goto(address)
        assert refused is not None
        assert refused.status == 403

        context = await browser.new_context(http_credentials={"username": "anybody", "password": "console"})
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = await context.new_page()
        answer = await page.goto(address)
        assert answer is not None
        assert (await answer.header_value("content-security-policy") or "").startswith(POLICY)
        assert await answer.header_value("cache-control") == "no-store"
        assert await answer.header_value("referrer-policy") == "no-referrer"
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Welkom")
        await expect(page.get_by_text("Sent", exact=True).first).to_be_visible()
        await expect(page.get_by_text("ticket.pdf")).to_be_visible()
        letter_shown = page.frame_locator("iframe")
        await expect(letter_shown.get_by_text(f"Beste {HOSTILE}")).to_be_visible()
        assert await letter_shown.locator("img").first.evaluate("picture => picture.naturalWidth") > 0
        # A link of the letter is its reader's: it leads nowhere from here.
        await letter_shown.locator("a[href^=https]").first.click()
        assert await page.title() != "x"
        async with page.expect_navigation():
            await page.get_by_role("link", name="welcome").click()
        await expect(page.get_by_role("listitem").filter(has_text="ticket-issued")).to_be_visible()
        await browser.close()
    assert {url for url in asked if url.startswith("http")} == {address, page.url}
