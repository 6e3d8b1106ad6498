"""The fields of one evening in the file: texts become what the contract asks for, and its rules are applied."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from culture_connect.contracts import EveningDraft, Localised, RefusalError, Venue, refusals
from culture_connect_cli.programme.times import NotATime, is_clock, moment, within

UNKNOWN: Final = "is not a field of this file"

_MOMENTS: Final = ("starts_at", "ends_at", "release_at", "closes_at")
_WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)
# The contract speaks of messages and of JSON.
_WORDS: Final = {
    "unknown_field": UNKNOWN,
    "not_an_object": "must be a group of fields",
    "not_a_list": "must be a list, whose lines begin with -",
}


@dataclass
class Wrong:
    """What is wrong, by the path of the field; without a message where the real fault is in another field."""

    found: dict[str, str | None] = field(default_factory=dict)

    def add(self, refused: RefusalError, below: str = "") -> None:
        """Notes what the contract refuses, unless something is known about the field already."""
        path = ".".join(filter(None, (below, refused.field)))
        self.found.setdefault(path, _WORDS.get(refused.code, refused.message))


def reason_of(raw: Any, wrong: Wrong) -> Localised | None:
    """Why the evening is called off; None when it is not, or when the reason is wrong."""
    if raw is None:
        return None
    try:
        return Localised.model_validate(raw)
    except ValidationError as error:
        for refused in refusals(error):
            wrong.add(refused, "cancelled")
        return None


def draft_of(said: dict[str, Any], season: str, wrong: Wrong) -> EveningDraft | None:
    """The evening in the words of the contract, or None with what is wrong noted.

    An evening that does not say where it is gets the name of its venue for the time being.
    """
    fields = {"location": _placeholder(said), **_with_moments(_with_numbers(said), wrong), "season": season}
    try:
        return EveningDraft.model_validate(fields)
    except ValidationError as error:
        for refused in refusals(error):
            wrong.add(refused)
        return None


def _placeholder(said: Mapping[str, Any]) -> str:
    """Something that keeps the rules, until it is known where the venue is."""
    venue = said.get("venue")
    return Venue(venue).label if venue in {each.value for each in Venue} else "?"


def _with_numbers(said: dict[str, Any]) -> dict[str, Any]:
    allotments = said.get("allotments")
    if isinstance(allotments, dict):
        said = {**said, "allotments": {name: _number(seats) for name, seats in allotments.items()}}
    return {**said, "capacity": _number(said["capacity"])} if "capacity" in said else said


def _number(raw: Any) -> Any:
    """The number, or what is there instead, for the contract to refuse."""
    return int(raw) if isinstance(raw, str) and _WHOLE.fullmatch(raw) else raw


def _with_moments(said: dict[str, Any], wrong: Wrong) -> dict[str, Any]:
    moments: dict[str, Any] = {name: _moment(said[name], name, wrong) for name in _MOMENTS if name in said}
    said = {**said, **moments}
    if isinstance(parts := said.get("programme"), list):
        span = (moments.get("starts_at"), moments.get("ends_at"))
        said["programme"] = [_part(part, f"programme.{index}", span, wrong) for index, part in enumerate(parts)]
    return said


def _part(part: Any, path: str, span: tuple[Any, Any], wrong: Wrong) -> Any:
    if not isinstance(part, dict):
        return part
    times = {name: part[name] for name in ("starts_at", "ends_at") if name in part}
    return {**part, **{name: _part_moment(raw, f"{path}.{name}", span, wrong) for name, raw in times.items()}}


def _part_moment(raw: Any, path: str, span: tuple[Any, Any], wrong: Wrong) -> Any:
    if not is_clock(raw):
        return _moment(raw, path, wrong)
    starts_at, ends_at = span
    if not (isinstance(starts_at, datetime) and isinstance(ends_at, datetime)):
        wrong.found[path] = None
        return raw
    try:
        return within(raw, starts_at, ends_at)
    except NotATime as error:
        wrong.found[path] = str(error)
        return raw


def _moment(raw: Any, path: str, wrong: Wrong) -> Any:
    try:
        return moment(raw)
    except NotATime as error:
        wrong.found[path] = str(error)
        return raw
