"""The trace of a request: in its answer, its log lines, its messages, and its span where spans are recorded."""

import asyncio
import io
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from culture_connect.tracing import message_traceparent
from tests.unit.http.harness import app_with, client_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CANARY = "kanarie-7"
router = APIRouter(prefix="/songs")


@router.get("/told")
async def told() -> list[str]:
    """The traceparents of a message of the request itself, of another, and of one that another message caused."""
    cause = f"00-{'a' * 32}-{'b' * 16}-01"
    return [message_traceparent("song.told", each) for each in (None, None, cause)]


@router.get("/{singer}/crash")
async def crash(singer: str) -> None:
    raise ValueError(f"no voice: {singer}")


@pytest.fixture
async def client(tokens: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(router, tokens=tokens)) as client:
        yield client


async def test_messages_of_a_request_continue_the_trace_of_the_caller(client: httpx.AsyncClient) -> None:
    answer = await client.get("/songs/told", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})

    for traceparent in answer.json()[:2]:
        version, trace, span, flags = traceparent.split("-")
        assert (version, trace, flags) == ("00", TRACE, "01")
        assert span not in (SPAN, "0" * 16)


async def test_a_caller_that_records_nothing_is_not_said_to_record(client: httpx.AsyncClient) -> None:
    answer = await client.get("/songs/told", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})

    assert answer.json()[0].endswith("-00")


async def test_a_message_continues_the_trace_of_the_message_that_caused_it(client: httpx.AsyncClient) -> None:
    assert (await client.get("/songs/told")).json()[2] == f"00-{'a' * 32}-{'b' * 16}-01"


async def test_the_log_line_of_a_request_has_the_trace_of_its_messages(
    client: httpx.AsyncClient, log: io.StringIO
) -> None:
    traceparents = (await client.get("/songs/told")).json()

    [line] = [json.loads(line) for line in log.getvalue().splitlines() if '"event": "request"' in line]
    assert line["trace_id"] == traceparents[0].split("-")[1]


@pytest.mark.parametrize(
    "broken",
    [
        CANARY,
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-{CANARY}",
        "00-" + "4" * 5000,
    ],
)
async def test_a_request_with_a_broken_trace_begins_one(
    client: httpx.AsyncClient, log: io.StringIO, broken: str
) -> None:
    first, again = [
        (await client.get("/songs", headers={"traceparent": broken, "tracestate": CANARY})).json()["trace_id"]
        for _ in range(2)
    ]

    assert len(first) == len(again) == 32
    assert len({first, again, TRACE, "0" * 32}) == 4
    assert CANARY not in log.getvalue()


async def test_messages_outside_of_a_request_begin_traces_of_their_own() -> None:
    traces = {message_traceparent("song.told", None).split("-")[1] for _ in range(100)}

    assert len(traces) == 100


async def test_spans_are_recorded_by_route_when_the_process_has_a_tracer_provider(tokens: Path) -> None:
    message, _, caused, ok, failed, unmatched = await recorded(tokens)

    assert (ok["name"], ok["kind"]) == ("GET /songs/told", "SpanKind.SERVER")
    assert ok["context"]["trace_id"] == f"0x{TRACE}"
    assert ok["parent_id"] == f"0x{SPAN}"
    assert ok["attributes"] == {
        "http.request.method": "GET",
        "http.route": "/songs/told",
        "http.response.status_code": 200,
    }
    assert (message["name"], message["kind"]) == ("create song.told", "SpanKind.PRODUCER")
    assert message["context"]["trace_id"] == f"0x{TRACE}"
    assert message["parent_id"] == ok["context"]["span_id"]
    assert (caused["context"]["trace_id"], caused["parent_id"]) == (f"0x{'a' * 32}", f"0x{'b' * 16}")
    assert (failed["name"], failed["status"]) == ("GET /songs/{singer}/crash", {"status_code": "ERROR"})
    assert unmatched["name"] == "GET unmatched"


async def test_spans_hold_neither_paths_nor_the_texts_of_exceptions(tokens: Path) -> None:
    spans = await recorded(tokens)

    assert CANARY not in json.dumps(spans)
    assert all(span["events"] == [] for span in spans)


async def recorded(tokens: Path) -> list[dict[str, Any]]:
    """The spans of a process with a tracer provider: messages and their request, a crash, a path without a route."""
    command = (sys.executable, "-m", "tests.unit.http.recorded_requests", str(tokens))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return [json.loads(line) for line in output.splitlines()]
