"""The API reference page of a service, opened in a browser that is watched."""

from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, Page, expect


@dataclass
class Watch:
    """Requests that leave the service, and complaints of the browser, among them those about the page's policy."""

    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


async def open_reference(browser: BrowserContext, site: str) -> tuple[Page, Watch]:
    """Opens the page of the service at this address, and waits until its operations are there."""
    page, watch = await browser.new_page(), Watch()
    page.on("request", lambda request: _note(watch.elsewhere, request.url, f"{site}/", "data:"))
    page.on("console", lambda message: _note(watch.complaints, f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: _note(watch.complaints, error.message))
    await page.goto(f"{site}/docs")
    await expect(page.locator(".opblock").first).to_be_visible(timeout=20_000)
    return page, watch


def _note(noted: list[str], text: str, *expected: str) -> None:
    if not expected or not text.startswith(expected):
        noted.append(text)
