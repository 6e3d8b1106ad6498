"""Registration's programme as far as the command uses it, in memory: it keeps versions, days and keys as the real one.

`tests/service/registration/test_programme_file.py` holds the command to the real one.
"""

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import ValidationError

from culture_connect.contracts import (
    Evening,
    EveningDraft,
    Venue,
    default_closing,
    default_release,
    local_day,
    refusals,
)
from culture_connect_cli.api.client import Api

PAGE = 2  # evenings a page, so that two evenings more are another page
_EVENING = re.compile(r"/evenings/([0-9a-f-]{36})(/cancel)?")


class Refused(Exception):
    """Ends a request with a problem."""

    def __init__(self, status: HTTPStatus, code: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(code)
        self.answer = httpx.Response(
            status, json={"type": "about:blank", "title": code, "status": status, "code": code, "errors": errors or []}
        )


@dataclass
class FakeRegistration:
    """`written` are method and path of every request that was not a GET."""

    evenings: dict[UUID, Evening] = field(default_factory=dict)
    reasons: dict[UUID, dict[str, str] | None] = field(default_factory=dict)
    written: list[tuple[str, str]] = field(default_factory=list)
    known: dict[str, tuple[bytes, httpx.Response]] = field(default_factory=dict)

    def api(self) -> Api:
        """A client of it."""
        return Api("http://registration", "desk", transport=httpx.MockTransport(self.handle))

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answers one request."""
        try:
            if request.method == "GET":
                return self._read(request)
            self.written.append((request.method, request.url.path))
            return self._once(request) if request.method == "POST" else self._write(request)
        except Refused as refused:
            return refused.answer

    def schedule(self, body: dict[str, Any]) -> Evening:
        """Somebody else schedules an evening."""
        return self._add(_valid(body), uuid4())

    def change(self, evening_id: UUID, **fields: Any) -> Evening:
        """Somebody else changes an evening."""
        before = self.evenings[evening_id]
        kept = before.model_dump(mode="json", exclude={"evening_id", "version"})
        if before.release_at == default_release(before.starts_at):
            kept["release_at"] = None
        if before.closes_at == default_closing(before.starts_at):
            kept["closes_at"] = None
        after = _valid({**kept, **fields}).filled(evening_id, before.version)
        self._day_is_free(after, evening_id)
        if after != before:
            self.evenings[evening_id] = after.model_copy(update={"version": before.version + 1})
        return self.evenings[evening_id]

    def cancel(self, evening_id: UUID, reason: dict[str, str] | None = None) -> Evening:
        """Somebody else calls an evening off."""
        if evening_id not in self.reasons:
            evening = self.evenings[evening_id]
            self.evenings[evening_id] = evening.model_copy(update={"version": evening.version + 1})
            self.reasons[evening_id] = reason
        return self.evenings[evening_id]

    def live(self) -> list[Evening]:
        """The evenings that take place, by start."""
        return sorted(
            (each for id_, each in self.evenings.items() if id_ not in self.reasons), key=lambda each: each.starts_at
        )

    def _read(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/venues":
            items = [{"slug": venue.value, "name": venue.label, "address": "Den Haag"} for venue in Venue]
            return httpx.Response(200, json={"items": items, "next_cursor": None})
        query = request.url.params
        found = [each for each in self.evenings.values() if each.season == query["season"]]
        found.sort(key=lambda each: (each.starts_at, each.evening_id))
        first = int(query.get("cursor", 0))
        more = first + PAGE < len(found)
        page = [self._view(each) for each in found[first : first + PAGE]]
        return httpx.Response(200, json={"items": page, "next_cursor": str(first + PAGE) if more else None})

    def _once(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["idempotency-key"]
        if key in self.known:
            body, answer = self.known[key]
            if body != request.content:
                raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key-reused")
            return answer
        answer = self._write(request)
        self.known[key] = (request.content, answer)
        return answer

    def _write(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        match = _EVENING.fullmatch(request.url.path)
        if match is None:
            return self._answer(HTTPStatus.CREATED, self._add(_valid(body), uuid4()))
        evening_id = UUID(match[1])
        if request.headers["if-match"] != f'"{self.evenings[evening_id].version}"':
            raise Refused(HTTPStatus.PRECONDITION_FAILED, "precondition-failed")
        if match[2]:
            return self._answer(HTTPStatus.OK, self.cancel(evening_id, body["reason"]))
        if evening_id in self.reasons:
            raise Refused(HTTPStatus.CONFLICT, "evening-cancelled")
        return self._answer(HTTPStatus.OK, self.change(evening_id, **body))

    def _add(self, draft: EveningDraft, evening_id: UUID) -> Evening:
        evening = draft.filled(evening_id, 1)
        self._day_is_free(evening, evening_id)
        self.evenings[evening_id] = evening
        return evening

    def _day_is_free(self, evening: Evening, evening_id: UUID) -> None:
        for id_, other in self.evenings.items():
            if id_ == evening_id or id_ in self.reasons or other.season != evening.season:
                continue
            if local_day(other.starts_at) == local_day(evening.starts_at):
                raise Refused(HTTPStatus.CONFLICT, "day-taken")

    def _answer(self, status: HTTPStatus, evening: Evening) -> httpx.Response:
        return httpx.Response(status, json=self._view(evening), headers={"ETag": f'"{evening.version}"'})

    def _view(self, evening: Evening) -> dict[str, Any]:
        over = evening.evening_id in self.reasons
        return {
            **evening.model_dump(mode="json"),
            "cancelled_at": "2026-01-01T12:00:00Z" if over else None,
            "reason": self.reasons.get(evening.evening_id),
        }


def _valid(body: dict[str, Any]) -> EveningDraft:
    try:
        return EveningDraft.model_validate(body)
    except ValidationError as error:
        errors = [each.model_dump() for each in refusals(error)]
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", errors) from None
