"""The API reference page in a real browser, by keyboard and in narrow and wide windows."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends
from playwright.async_api import BrowserContext, Locator, Page, expect
from pydantic import BaseModel

from culture_connect.http import Caller, requires
from tests.support.browser import chromium, window
from tests.support.http_server import served
from tests.support.reference_page import Watch, open_reference
from tests.unit.http.harness import app_with, token_of

# Without the time that installing the browser may take.
pytestmark = pytest.mark.timeout(60, func_only=True)

router = APIRouter(prefix="/birds", tags=["birds"])


class Bird(BaseModel):
    name: str = "kiwi"


@router.post("/{nest}", status_code=201)
async def add(nest: str, bird: Bird, caller: Annotated[Caller, Depends(requires("programme"))]) -> str:
    """Puts a bird into a nest."""
    return f"{caller.name} put a {bird.name} into {nest}"


@pytest.fixture(scope="module", autouse=True)
def _browser_is_there() -> None:
    """Installing it, where that is needed, takes longer than a test may."""
    chromium()


@pytest.fixture
async def site(tokens: Path) -> AsyncIterator[str]:
    async with served(app_with(router, tokens=tokens), kept=None) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=[360, 1280])
async def browser(request: pytest.FixtureRequest) -> AsyncIterator[BrowserContext]:
    async with window(request.param) as context:
        yield context


async def use(page: Page, target: Locator) -> None:
    """Moves to the target with the Tab key alone, and presses Enter."""
    for _ in range(60):
        if await target.evaluate("element => element === document.activeElement"):
            await page.keyboard.press("Enter")
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {target}")


async def authorize(page: Page, token: str) -> None:
    await use(page, page.get_by_role("button", name="Authorize").first)
    await expect(page.get_by_label("auth-bearer-value")).to_be_focused()
    await page.keyboard.type(token)
    await page.keyboard.press("Enter")
    await use(page, page.get_by_role("button", name="Close").last)


async def send(page: Page) -> Locator:
    """Sends the request with a nest; returns the answer on the page."""
    await use(page, page.locator(".opblock-summary-control").first)
    await use(page, page.get_by_role("button", name="Try it out"))
    field = page.get_by_placeholder("nest")
    await use(page, field)
    await page.keyboard.type("elm")
    await use(page, page.get_by_role("button", name="Execute"))
    return page.locator(".live-responses-table .response")


async def test_a_request_with_a_token_can_be_tried_by_keyboard(site: str, browser: BrowserContext) -> None:
    page, watch = await open_reference(browser, site)
    await authorize(page, token_of("desk"))
    answer = await send(page)
    await expect(answer.locator(".response-col_status")).to_contain_text("201")
    await expect(answer.locator(".response-col_description")).to_contain_text("desk put a kiwi into elm")
    assert watch == Watch()


async def test_a_token_is_forgotten_with_the_page_and_kept_nowhere(site: str, browser: BrowserContext) -> None:
    page, _ = await open_reference(browser, site)
    await authorize(page, token_of("desk"))
    kept = "[{...localStorage}, {...sessionStorage}, document.cookie, location.href]"
    assert await page.evaluate(kept) == [{}, {}, "", f"{site}/docs"]
    assert await page.evaluate("indexedDB.databases()") == []

    await page.reload()
    answer = await send(page)
    await expect(answer.locator(".response-col_status")).to_contain_text("401")


async def test_what_is_typed_reaches_no_form_history_and_no_spelling_checker(
    site: str, browser: BrowserContext
) -> None:
    page, _ = await open_reference(browser, site)
    await use(page, page.get_by_role("button", name="Authorize").first)
    token = page.get_by_label("auth-bearer-value")
    await expect(token).to_have_attribute("autocomplete", "off")
    await expect(token).to_have_js_property("spellcheck", False)
    await use(page, page.get_by_role("button", name="Close").last)
    await send(page)
    # Only a form has a history, and these are in none.
    for field in (page.get_by_placeholder("nest"), page.locator("textarea.body-param__text")):
        await expect(field).to_have_js_property("form", None)
        await expect(field).to_have_js_property("spellcheck", False)


async def test_an_open_operation_with_its_answer_fits_the_window(site: str, browser: BrowserContext) -> None:
    page, _ = await open_reference(browser, site)
    await expect(await send(page)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
