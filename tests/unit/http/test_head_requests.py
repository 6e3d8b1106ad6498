"""HEAD on the routes of an application."""

from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from tests.unit.http.harness import IdleBus, app_with, client_of

router = APIRouter(prefix="/birds")


@router.get("/{nest}")
async def show(nest: str) -> str:
    return nest


@router.get("/{nest}/song")
async def song(nest: str) -> StreamingResponse:
    async def notes() -> AsyncIterator[str]:
        for _ in range(3):
            yield nest

    return StreamingResponse(notes(), media_type="text/plain")


@router.post("/{nest}/eggs")
async def lay(nest: str) -> None:
    """Changes something: no HEAD may come here."""
    raise AssertionError(nest)


async def test_head_has_the_headers_of_get_and_no_body_streamed_or_not(tokens: Path) -> None:
    async with client_of(app_with(router, tokens=tokens)) as client:
        for path, length in (("/birds/kiwi", "6"), ("/birds/kiwi/song", None), ("/health/live", "18"), ("/none", "")):
            got, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (got.status_code, b""), path
            assert head.headers == got.headers or path == "/none"
            assert length == "" or head.headers.get("content-length") == length, path


async def test_a_refused_method_is_told_of_head_where_there_is_get(tokens: Path) -> None:
    async with client_of(app_with(router, tokens=tokens)) as client:
        refused, changing = await client.put("/birds/kiwi"), await client.head("/birds/kiwi/eggs")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert (changing.status_code, changing.headers["allow"], changing.content) == (405, "POST", b"")


async def test_head_is_counted_as_such_by_its_route_and_is_in_no_document(tokens: Path) -> None:
    bus = IdleBus()
    app = app_with(router, tokens=tokens, bus=bus)
    async with client_of(app) as client:
        await client.head("/birds/kiwi")
        documented = (await client.get("/openapi.json")).json()["paths"]["/birds/{nest}"]
    labels = {"method": "HEAD", "route": "/birds/{nest}", "status": "200"}
    assert bus.telemetry.registry.get_sample_value("culture_connect_http_requests_total", labels) == 1
    assert list(documented) == ["get"]
