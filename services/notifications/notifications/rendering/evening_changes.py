"""Differences between two versions of an evening, for people: the old and the new."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from culture_connect import dates
from culture_connect.contracts import Evening, Language, venue_names
from notifications.rendering.sanitize import one_line
from notifications.rendering.translations import CHANGES, HOURS, PROGRAMME_KINDS


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed, in the reader's language. `old` is None for what is new, `new` for what is gone."""

    label: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a programme as a reader sees it; `offset` is how long after the evening it begins and ends."""

    label: str
    title: str
    times: str
    offset: tuple[timedelta, timedelta]

    @property
    def name(self) -> str:
        return f"{self.label}: {self.title}"


def changes(before: Evening, now: Evening, language: Language) -> list[Change]:
    """Returns the changes between two versions of an evening, the date first; empty when a reader would notice none."""
    words = CHANGES[language]
    compared = [
        (words["when"], _when(before, language), _when(now, language)),
        (words["where"], _where(before), _where(now)),
        (words["title"], one_line(before.title.in_(language)), one_line(now.title.in_(language))),
        (words["theme"], one_line(before.theme.in_(language)), one_line(now.theme.in_(language))),
    ]
    told = [Change(label, old, new) for label, old, new in compared if old != new]
    return told + _programme(_parts(before, language), _parts(now, language), language)


def _programme(gone: list[_Part], added: list[_Part], language: Language) -> list[Change]:
    """Returns parts that moved, got another title, are new or are gone.

    What moved along with the whole evening is not told: the new hour of the evening tells it.
    """
    _pairs(gone, added, lambda old, new: old.name == new.name and _stayed(old, new))
    moved = _pairs(gone, added, lambda old, new: old.name == new.name)
    renamed = _pairs(gone, added, lambda old, new: old.label == new.label)
    told = [Change(new.name, old.times, new.times) for old, new in moved]
    for old, new in renamed:
        stayed = _stayed(old, new)
        told.append(
            Change(new.label, *(part.title if stayed else f"{part.times}, {part.title}" for part in (old, new)))
        )
    words = CHANGES[language]
    told += [Change(words["new"], None, f"{part.times}, {part.name}") for part in added]
    return told + [Change(words["gone"], f"{part.times}, {part.name}", None) for part in gone]


def _pairs(
    gone: list[_Part], added: list[_Part], alike: Callable[[_Part, _Part], bool]
) -> Sequence[tuple[_Part, _Part]]:
    """Removes matching parts from both lists and returns them as (old, new)."""
    pairs = []
    for new in list(added):
        old = next((part for part in gone if alike(part, new)), None)
        if old is not None:
            gone.remove(old)
            added.remove(new)
            pairs.append((old, new))
    return pairs


def _stayed(old: _Part, new: _Part) -> bool:
    return old.times == new.times or old.offset == new.offset


def _parts(evening: Evening, language: Language) -> list[_Part]:
    return [
        _Part(
            label=PROGRAMME_KINDS[language][part.kind],
            title=one_line(part.title.in_(language)),
            times=dates.hours(part.starts_at, part.ends_at, language),
            offset=(part.starts_at - evening.starts_at, part.ends_at - evening.starts_at),
        )
        for part in evening.programme
    ]


def _when(evening: Evening, language: Language) -> str:
    starts, ends = dates.clock(evening.starts_at, language), dates.clock(evening.ends_at, language)
    return HOURS[language].format(day=dates.day(evening.starts_at, language), starts=starts, ends=ends)


def _where(evening: Evening) -> str:
    return venue_names.where(evening.venue, one_line(evening.location))
