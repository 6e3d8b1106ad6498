"""The file of a season: read, checked with the rules of the contract, and all that is wrong said at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from culture_connect.contracts import EveningDraft, Localised, Season, local_day
from culture_connect_cli.programme import plain_yaml
from culture_connect_cli.programme.fields import UNKNOWN, Wrong, draft_of, reason_of

ID: Final = "evening_id"
NEW: Final = "new"
_DRAFT: Final = EveningDraft.model_fields.keys() - {"season"}
_FIELDS: Final = _DRAFT | {"cancelled", ID}
# What a line with nothing behind it means the default of.
_OPTIONAL: Final = frozenset({"location", "admission", "release_at", "closes_at", "allotments", "cancelled", ID})


class SeasonFileError(ValueError):
    """The file cannot be used; `problems` says everything that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n  ".join(["the file is not used and nothing was sent:", *problems]))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Entry:
    """An evening of the file. `reason` is set when it is called off; `located` tells whether it says its location.

    `evening_id` is the evening of the programme that it says it is; `is_new` when it says that it is none of those that
    stood on another day before.
    """

    number: int
    draft: EveningDraft
    reason: Localised | None = None
    located: bool = True
    evening_id: UUID | None = None
    is_new: bool = False

    @property
    def day(self) -> date:
        """The day in The Hague."""
        return local_day(self.draft.starts_at)


@dataclass(frozen=True, slots=True)
class SeasonFile:
    """What the programme of a season should be."""

    season: str
    entries: list[Entry]


def read_season(path: Path) -> SeasonFile:
    """The season of a file. Raises SeasonFileError, also when there is no such file."""
    try:
        return season_of(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SeasonFileError([f"{path}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise SeasonFileError([f"{path}: must be text in UTF-8"]) from None


def season_of(text: str) -> SeasonFile:
    """The season of the text of a file. Raises SeasonFileError."""
    try:
        document, problems = plain_yaml.read(text)
    except plain_yaml.NotYaml as error:
        raise SeasonFileError([str(error)]) from None
    if not isinstance(document, dict):
        raise SeasonFileError(["must have the fields season and evenings"])
    problems += [f"{name}: {UNKNOWN}" for name in document if name not in ("season", "evenings")]
    season = _season(document.get("season"), problems)
    evenings = document.get("evenings")
    if not isinstance(evenings, list) or not evenings:
        raise SeasonFileError([*problems, "evenings: must be a list of evenings, whose lines begin with -"])
    read = [_entry(number, raw, season, problems) for number, raw in enumerate(evenings, 1)]
    entries = [entry for entry in read if entry is not None]
    problems += [*_on_one_day(entries), *_with_one_id(entries)]
    if problems:
        raise SeasonFileError(problems)
    return SeasonFile(season, entries)


def with_locations(season: SeasonFile, locations: Mapping[str, str]) -> SeasonFile:
    """The season with the location of its venue for every evening that does not say where it is.

    Raises SeasonFileError for venues without one.
    """
    if problems := [
        f"evening {entry.number}, location: is required, since no address of {entry.draft.venue} is known"
        for entry in season.entries
        if not entry.located and entry.draft.venue not in locations
    ]:
        raise SeasonFileError(problems)
    return replace(season, entries=[_located(entry, locations) for entry in season.entries])


def _located(entry: Entry, locations: Mapping[str, str]) -> Entry:
    if entry.located:
        return entry
    draft = entry.draft.model_copy(update={"location": locations[entry.draft.venue]})
    return replace(entry, draft=draft, located=True)


def _season(raw: object, problems: list[str]) -> str:
    """The season; a wrong one is noted and stood in for, so that the evenings can be checked as well."""
    try:
        return TypeAdapter[str](Season).validate_python(raw)
    except ValidationError:
        problems.append("season: must be two consecutive years such as 2026-2027")
        return "2000-2001"


def _entry(number: int, raw: Any, season: str, problems: list[str]) -> Entry | None:
    """The evening, or None and all that is wrong with it among the problems."""
    if not isinstance(raw, dict):
        problems.append(f"evening {number}: must be a group of fields")
        return None
    said = {name: value for name, value in raw.items() if value != "" or name not in _OPTIONAL}
    wrong = Wrong(dict.fromkeys(said.keys() - _FIELDS, UNKNOWN))
    reason = reason_of(said.pop("cancelled", None), wrong)
    said_id = said.pop(ID, None)
    evening_id = _id(said_id, wrong)
    draft = draft_of({name: said[name] for name in said if name in _DRAFT}, season, wrong)
    problems += [f"evening {number}, {path}: {message}" for path, message in wrong.found.items() if message]
    if draft is None or wrong.found:
        return None
    return Entry(number, draft, reason, "location" in said, evening_id, is_new=said_id == NEW)


def _id(said: object, wrong: Wrong) -> UUID | None:
    if said is None or said == NEW:
        return None
    try:
        return UUID(said if isinstance(said, str) else "")
    except ValueError:
        wrong.found[ID] = f"must be the id of an evening, or {NEW}"
        return None


def _with_one_id(entries: list[Entry]) -> list[str]:
    """Evenings that say they are one and the same."""
    taken: dict[UUID, Entry] = {}
    return [
        f"evening {entry.number}, {ID}: is that of evening {other.number} already"
        for entry in entries
        if entry.evening_id is not None and (other := taken.setdefault(entry.evening_id, entry)) is not entry
    ]


def _on_one_day(entries: list[Entry]) -> list[str]:
    """Evenings that a season cannot have together, or that could not be told apart."""
    problems: list[str] = []
    places = Counter((entry.draft.venue, entry.day) for entry in entries)
    takers: dict[date, Entry] = {}
    for entry in entries:
        if places[entry.draft.venue, entry.day] > 1:
            problems.append(f"evening {entry.number}: another one is at the same venue on the same day")
        elif entry.reason is None and (other := takers.setdefault(entry.day, entry)) is not entry:
            problems.append(
                f"evening {entry.number}, starts_at: evening {other.number} is on the same day, "
                "and a season has at most one evening on a day"
            )
    return problems
