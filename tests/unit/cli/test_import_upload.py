"""A file is sent to a registration that answers line by line, however the lines are cut up and whenever it is lost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx
import pytest

from culture_connect_cli.api.client import Api, ApiError
from culture_connect_cli.enrolment_import import ImportOptions, ImportProgress, upload_file, withdrawals_to_confirm

CONTENT = "employee_ref;given_name\ne-1;Zoë\n".encode()
REPORT = {"applied": True, "lines": 1, "ignored_columns": ["line\N{LINE SEPARATOR}end", "na\N{NEXT LINE}me"]}
STAGES: Sequence[Mapping[str, Any]] = (
    {"stage": "reading", "done": 0, "total": 1},
    {"stage": "reading", "done": 1, "total": 1},
    {"stage": "deciding", "done": 1, "total": 1},
)
REFUSED = {
    "type": "about:blank",
    "title": "Lines are faulty",
    "status": 422,
    "code": "import-refused",
    "detail": "Nothing was applied",
    "errors": [{"field": "line 17: email", "code": "invalid", "message": "not an address"}],
    "trace_id": "0" * 32,
}


class Cut(httpx.AsyncByteStream):
    """An answer in pieces; when `lost`, the connection breaks after the last of them."""

    def __init__(self, pieces: Sequence[bytes], *, lost: bool = False) -> None:
        self._pieces = pieces
        self._lost = lost

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._lost:
            raise httpx.RemoteProtocolError("peer closed connection")


class Registration:
    """Answers with what is prepared, one after the other, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.stages: list[ImportProgress] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer

    @property
    def keys(self) -> list[str]:
        """The idempotency keys, in order."""
        return [request.headers["idempotency-key"] for request in self.requests]

    async def upload_file(
        self, options: ImportOptions | None = None, partner: str = "acme", content: bytes = CONTENT
    ) -> Mapping[str, Any]:
        """Uploads the file, without pauses."""
        async with Api("http://registration.example", "token", transport=httpx.MockTransport(self)) as api:
            return await upload_file(api, partner, content, options or ImportOptions(), self.stages.append, pause=0)


def lines(status: int, body: object) -> bytes:
    """The whole answer, as registration writes it."""
    documents = [*STAGES, {"status": status, "body": body}]
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in documents)


def streamed(content: bytes, *, size: int = 65_536, lost: bool = False) -> httpx.Response:
    """The answer in pieces of so many bytes."""
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    headers = {"Content-Type": "application/x-ndjson"}
    return httpx.Response(200, headers=headers, stream=Cut(pieces, lost=lost))


@pytest.mark.parametrize("size", [1, 2, 7, 37, 64, 65_536])
async def test_the_report_is_read_wherever_the_answer_is_cut(size: int) -> None:
    registration = Registration(streamed(lines(200, REPORT), size=size))
    assert await registration.upload_file() == REPORT
    assert registration.stages == [
        ImportProgress("reading", 0, 1),
        ImportProgress("reading", 1, 1),
        ImportProgress("deciding", 1, 1),
    ]


async def test_the_last_line_may_lack_its_end() -> None:
    assert await Registration(streamed(lines(200, REPORT).rstrip())).upload_file() == REPORT


async def test_the_request_says_what_was_chosen() -> None:
    registration = Registration(streamed(lines(200, REPORT)))
    await registration.upload_file(ImportOptions(dry_run=True, full=True, on_error="skip", confirm_withdrawals=12))
    [request] = registration.requests
    assert request.method == "POST"
    assert request.url.path == "/partners/acme/enrolments/import"
    assert dict(request.url.params) == {
        "dry_run": "true",
        "full": "true",
        "on_error": "skip",
        "confirm_withdrawals": "12",
    }
    assert request.headers["accept"] == "application/x-ndjson"
    assert request.headers["content-type"] == "text/csv"
    assert request.content == CONTENT
    assert request.extensions["timeout"]["read"] >= 60


async def test_a_workbook_goes_as_it_is_under_its_own_content_type() -> None:
    registration = Registration(streamed(lines(200, REPORT)))
    await registration.upload_file(content=b"PK\x03\x04and so on")
    [request] = registration.requests
    assert request.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert request.content == b"PK\x03\x04and so on"


