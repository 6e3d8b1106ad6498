"""How the programme differs from the file, and in which order it can be made the same. Nothing is sent here."""

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
from culture_connect_cli.programme.file import ID, Entry
from culture_connect_cli.programme.times import in_words

# The venue is fixed once an evening is scheduled, the season is the file's.
CHANGEABLE: Final = tuple(name for name in EveningDraft.model_fields if name not in ("season", "venue"))
_DEFAULTS: Final = {"release_at": default_release, "closes_at": default_closing}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An evening that the programme has."""

    evening: Evening
    cancelled: bool = False

    @property
    def day(self) -> date:
        """The day in The Hague."""
        return local_day(self.evening.starts_at)


@dataclass(frozen=True, slots=True)
class CallOff:
    """An evening that does not take place any more."""

    scheduled: Scheduled
    reason: Localised | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An evening that becomes as its entry says; `fields` are those that differ."""

    scheduled: Scheduled
    entry: Entry
    fields: tuple[str, ...]

    @property
    def body(self) -> dict[str, Any]:
        """What is sent: the fields that differ, null for what goes back to its default.

        With another start, registration moves along a release or closing that is not sent: what the file says is
        sent then, even if it is the same as before.
        """
        said = self.entry.draft
        held = {name for name in _DEFAULTS if "starts_at" in self.fields and getattr(said, name) is not None}
        return said.model_dump(mode="json", include={*self.fields} | held)


