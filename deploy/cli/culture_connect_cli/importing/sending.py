"""Sends a file to registration and follows what becomes of it.

The answer comes line by line (application/x-ndjson): stages, and last the report or the refusal. A connection that is
lost leaves open whether the file was applied; the same idempotency key finds out without applying it twice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import quote
from uuid import uuid4

import httpx

from culture_connect_cli.api import Api, ApiError

# From one line of the answer to the next; the database may be busy for a while.
_TIMEOUT: Final = httpx.Timeout(60, connect=5, read=300)
_PAUSE: Final = 2.0  # seconds before asking again
_PATIENCE: Final = 60  # times that "still being handled" is taken for an answer
_IN_PROGRESS: Final = "request-in-progress"
_CSV: Final = "text/csv"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ZIP: Final = b"PK\x03\x04"  # what every workbook begins with
_STRANGE: Final = "what answers does not speak as registration does"

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choices:
    """How the file is to be taken; see the command's options."""

    dry_run: bool = False
    full: bool = False
    on_error: Literal["abort", "skip"] = "abort"
    confirm_withdrawals: int | None = None

    @property
    def query(self) -> dict[str, str]:
        """The same as parameters of the request."""
        query = {"dry_run": str(self.dry_run).lower(), "full": str(self.full).lower(), "on_error": self.on_error}
        if self.confirm_withdrawals is not None:
            query["confirm_withdrawals"] = str(self.confirm_withdrawals)
        return query


@dataclass(frozen=True, slots=True)
class Stage:
    """How far the work is: so many lines `done` of `total`."""

    name: str
    done: int
    total: int


class _LostError(ApiError):
    """The answer ended before it was complete."""


async def hand_in(
    api: Api, partner: str, content: bytes, choices: Choices, tell: Callable[[Stage], None], *, pause: float = _PAUSE
) -> Report:
    """The report on the file `content` for this partner (a slug); `tell` hears how far it is.

    A lost connection is made again once, after `pause` seconds, with the same idempotency key. Raises ApiError when
    the file is refused or nobody answers.
    """
    key, lost, waited = str(uuid4()), False, 0
    while True:
        try:
            return await _send(api, partner, content, choices, tell, key)
        except ApiError as error:
            if error.code == _IN_PROGRESS and waited < _PATIENCE:
                waited += 1
            elif _is_lost(error) and not lost:
                lost = True
            elif _is_lost(error):
                raise ApiError(f"{error}; if the file was applied, handing it in again changes nothing") from error
            else:
                raise
        await asyncio.sleep(pause)


async def _send(
    api: Api, partner: str, content: bytes, choices: Choices, tell: Callable[[Stage], None], key: str
) -> Report:
    path = f"/partners/{quote(partner, safe='')}/enrolments/import"
    headers = {"Accept": "application/x-ndjson", "Content-Type": _XLSX if content.startswith(_ZIP) else _CSV}
    options = {"params": choices.query, "content": content, "headers": headers, "timeout": _TIMEOUT}
    async with api.stream("POST", path, key=key, **options) as response:
        if "ndjson" not in response.headers.get("content-type", ""):
            # What is remembered for an idempotency key may come without its stages.
            return _decoded(await response.aread())
        async for line in _lines(response):
            news = _decoded(line)
            if "status" in news:
                return _report_in(news)
            tell(_stage_in(news))
    raise _LostError("the answer ended before it was complete")


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    """The lines of the answer, wherever its chunks end. Only a newline ends a line: text may hold other separators."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
    if rest.strip():
        yield rest


def _decoded(line: bytes) -> Mapping[str, Any]:
    try:
        decoded = json.loads(line)
    except ValueError:
        raise _LostError("the answer ended in the middle of a line") from None
    if not isinstance(decoded, dict):
        raise ApiError(_STRANGE)
    return decoded


def _stage_in(line: Mapping[str, Any]) -> Stage:
    try:
        return Stage(str(line["stage"]), int(line["done"]), int(line["total"]))
    except (KeyError, TypeError, ValueError):
        raise ApiError(_STRANGE) from None


def _report_in(last: Mapping[str, Any]) -> Report:
    """The report that the last line brings; a refusal is raised."""
    status, body = last["status"], last.get("body")
    if not isinstance(status, int) or not isinstance(body, dict):
        raise ApiError(_STRANGE)
    if status < HTTPStatus.BAD_REQUEST:
        return body
    head = ": ".join(str(body[name]) for name in ("title", "detail") if body.get(name))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and "trace_id" in body:
        head += f" (trace {body['trace_id']})"
    raise ApiError("\n".join([head, *map(_error_in, body.get("errors") or ())]), status, body.get("code"))


def _error_in(error: Mapping[str, Any]) -> str:
    return "  " + ": ".join(str(error[name]) for name in ("field", "message") if error.get(name))


def _is_lost(error: ApiError) -> bool:
    return isinstance(error, _LostError) or isinstance(error.__cause__, httpx.TransportError)
