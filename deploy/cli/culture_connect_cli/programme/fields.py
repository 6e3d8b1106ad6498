"""The fields of an evening in the file, parsed from text and validated with the rules of the contract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from culture_connect.contracts import EveningDraft, Localised, RefusalError, Venue, refusals
from culture_connect_cli.programme.times import InvalidTimeError, is_clock, parse_clock, parse_moment

UNKNOWN: Final = "is not a field of this file"

_MOMENTS: Final = ("starts_at", "ends_at", "release_at", "closes_at")
_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)
# The contract's messages are about JSON.
_MESSAGES: Final = {
    "unknown_field": UNKNOWN,
    "not_an_object": "must be a group of fields",
    "not_a_list": "must be a list, whose lines begin with -",
}


@dataclass
class Problems:
    """Messages by the path of the field; None where the cause is another field."""

    found: dict[str, str | None] = field(default_factory=dict)

    def add(self, refused: RefusalError, below: str = "") -> None:
        """Adds what the contract refuses, unless the field has a problem already."""
        path = ".".join(filter(None, (below, refused.field)))
        self.found.setdefault(path, _MESSAGES.get(refused.code, refused.message))


def parse_reason(raw: Any, problems: Problems) -> Localised | None:
    """The reason why the evening is called off; None when it is not or the reason is invalid."""
    if raw is None:
        return None
    try:
        return Localised.model_validate(raw)
    except ValidationError as error:
        for refused in refusals(error):
            problems.add(refused, "cancelled")
        return None


def parse_draft(given: dict[str, Any], season: str, problems: Problems) -> EveningDraft | None:
    """The evening of the contract, or None with its problems added.

    An evening without a location gets the name of its venue for now.
    """
    fields = {"location": _placeholder(given), **_with_moments(_with_numbers(given), problems), "season": season}
    try:
        return EveningDraft.model_validate(fields)
    except ValidationError as error:
        for refused in refusals(error):
            problems.add(refused)
        return None


def _placeholder(given: Mapping[str, Any]) -> str:
    """A valid location until the venue's own is known."""
    venue = given.get("venue")
    return Venue(venue).label if venue in {each.value for each in Venue} else "?"


def _with_numbers(given: dict[str, Any]) -> dict[str, Any]:
    allotments = given.get("allotments")
    if isinstance(allotments, dict):
        given = {**given, "allotments": {name: _number(seats) for name, seats in allotments.items()}}
    return {**given, "capacity": _number(given["capacity"])} if "capacity" in given else given


def _number(raw: Any) -> Any:
    """The number, or the value itself for the contract to refuse."""
    return int(raw) if isinstance(raw, str) and _WHOLE.fullmatch(raw) else raw


def _with_moments(given: dict[str, Any], problems: Problems) -> dict[str, Any]:
    moments: dict[str, Any] = {name: _moment(given[name], name, problems) for name in _MOMENTS if name in given}
    given = {**given, **moments}
    if isinstance(parts := given.get("programme"), list):
        span = (moments.get("starts_at"), moments.get("ends_at"))
        given["programme"] = [_part(part, f"programme.{index}", span, problems) for index, part in enumerate(parts)]
    return given


def _part(part: Any, path: str, span: tuple[Any, Any], problems: Problems) -> Any:
    if not isinstance(part, dict):
        return part
    times = {name: part[name] for name in ("starts_at", "ends_at") if name in part}
    return {**part, **{name: _part_moment(raw, f"{path}.{name}", span, problems) for name, raw in times.items()}}


def _part_moment(raw: Any, path: str, span: tuple[Any, Any], problems: Problems) -> Any:
    if not is_clock(raw):
        return _moment(raw, path, problems)
    starts_at, ends_at = span
    if not (isinstance(starts_at, datetime) and isinstance(ends_at, datetime)):
        problems.found[path] = None
        return raw
    try:
        return parse_clock(raw, starts_at, ends_at)
    except InvalidTimeError as error:
        problems.found[path] = str(error)
        return raw


def _moment(raw: Any, path: str, problems: Problems) -> Any:
    try:
        return parse_moment(raw)
    except InvalidTimeError as error:
        problems.found[path] = str(error)
        return raw
