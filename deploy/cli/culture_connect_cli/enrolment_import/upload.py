"""Upload of a file to registration, with progress.

The answer comes line by line (application/x-ndjson): progress, and last the report or the refusal. After a lost
connection it is not known whether the file was applied; the same idempotency key finds out without applying it twice.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import quote
from uuid import uuid4

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_fixed

from culture_connect_cli.api.client import Api, ApiError
from culture_connect_cli.api.problem import problem_text

# Between two lines of the answer; the database may be busy for a while.
_TIMEOUT: Final = httpx.Timeout(60, connect=5, read=300)
_PAUSE: Final = 2.0  # seconds between two attempts
_CONNECTIONS: Final = 2  # the first one and one after a lost answer
_POLLS: Final = 60  # while an earlier request is still being handled
_CSV: Final = "text/csv"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ZIP: Final = b"PK\x03\x04"  # the start of every workbook
_UNEXPECTED: Final = "the answer is not one of registration"

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import; see the command's."""

    dry_run: bool = False
    full: bool = False
    on_error: Literal["abort", "skip"] = "abort"
    confirm_withdrawals: int | None = None

    @property
    def query(self) -> dict[str, str]:
        """The options as query parameters of the request."""
        query = {"dry_run": str(self.dry_run).lower(), "full": str(self.full).lower(), "on_error": self.on_error}
        if self.confirm_withdrawals is not None:
            query["confirm_withdrawals"] = str(self.confirm_withdrawals)
        return query


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """The number of lines that a stage has `done`, of `total`."""

    stage: str
    done: int
    total: int


OnProgress = Callable[[ImportProgress], None]


class _ConnectionLostError(ApiError):
    """The answer ended before it was complete."""


async def upload_file(
    api: Api,
    partner: str,
    content: bytes,
    options: ImportOptions,
    on_progress: OnProgress,
    *,
    pause: float = _PAUSE,
) -> Report:
    """The report on the file `content` for this partner (a slug).

    After a lost connection the request is repeated once, after `pause` seconds, with the same idempotency key. Raises
    ApiError when the file is refused or registration does not answer.
    """
    key = str(uuid4())
    reconnecting = _retry(_is_lost, _CONNECTIONS, pause)
    polling = _retry(_is_in_progress, _POLLS, pause)
    try:
        return await reconnecting(polling, _send, api, partner, content, options, on_progress, key)
    except ApiError as error:
        if _is_lost(error):
            raise ApiError(f"{error}; if the file was applied, handing it in again changes nothing") from error
        raise


def _retry(condition: Callable[[BaseException], bool], attempts: int, pause: float) -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception(condition), stop=stop_after_attempt(attempts), wait=wait_fixed(pause), reraise=True
    )


async def _send(
    api: Api, partner: str, content: bytes, options: ImportOptions, on_progress: OnProgress, key: str
) -> Report:
    path = f"/partners/{quote(partner, safe='')}/enrolments/import"
    headers = {"Accept": "application/x-ndjson", "Content-Type": _XLSX if content.startswith(_ZIP) else _CSV}
    request: dict[str, Any] = {
        "params": options.query,
        "content": content,
        "headers": headers,
        "timeout": _TIMEOUT,
    }
    async with api.stream("POST", path, key=key, **request) as response:
        if "ndjson" not in response.headers.get("content-type", ""):
            # The answer remembered for an idempotency key may come without progress.
            return _decode(await response.aread())
        async for line in _lines(response):
            document = _decode(line)
            if "status" in document:
                return _report(document)
            on_progress(_progress(document))
    raise _ConnectionLostError("the answer ended before it was complete")


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """The lines of the answer. Only a newline ends a line, since text may hold other separators."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
    if rest.strip():
        yield rest


def _decode(line: bytes) -> Mapping[str, Any]:
    try:
        decoded = json.loads(line)
    except ValueError:
        raise _ConnectionLostError("the answer ended in the middle of a line") from None
    if not isinstance(decoded, dict):
        raise ApiError(_UNEXPECTED)
    return decoded


def _progress(line: Mapping[str, Any]) -> ImportProgress:
    try:
        return ImportProgress(str(line["stage"]), int(line["done"]), int(line["total"]))
    except (KeyError, TypeError, ValueError):
        raise ApiError(_UNEXPECTED) from None


def _report(last: Mapping[str, Any]) -> Report:
    """The report in the last line. Raises ApiError for a refusal."""
    status, body = last["status"], last.get("body")
    if not isinstance(status, int) or not isinstance(body, dict):
        raise ApiError(_UNEXPECTED)
    if status < HTTPStatus.BAD_REQUEST:
        return body
    raise ApiError(problem_text(body, status), status, body.get("code"))


def _is_lost(error: BaseException) -> bool:
    return isinstance(error, _ConnectionLostError) or isinstance(error.__cause__, httpx.TransportError)


def _is_in_progress(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.code == "request-in-progress"
