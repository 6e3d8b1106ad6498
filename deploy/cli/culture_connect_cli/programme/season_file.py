"""The file of a season, read and validated with the rules of the contract. All problems are reported at once."""

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
from culture_connect_cli.programme import yaml_text
from culture_connect_cli.programme.fields import UNKNOWN, Problems, parse_draft, parse_reason

ID: Final = "evening_id"
NEW: Final = "new"
_DRAFT: Final = EveningDraft.model_fields.keys() - {"season"}
_FIELDS: Final = _DRAFT | {"cancelled", ID}
# Fields whose empty value is the default.
_OPTIONAL: Final = frozenset({"location", "admission", "release_at", "closes_at", "allotments", "cancelled", ID})


class SeasonFileError(ValueError):
    """The file is invalid; `problems` has every reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n  ".join(["the file is not used and nothing was sent:", *problems]))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Entry:
    """An evening of the file. `reason` is set when it is called off; `located` when it has a location.

    `evening_id` is its id in the programme, if the file has one; `is_new` when the file says that it is a new evening.
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
    """The wanted programme of a season."""

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
        document, problems = yaml_text.read(text)
    except yaml_text.InvalidYamlError as error:
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
    problems += [*_same_days(entries), *_duplicate_ids(entries)]
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
    """The season; an invalid one is a problem, replaced so that the evenings can be validated as well."""
    try:
        return TypeAdapter[str](Season).validate_python(raw)
    except ValidationError:
        problems.append("season: must be two consecutive years such as 2026-2027")
        return "2000-2001"


def _entry(number: int, raw: Any, season: str, problems: list[str]) -> Entry | None:
    """The evening, or None with its errors added to the problems."""
    if not isinstance(raw, dict):
        problems.append(f"evening {number}: must be a group of fields")
        return None
    given = {name: value for name, value in raw.items() if value != "" or name not in _OPTIONAL}
    invalid = Problems(dict.fromkeys(given.keys() - _FIELDS, UNKNOWN))
    reason = parse_reason(given.pop("cancelled", None), invalid)
    given_id = given.pop(ID, None)
    evening_id = _id(given_id, invalid)
    draft = parse_draft({name: given[name] for name in given if name in _DRAFT}, season, invalid)
    problems += [f"evening {number}, {path}: {message}" for path, message in invalid.found.items() if message]
    if draft is None or invalid.found:
        return None
    return Entry(number, draft, reason, "location" in given, evening_id, is_new=given_id == NEW)


def _id(text: object, invalid: Problems) -> UUID | None:
    if text is None or text == NEW:
        return None
    try:
        return UUID(text if isinstance(text, str) else "")
    except ValueError:
        invalid.found[ID] = f"must be the id of an evening, or {NEW}"
        return None


def _duplicate_ids(entries: list[Entry]) -> list[str]:
    """Problems of evenings with the same id."""
    taken: dict[UUID, Entry] = {}
    return [
        f"evening {entry.number}, {ID}: is that of evening {other.number} already"
        for entry in entries
        if entry.evening_id is not None and (other := taken.setdefault(entry.evening_id, entry)) is not entry
    ]


def _same_days(entries: list[Entry]) -> list[str]:
    """Problems of evenings on the same day."""
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
