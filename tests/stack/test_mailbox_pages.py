"""The pages of the mailbox in a real browser: on a phone, by keyboard, and in the dark."""

import io
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from culture_connect_cli.mailbox.pages import create_app
from culture_connect_cli.mailbox.store import Store
from tests.service.ticketing.my_page.conftest import listening
from tests.support.browser import window

ADDRESS = "sanne.van.der.berg-el-amrani@zeebank.example"
SUBJECT = "Je kaartje voor 3 december: De stad als podium, PAARD"
LIGHT_ONLY = "<p style='font-size: 40px'>Dag Sanne</p>"
BOTH = f"<meta name='color-scheme' content='light dark'>{LIGHT_ONLY}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "mails")


@pytest.fixture
async def mailbox(store: Store) -> AsyncIterator[str]:
    async with listening(create_app(store)) as address:
        yield address


def put(store: Store, html: str = BOTH) -> str:
    message = EmailMessage()
    message["Subject"] = SUBJECT
    message["Message-ID"] = f"<ticket-issued-{'0123456789' * 6}@cultureconnect.example>"
    message.set_content(f"Kom je? http://127.0.0.1:8002/my/{'a' * 80}\n")
    message.add_alternative(html, subtype="html")
    message.add_attachment(b"ticket", "application", "pdf", filename="kaartje.pdf")
    return store.add("avond@cultureconnect.example", [ADDRESS], message.as_bytes()).id


async def tab_to(page: Page, name: str) -> None:
    """Presses Tab until the element with this text has the focus."""
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    pytest.fail(f"no key leads to {name!r}")


@pytest.mark.parametrize("width", [320, 360, 390, 1280])
async def test_no_page_is_wider_than_the_screen(store: Store, mailbox: str, width: int) -> None:
    mail = put(store)
    async with window(width) as browser:
        page = await browser.new_page()
        for path in ("/", f"/?to={ADDRESS}", f"/messages/{mail}"):
            await page.goto(f"{mailbox}{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
            await expect(page.get_by_text(ADDRESS, exact=True).first).to_be_visible()
        links = page.locator("a.action")
        assert all([(await link.bounding_box() or {"height": 0})["height"] >= 24 for link in await links.all()])


async def test_a_letter_is_found_and_opened_with_the_keyboard(store: Store, mailbox: str) -> None:
    put(store)
    async with window(1280) as browser:
        page = await browser.new_page()
        await page.goto(mailbox)
        await tab_to(page, "")  # the search field
        await page.keyboard.type(ADDRESS)
        async with page.expect_event("load"):
            await page.keyboard.press("Enter")
        await tab_to(page, SUBJECT)
        async with page.expect_event("load"):
            await page.keyboard.press("Enter")
        await tab_to(page, "Open the letter alone")
        async with browser.expect_page() as opened:
            await page.keyboard.press("Enter")
        await expect((await opened.value).get_by_text("Dag Sanne")).to_be_visible()


async def test_the_list_reloads_by_itself_only_when_asked_to(store: Store, mailbox: str) -> None:
    put(store)
    async with window(390) as browser:
        page = await browser.new_page()
        await page.goto(mailbox)
        await expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0)
        await page.get_by_label("Reload every 5 s").check()
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("meta[http-equiv=refresh]")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("html", [BOTH, LIGHT_ONLY], ids=["both", "light only"])
async def test_a_letter_can_be_read_in_either_colour_scheme(
    store: Store, mailbox: str, scheme: Literal["light", "dark"], html: str
) -> None:
    mail = put(store, html)
    async with window(390) as browser:
        page = await browser.new_page()
        await page.emulate_media(color_scheme=scheme)
        await page.goto(f"{mailbox}/messages/{mail}")
        letter = page.frame_locator("iframe").get_by_text("Dag Sanne")
        await expect(letter).to_be_visible()
        shown = Image.open(io.BytesIO(await letter.screenshot())).convert("L").tobytes()
        assert max(shown) - min(shown) > 150
