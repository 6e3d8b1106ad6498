"""A change of an evening as people would tell it: what was, and what is."""

from dataclasses import dataclass

from culture_connect import dates
from culture_connect.contracts import Evening, Language, ProgrammePart
from notifications.domain.changes import material
from notifications.rendering.safe import one_line
from notifications.rendering.words import CHANGE_LABELS, NEW_PART, OLD_PART, PROGRAMME_KINDS


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed, in the reader's language."""

    label: str
    old: str
    new: str


def changes(before: Evening, now: Evening, language: Language) -> list[Change]:
    """What changed between two versions of an evening, the date first; empty when guests would notice nothing."""
    changed = material(before, now)
    labels = CHANGE_LABELS[language]
    told: list[Change] = []

    def tell(label: str, old: str, new: str) -> None:
        if old != new:
            told.append(Change(labels[label], old, new))

    tell("day", dates.day(before.starts_at, language), dates.day(now.starts_at, language))
    if changed & {"starts_at", "ends_at"}:
        tell("time", _hours(before, language), _hours(now, language))
    tell("venue", before.venue.label, now.venue.label)
    tell("location", one_line(before.location), one_line(now.location))
    tell("title", one_line(before.title.in_(language)), one_line(now.title.in_(language)))
    tell("theme", one_line(before.theme.in_(language)), one_line(now.theme.in_(language)))
    return told + _programme(before, now, language)


def _programme(before: Evening, now: Evening, language: Language) -> list[Change]:
    """Part by part: the same title of the same kind is the same part, whenever it begins."""
    old = {_name(part, language): _times(part, language) for part in before.programme}
    new = {_name(part, language): _times(part, language) for part in now.programme}
    told = [Change(name, old[name], times) for name, times in new.items() if name in old and old[name] != times]
    added = [Change(name, NEW_PART[language], times) for name, times in new.items() if name not in old]
    gone = [Change(name, times, OLD_PART[language]) for name, times in old.items() if name not in new]
    return told + added + gone


def _name(part: ProgrammePart, language: Language) -> str:
    return f"{PROGRAMME_KINDS[language][part.kind]}: {one_line(part.title.in_(language))}"


def _times(part: ProgrammePart, language: Language) -> str:
    return f"{dates.clock(part.starts_at, language)} – {dates.clock(part.ends_at, language)}"


def _hours(evening: Evening, language: Language) -> str:
    return f"{dates.clock(evening.starts_at, language)} – {dates.clock(evening.ends_at, language)}"