async def test_a_partner_cannot_lead_to_another_path() -> None:
    registration = Registration(streamed(lines(200, REPORT)))
    await registration.upload_file(partner="../evenings?x=")
    assert registration.requests[0].url.raw_path.startswith(b"/partners/..%2Fevenings%3Fx%3D/enrolments/import?")


@pytest.mark.parametrize(
    "first",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.ReadTimeout("silent"),
        streamed(lines(200, REPORT)[:100], size=30, lost=True),
        streamed(lines(200, REPORT)[:100]),
        streamed(b""),
    ],
    ids=["refused", "reset", "silent", "broken", "cut off", "empty"],
)
async def test_a_lost_connection_is_made_again_once_with_the_same_key(
    first: httpx.Response | httpx.TransportError,
) -> None:
    registration = Registration(first, streamed(lines(200, REPORT)))
    assert await registration.upload_file() == REPORT
    assert len(registration.keys) == 2
    assert len(set(registration.keys)) == 1
    assert registration.requests[1].content == CONTENT


async def test_every_run_has_a_key_of_its_own() -> None:
    registration = Registration(streamed(lines(200, REPORT)), streamed(lines(200, REPORT)))
    await registration.upload_file()
    await registration.upload_file()
    assert len(set(registration.keys)) == 2


async def test_a_connection_lost_twice_is_told() -> None:
    registration = Registration(httpx.ReadError("reset"), httpx.ReadError("reset"))
    with pytest.raises(ApiError, match=r"broke: ReadError; if the file was applied, handing it in again changes"):
        await registration.upload_file()
    assert len(registration.requests) == 2


async def test_a_remembered_answer_may_come_without_its_stages() -> None:
    registration = Registration(httpx.ReadError("reset"), httpx.Response(200, json=REPORT))
    assert await registration.upload_file() == REPORT


async def test_what_the_lost_request_still_does_is_waited_for() -> None:
    busy = {"title": "Still being handled", "status": 409, "code": "request-in-progress"}
    registration = Registration(
        httpx.ReadError("reset"),
        httpx.Response(409, json=busy),
        streamed(lines(409, busy)),
        streamed(lines(200, REPORT)),
    )
    assert await registration.upload_file() == REPORT
    assert len(set(registration.keys)) == 1


@pytest.mark.parametrize("plainly", [True, False])
async def test_a_refusal_is_told_with_its_lines_and_not_tried_again(plainly: bool) -> None:
    answer = httpx.Response(422, json=REFUSED) if plainly else streamed(lines(422, REFUSED), size=11)
    registration = Registration(answer)
    with pytest.raises(ApiError) as refusal:
        await registration.upload_file()
    assert str(refusal.value) == "Lines are faulty: Nothing was applied\n  line 17: email: not an address"
    assert (refusal.value.status, refusal.value.code) == (422, "import-refused")
    assert len(registration.requests) == 1


async def test_a_failure_is_told_with_the_trace_by_which_the_log_has_more() -> None:
    failure = {"title": "Something went wrong", "status": 500, "code": "internal-error", "trace_id": "0af7"}
    with pytest.raises(ApiError, match=r"^Something went wrong \(trace 0af7\)$"):
        await Registration(streamed(lines(500, failure))).upload_file()


@pytest.mark.parametrize("plainly", [True, False])
async def test_a_refusal_for_want_of_confirmation_holds_the_number(plainly: bool) -> None:
    error = {"field": "confirm_withdrawals", "code": "not-confirmed", "message": "Expected 12"}
    problem = {
        "title": "More than 20% would be withdrawn",
        "status": 409,
        "code": "withdrawals-not-confirmed",
        "detail": "12 participants would be withdrawn",
        "errors": [error],
    }
    registration = Registration(httpx.Response(409, json=problem) if plainly else streamed(lines(409, problem)))
    with pytest.raises(ApiError) as refusal:
        await registration.upload_file()
    assert withdrawals_to_confirm(refusal.value) == 12


@pytest.mark.parametrize(
    "line",
    [b"[1]\n", b'{"stage": "reading"}\n', b'{"status": 200}\n', b'{"status": "fine", "body": {}}\n'],
)
async def test_an_answer_that_is_none_of_registrations_is_told(line: bytes) -> None:
    with pytest.raises(ApiError, match="the answer is not one of registration"):
        await Registration(streamed(line)).upload_file()