@dataclass(frozen=True, slots=True)
class Doubt:
    """An entry without an id that is one of these evenings, moved, or another evening of the same venue."""

    entry: Entry
    candidates: tuple[Scheduled, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What makes the programme the same as the file. `conflicts` say why that cannot be done; then nothing is.

    `too_late` are the numbers of those to schedule that are over already. While there are `doubts` the plan is not
    complete, and nothing is done either.
    """

    call_off: tuple[CallOff, ...] = ()
    change: tuple[Change, ...] = ()
    schedule: tuple[Entry, ...] = ()
    too_late: frozenset[int] = frozenset()
    same: int = 0
    never_there: tuple[Entry, ...] = ()
    not_in_file: tuple[Scheduled, ...] = ()
    conflicts: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def steps(self) -> int:
        """How many evenings are called off, changed and scheduled."""
        return len(self.call_off) + len(self.change) + len(self.schedule)


def name_of(evening: EveningDraft) -> str:
    """Which evening is meant, for people."""
    return f"{evening.venue.label}, {in_words(evening.starts_at)}, “{evening.title.en}”"


def compare(entries: Sequence[Entry], programme: Sequence[Scheduled], now: datetime, *, prune: bool = False) -> Plan:
    """What to do with the programme of a season. `prune` calls off what the file does not have.

    An entry and an evening belong together by the id that the file says; without one, when venue and day are the same;
    and when the venue has one of the same title left on both sides, which then has moved. Where a venue has others left
    on both sides nothing is guessed: that is a doubt. What was called off is over: only an entry that is called off is
    taken for it.
    """
    named, strangers = _by_id(entries, programme)
    left = {
        _place(each.evening, each.day): each for each in programme if not each.cancelled and each not in named.values()
    }
    over = {_place(each.evening, each.day) for each in programme if each.cancelled}
    pairs: list[tuple[Scheduled, Entry]] = []
    new: list[Entry] = []
    called_off: list[CallOff] = []
    never_there: list[Entry] = []
    same = 0
    for entry in (each for each in entries if each.number not in strangers):
        place = _place(entry.draft, entry.day)
        found = named.get(entry.number) or (None if entry.evening_id else left.pop(place, None))
        if entry.reason is None:
            if found:
                pairs.append((found, entry))
            else:
                new.append(entry)
        elif found and not found.cancelled:
            called_off.append(CallOff(found, entry.reason))
        elif found or place in over:
            same += 1
        else:
            never_there.append(entry)
    # One that took place has not moved.
    movable = [each for each in left.values() if each.evening.ends_at > now]
    moved = _moved(new, movable)
    new = [entry for entry in new if entry not in [entry for _, entry in moved]]
    gone = [each for each in left.values() if each not in [found for found, _ in moved]]
    doubts = _doubts(new, [each for each in gone if each in movable])
    new = [entry for entry in new if entry not in [doubt.entry for doubt in doubts]]
    gone = [each for each in gone if not any(each in doubt.candidates for doubt in doubts)]
    together = sorted((*pairs, *moved), key=lambda pair: pair[1].number)
    changes = [Change(found, entry, _differing(found.evening, entry.draft)) for found, entry in together]
    plan = Plan(
        call_off=(*called_off, *(CallOff(each) for each in gone if prune)),
        change=tuple(each for each in changes if each.fields),
        schedule=tuple(new),
        too_late=frozenset(each.number for each in new if each.draft.ends_at <= now),
        same=same + sum(not each.fields for each in changes),
        never_there=tuple(never_there),
        not_in_file=() if prune else tuple(gone),
        conflicts=(*strangers.values(), *_into_the_past(changes, now)),
        doubts=doubts,
    )
    return _in_order(plan)


def decided(entries: Sequence[Entry], doubt: Doubt, moved: Scheduled | None) -> list[Entry]:
    """The entries when it is known that the one in doubt is this evening, or (None) another one."""
    known = replace(doubt.entry, evening_id=moved.evening.evening_id if moved else None, is_new=moved is None)
    return [known if each is doubt.entry else each for each in entries]


def ids_of(entries: Sequence[Entry], programme: Sequence[Scheduled]) -> dict[int, UUID]:
    """By their number, the ids that entries do not say and that venue and day tell."""
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
    """By their number, the evenings that entries name, and why what others name cannot be."""
    known = {each.evening.evening_id: each for each in programme}
    named: dict[int, Scheduled] = {}
    strangers: dict[int, str] = {}
    for entry in entries:
        if entry.evening_id is None:
            continue
        found = known.get(entry.evening_id)
        if found is None:
            strangers[entry.number] = f"evening {entry.number}, {ID}: the season has no such evening"
        elif found.evening.venue is not entry.draft.venue:
            strangers[entry.number] = (
                f"evening {entry.number}, venue: cannot be changed, the evening is at {found.evening.venue}: "
                "call it off and schedule another"
            )
        elif found.cancelled and entry.reason is None:
            strangers[entry.number] = (
                f"evening {entry.number}, {ID}: that evening was called off; "
                "without this line it is scheduled as another one"
            )
        else:
            named[entry.number] = found
    return named, strangers


def _into_the_past(changes: Iterable[Change], now: datetime) -> Iterator[str]:
    return (
        f"evening {each.entry.number}, starts_at: must not move into the past"
        for each in changes
        if "starts_at" in each.fields and each.entry.draft.starts_at <= now
    )


def _place(evening: EveningDraft, day: date) -> tuple[Venue, date]:
    return evening.venue, day


def _moved(new: Sequence[Entry], left: Iterable[Scheduled]) -> list[tuple[Scheduled, Entry]]:
    """The venues with one left over on both sides, of the same title."""
    moved = []
    for venue in Venue:
        here = [each for each in left if each.evening.venue is venue]
        there = [entry for entry in new if entry.draft.venue is venue]
        if len(here) == len(there) == 1 and not there[0].is_new and here[0].evening.title == there[0].draft.title:
            moved.append((here[0], there[0]))
    return moved


def _doubts(new: Sequence[Entry], left: Sequence[Scheduled]) -> tuple[Doubt, ...]:
    """The entries that may be evenings of the same venue that the file does not have any more."""
    doubts = (
        Doubt(entry, tuple(each for each in left if each.evening.venue is entry.draft.venue))
        for entry in new
        if not (entry.is_new or entry.evening_id)
    )
    return tuple(doubt for doubt in doubts if doubt.candidates)


def _differing(evening: Evening, said: EveningDraft) -> tuple[str, ...]:
    return tuple(name for name in CHANGEABLE if not _as_said(evening, said, name))


def _as_said(evening: Evening, said: EveningDraft, name: str) -> bool:
    wanted = getattr(said, name)
    if wanted is None and name in _DEFAULTS:
        # A default moves along with the start, so it is the default of the start that the evening has now.
        wanted = _DEFAULTS[name](evening.starts_at)
    return bool(getattr(evening, name) == wanted)


def _in_order(plan: Plan) -> Plan:
    """The plan with every change after the one that frees its day, and the conflicts of those that find no free day."""
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
    """Whether another evening that is still to be changed has the day now."""
    return any(other.scheduled.day == change.entry.day for other in waiting if other is not change)
