"""Answers that anybody may ask for are made once for all who ask."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from culture_connect.http.cache import LazyDocument, RateLimitedText, SingleFlight
from tests.support.probes import eventually
from tests.unit.http.harness import IdleBus, app_with, client_of


class Slow(IdleBus):
    """A bus side whose looks last until the test lets them end."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.written = 0
        self.end = asyncio.Event()

    async def problems(self) -> list[str]:
        self.looks += 1
        await self.end.wait()
        return ["the database does not answer"]

    def asyncapi(self) -> dict[str, object]:
        self.written += 1
        return {"asyncapi": "3.0.0"}


async def test_everybody_who_asks_for_readiness_meanwhile_shares_one_look_at_the_database(tokens: Path) -> None:
    bus = Slow()
    async with client_of(app_with(tokens=tokens, bus=bus)) as client:
        asked = [asyncio.create_task(client.get("/health/ready")) for _ in range(20)]
        await eventually(lambda: bus.looks, 1, "the look")
        asked.pop().cancel()
        bus.end.set()
        assert {(await each).status_code for each in asked} == {503}
        assert bus.looks == 1
        await client.get("/health/ready")
        assert bus.looks == 2


@pytest.mark.parametrize("path", ["/asyncapi.json", "/openapi.json"])
async def test_a_document_is_written_once(tokens: Path, path: str) -> None:
    bus = Slow()
    app = app_with(tokens=tokens, bus=bus)
    described = app.openapi

    def counted() -> dict[str, Any]:
        bus.written += 1
        return described()

    app.openapi = counted  # type: ignore[method-assign]
    async with client_of(app) as client:
        first, *others = await asyncio.gather(*(client.get(path) for _ in range(10)))
    assert first.status_code == 200
    assert {each.content for each in others} == {first.content}
    assert bus.written == 1


async def test_a_document_that_could_not_be_written_is_tried_again() -> None:
    texts = iter([None, b"document"])

    def write() -> bytes:
        if (text := next(texts)) is None:
            raise ValueError("no ink")
        return text

    document = LazyDocument(write)
    with pytest.raises(ValueError, match="no ink"):
        await document.text()
    assert await document.text() == b"document"
    assert await document.text() == b"document"


def test_figures_are_written_anew_after_ten_times_what_the_writing_took() -> None:
    now, written = [0.0], []

    def write() -> bytes:
        now[0] += 0.02
        written.append(now[0])
        return str(len(written)).encode()

    figures = RateLimitedText(write, clock=lambda: now[0])
    assert (figures.text(), figures.text()) == (b"1", b"1")
    now[0] += 0.19
    assert figures.text() == b"1"
    now[0] += 0.02
    assert figures.text() == b"2"


async def test_a_look_that_fails_fails_for_those_who_shared_it_alone() -> None:
    answers = iter(["away", "well"])

    async def look() -> str:
        await asyncio.sleep(0)
        if (answer := next(answers)) == "away":
            raise ValueError(answer)
        return answer

    joined = SingleFlight(look)
    results = await asyncio.gather(joined.result(), joined.result(), return_exceptions=True)
    assert [str(each) for each in results] == ["away", "away"]
    assert await joined.result() == "well"
