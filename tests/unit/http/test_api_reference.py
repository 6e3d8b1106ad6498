"""The API reference page and its files, as a client without scripts sees them."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.unit.http.harness import app_with, client_of


@pytest.fixture
async def client(tokens: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(tokens=tokens)) as client:
        yield client


async def loaded(client: httpx.AsyncClient) -> dict[str, httpx.Response]:
    """Returns the files that the page loads, by their addresses in it."""
    page = (await client.get("/docs")).text
    addresses = re.findall(r'<(?:script src|link rel="stylesheet" href)="([^"]+)"', page)
    return {address: await client.get(f"/{address}") for address in addresses}


async def test_the_page_bears_the_title_of_the_service_and_names_both_documents(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "<title>Trial &lt;service&gt;: API reference</title>" in page.text
    assert {"openapi.json", "asyncapi.json"} <= set(re.findall(r'<a href="([^"]+)"', page.text))


async def test_the_page_runs_and_shows_only_what_its_own_service_gives(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert re.findall(r"<script(?! src=)[^>]*>|<style|\bstyle=|\bon\w+=", page.text) == []
    assert [each for each in re.findall(r'(?:src|href)="([^"]*)"', page.text) if "//" in each] == []


async def test_the_files_of_the_page_come_with_the_service(client: httpx.AsyncClient) -> None:
    files = await loaded(client)
    assert len(files) == 4
    for address, file in files.items():
        assert file.status_code == 200
        assert ("css" if address.endswith(".css") else "javascript") in file.headers["content-type"]
        assert file.headers["x-content-type-options"] == "nosniff"


async def test_a_browser_asks_whether_a_file_changed_and_gets_it_once(client: httpx.AsyncClient) -> None:
    for address, file in (await loaded(client)).items():
        assert file.headers["cache-control"] == "no-cache"
        again = await client.get(f"/{address}", headers={"If-None-Match": file.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fpage.html", "..%2F__init__.py", "%2Fetc%2Fpasswd", "%00"])
async def test_beside_the_files_of_the_page_there_is_nothing(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/docs/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
