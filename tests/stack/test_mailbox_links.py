"""The links of a letter in a real browser: they open as pages of their own, and the letter itself may do nothing."""

from email.message import EmailMessage
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from playwright.async_api import async_playwright, expect

from culture_connect_cli.mailbox.pages import create_app
from culture_connect_cli.mailbox.store import Store
from tests.service.ticketing.my_page.conftest import listening
from tests.support.browser import chromium

_PERSONAL = """<!doctype html><title>Mijn pagina</title><p id=said>nothing</p><p id=opener></p>
<form method=post><button>Ik kom</button></form>
<script>said.textContent = "ran"; opener_ = window.opener; document.title = String(opener_)</script>"""

_LETTER = """<!doctype html><html><head><meta http-equiv="refresh" content="0;url={site}/refreshed"></head><body>
<p><a id="plain" href="{site}/my/1">Kom je?</a> <a id="top" target="_top" href="{site}/my/2">boven</a></p>
<p><a id="script" href="javascript:document.write('ran')">doe</a></p>
<form action="{site}/posted" method="post"><button id="post">verstuur</button></form>
<img src="{site}/pixel" onerror="parent.document.title = 'taken'">
<script>parent.document.title = "taken"; open("{site}/opened"); fetch("{site}/fetched")</script>
</body></html>"""


def _site(asked: list[str]) -> FastAPI:
    """The pages that letters lead to, which nobody may frame; `asked` are the paths that were asked for."""
    app = FastAPI()

    async def page(request: Request, path: str) -> HTMLResponse:
        if path != "favicon.ico":
            asked.append(f"{request.method} {path}")
        return HTMLResponse(_PERSONAL, headers={"Content-Security-Policy": "frame-ancestors 'none'"})

    app.get("/{path:path}")(page)
    app.post("/{path:path}")(page)
    return app


async def test_a_link_opens_as_a_page_of_its_own_and_the_letter_does_nothing_by_itself(tmp_path: Path) -> None:
    asked: list[str] = []
    store = Store(tmp_path / "mails")
    async with (
        listening(_site(asked)) as site,
        listening(create_app(store)) as mailbox,
        async_playwright() as playwright,
    ):
        message = EmailMessage()
        message["Subject"] = "Kom je?"
        message.set_content(f"Kom je? {site}/my/3\n")
        message.add_alternative(_LETTER.format(site=site), subtype="html")
        mail = store.add("avond@cultureconnect.example", ["sanne@zeebank.example"], message.as_bytes())

        browser = await playwright.chromium.launch(executable_path=chromium())
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f"{mailbox}/messages/{mail.id}")
        letter = page.frame_locator("iframe")

        # The link of the letter, then the one of its plain text.
        for link, path in ((letter.locator("#plain"), "my/1"), (page.get_by_role("link", name="my/3"), "my/3")):
            async with context.expect_page() as opened:
                await link.click()
            personal = await opened.value
            await expect(personal.locator("#said")).to_have_text("ran")  # it is a page like any other
            assert await personal.title() == "null"  # and knows nothing of the mailbox
            assert await personal.evaluate("document.referrer") == ""
            async with personal.expect_navigation():
                await personal.get_by_role("button").click()
            assert asked[-2:] == [f"GET {path}", f"POST {path}"]
            await personal.close()

        # What the letter would do without being asked, or to the page around it.
        for trick in ("#top", "#post", "#script"):
            await letter.locator(trick).click()
        await letter.locator("#plain").click(trial=True)  # the letter is still there
        assert await page.title() == "Kom je?"
        assert page.url.endswith(f"/messages/{mail.id}")
        for other in context.pages:
            assert other is page or "ran" not in await other.content()
        assert [each for each in asked if " my/" not in each] == []
        await browser.close()
