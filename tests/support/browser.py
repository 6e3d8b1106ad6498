"""A real browser: the system's Chromium, as a phone without scripts, or with scripts in any width."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, async_playwright

_NAMES = ("chromium", "chromium-browser")
_MISSING = """these tests need Chromium:
  as root on Debian it is installed by itself; elsewhere install the package chromium, so that it is in PATH"""


def chromium() -> str:
    """Returns the path of Chromium; as root on Debian it is installed when it is missing. Raises RuntimeError."""
    if (found := _find()) is not None:
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        # Another test process may be at it as well: the second one waits, and finds nothing left to do.
        apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
        for command in (["update"], ["install", "--no-install-recommends", "chromium"]):
            subprocess.run([*apt, *command], check=True, env=environment, stdout=subprocess.DEVNULL, timeout=600)
        if (found := _find()) is not None:
            return found
    raise RuntimeError(_MISSING)


@asynccontextmanager
async def phone() -> AsyncIterator[BrowserContext]:
    """A phone's browser with scripts turned off; what it keeps is gone at the end."""
    async with _browser() as browser:
        yield await browser.new_context(
            viewport={"width": 390, "height": 844},
            device_scale_factor=3,
            is_mobile=True,
            has_touch=True,
            java_script_enabled=False,
            locale="nl-NL",
        )


@asynccontextmanager
async def window(width: int) -> AsyncIterator[BrowserContext]:
    """A window so many pixels wide, with scripts and a keyboard; what it keeps is gone at the end."""
    async with _browser() as browser:
        yield await browser.new_context(viewport={"width": width, "height": 800})


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium())
        try:
            yield browser
        finally:
            await browser.close()


def _find() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)
