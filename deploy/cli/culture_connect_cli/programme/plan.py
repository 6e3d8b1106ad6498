"""The plan that makes the programme the same as the file, in an order that works. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from culture_connect.contracts import (
    Evening,
    EveningDraft,
    Localised,
    Venue,
    default_closing,
    default_release,
    local_day,
)
from culture_connect_cli.programme.season_file import ID, Entry
from culture_connect_cli.programme.times import format_local

# The venue of a scheduled evening is fixed, and the file is for one season.
CHANGEABLE: Final = tuple(name for name in EveningDraft.model_fields if name not in ("season", "venue"))
_DEFAULTS: Final = {"release_at": default_release, "closes_at": default_closing}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An evening of the programme."""

    evening: Evening
    cancelled: bool = False

    @property
    def day(self) -> date:
        """The day in The Hague."""
        return local_day(self.evening.starts_at)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """An evening that is called off."""

    scheduled: Scheduled
    reason: Localised | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An evening and its entry; `fields` are those that differ."""

    scheduled: Scheduled
    entry: Entry
    fields: tuple[str, ...]

    @property
    def body(self) -> dict[str, Any]:
        """The request: the fields that differ, null for a default.

        With another start, registration also moves release and closing, so those in the file are sent even if they
        stay the same.
        """
        draft = self.entry.draft
        fixed = {name for name in _DEFAULTS if "starts_at" in self.fields and getattr(draft, name) is not None}
        return draft.model_dump(mode="json", include={*self.fields} | fixed)


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """An entry without an id: one of these evenings, moved, or a new one at the same venue."""

    entry: Entry
    candidates: tuple[Scheduled, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that make the programme the same as the file. With `conflicts` or `ambiguities` nothing is done.

    `too_late` are the numbers of entries to schedule that are over already.
    """

    cancel: tuple[Cancellation, ...] = ()
    change: tuple[Change, ...] = ()
    schedule: tuple[Entry, ...] = ()
    too_late: frozenset[int] = frozenset()
    same: int = 0
    never_scheduled: tuple[Entry, ...] = ()
    not_in_file: tuple[Scheduled, ...] = ()
    conflicts: tuple[str, ...] = ()
    ambiguities: tuple[Ambiguity, ...] = ()

    @property
    def steps(self) -> int:
        """The number of evenings to cancel, change and schedule."""
        return len(self.cancel) + len(self.change) + len(self.schedule)


def name_of(evening: EveningDraft) -> str:
    """The evening for people: venue, start and title."""
    return f"{evening.venue.label}, {format_local(evening.starts_at)}, “{evening.title.en}”"


def compare(entries: Sequence[Entry], programme: Sequence[Scheduled], now: datetime, *, prune: bool = False) -> Plan:
    """The plan for the programme of a season. `prune` cancels evenings that are not in the file.

    An entry matches an evening by the id in the file; else by venue and day; else the only unmatched evening of the
    venue with the same title, which then has moved. Other unmatched evenings of a venue are ambiguities. A cancelled
    evening matches a cancelled entry only.
    """
    named, invalid = _by_id(entries, programme)
    left = {
        _place(each.evening, each.day): each for each in programme if not each.cancelled and each not in named.values()
    }
    over = {_place(each.evening, each.day) for each in programme if each.cancelled}
    pairs: list[tuple[Scheduled, Entry]] = []
    new: list[Entry] = []
    called_off: list[Cancellation] = []
    never_scheduled: list[Entry] = []
    same = 0
    for entry in (each for each in entries if each.number not in invalid):
        place = _place(entry.draft, entry.day)
        found = named.get(entry.number) or (None if entry.evening_id else left.pop(place, None))
        if entry.reason is None:
            if found:
                pairs.append((found, entry))
            else:
                new.append(entry)
        elif found and not found.cancelled:
            called_off.append(Cancellation(found, entry.reason))
        elif found or place in over:
            same += 1
        else:
            never_scheduled.append(entry)
    # A past evening has not moved.
    movable = [each for each in left.values() if each.evening.ends_at > now]
    moved = _moved(new, movable)
    new = [entry for entry in new if entry not in [entry for _, entry in moved]]
    gone = [each for each in left.values() if each not in [found for found, _ in moved]]
    ambiguities = _ambiguities(new, [each for each in gone if each in movable])
    new = [entry for entry in new if entry not in [ambiguity.entry for ambiguity in ambiguities]]
    gone = [each for each in gone if not any(each in ambiguity.candidates for ambiguity in ambiguities)]
    together = sorted((*pairs, *moved), key=lambda pair: pair[1].number)
    changes = [Change(found, entry, _differing(found.evening, entry.draft)) for found, entry in together]
    plan = Plan(
        cancel=(*called_off, *(Cancellation(each) for each in gone if prune)),
        change=tuple(each for each in changes if each.fields),
        schedule=tuple(new),
        too_late=frozenset(each.number for each in new if each.draft.ends_at <= now),
        same=same + sum(not each.fields for each in changes),
        never_scheduled=tuple(never_scheduled),
        not_in_file=() if prune else tuple(gone),
        conflicts=(*invalid.values(), *_into_the_past(changes, now)),
        ambiguities=ambiguities,
    )
    return _in_order(plan)


def resolve(entries: Sequence[Entry], ambiguity: Ambiguity, moved: Scheduled | None) -> list[Entry]:
    """The entries when it is known that the one in doubt is this evening, or (None) another one."""
    known = replace(ambiguity.entry, evening_id=moved.evening.evening_id if moved else None, is_new=moved is None)
    return [known if each is ambiguity.entry else each for each in entries]


def ids_of(entries: Sequence[Entry], programme: Sequence[Scheduled]) -> dict[int, UUID]:
    """Ids by entry number, for entries without one that match an evening by venue and day."""
    said = {entry.evening_id for entry in entries}
    known = {
        _place(each.evening, each.day): each.evening.evening_id
        for each in programme
        if not each.cancelled and each.evening.evening_id not in said
    }
    return {
        entry.number: known[_place(entry.draft, entry.day)]
        for entry in entries
        if entry.evening_id is None and _place(entry.draft, entry.day) in known
    }


def _by_id(entries: Sequence[Entry], programme: Sequence[Scheduled]) -> tuple[dict[int, Scheduled], dict[int, str]]:
    """By entry number: the evenings of valid ids, and the problems of invalid ones."""
    known = {each.evening.evening_id: each for each in programme}
    named: dict[int, Scheduled] = {}
    invalid: dict[int, str] = {}
    for entry in entries:
        if entry.evening_id is None:
            continue
        found = known.get(entry.evening_id)
        if found is None:
            invalid[entry.number] = f"evening {entry.number}, {ID}: the season has no such evening"
        elif found.evening.venue is not entry.draft.venue:
            invalid[entry.number] = (
                f"evening {entry.number}, venue: cannot be changed, the evening is at {found.evening.venue}: "
                "call it off and schedule another"
            )
        elif found.cancelled and entry.reason is None:
            invalid[entry.number] = (
                f"evening {entry.number}, {ID}: that evening was called off; "
                "without this line it is scheduled as another one"
            )
        else:
            named[entry.number] = found
    return named, invalid


def _into_the_past(changes: Iterable[Change], now: datetime) -> Iterator[str]:
    return (
        f"evening {each.entry.number}, starts_at: must not move into the past"
        for each in changes
        if "starts_at" in each.fields and each.entry.draft.starts_at <= now
    )


def _place(evening: EveningDraft, day: date) -> tuple[Venue, date]:
    return evening.venue, day


def _moved(new: Sequence[Entry], left: Iterable[Scheduled]) -> list[tuple[Scheduled, Entry]]:
    """Evening and entry of the venues with one unmatched on both sides, of the same title."""
    moved = []
    for venue in Venue:
        here = [each for each in left if each.evening.venue is venue]
        there = [entry for entry in new if entry.draft.venue is venue]
        if len(here) == len(there) == 1 and not there[0].is_new and here[0].evening.title == there[0].draft.title:
            moved.append((here[0], there[0]))
    return moved


def _ambiguities(new: Sequence[Entry], left: Sequence[Scheduled]) -> tuple[Ambiguity, ...]:
    """The entries that may be unmatched evenings of the same venue."""
    ambiguities = (
        Ambiguity(entry, tuple(each for each in left if each.evening.venue is entry.draft.venue))
        for entry in new
        if not (entry.is_new or entry.evening_id)
    )
    return tuple(ambiguity for ambiguity in ambiguities if ambiguity.candidates)


def _differing(evening: Evening, draft: EveningDraft) -> tuple[str, ...]:
    return tuple(name for name in CHANGEABLE if not _equals(evening, draft, name))


def _equals(evening: Evening, draft: EveningDraft, name: str) -> bool:
    wanted = getattr(draft, name)
    if wanted is None and name in _DEFAULTS:
        # A default follows the start, so it is the default of the evening's present start.
        wanted = _DEFAULTS[name](evening.starts_at)
    return bool(getattr(evening, name) == wanted)


def _in_order(plan: Plan) -> Plan:
    """The plan with every change after the one that frees its day; changes without a free day are conflicts."""
    staying = {each.day: each for each in plan.not_in_file}
    waiting, ordered = list(plan.change), list[Change]()
    while free := [each for each in waiting if not _blocked(each, waiting)]:
        ordered += free
        waiting = [each for each in waiting if each not in free]
    conflicts = [*plan.conflicts]
    conflicts += [
        f"evening {entry.number}, starts_at: the season has another evening on {entry.day}, which is not in the file: "
        f"{name_of(staying[entry.day].evening)}"
        for entry in (*(each.entry for each in ordered), *plan.schedule)
        if entry.day in staying
    ]
    conflicts += [
        f"evening {each.entry.number}, starts_at: takes the day of an evening that waits for another day itself: "
        "give one of them a free day first"
        for each in waiting
    ]
    return replace(plan, change=(*ordered, *waiting), conflicts=tuple(conflicts))


def _blocked(change: Change, waiting: Sequence[Change]) -> bool:
    """True when a waiting evening has the day now."""
    return any(other.scheduled.day == change.entry.day for other in waiting if other is not change)
