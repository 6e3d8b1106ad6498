"""A plan as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from culture_connect.contracts import EveningDraft
from culture_connect_cli.programme.plan import Ambiguity, Cancellation, Change, Plan, Scheduled, name_of
from culture_connect_cli.programme.season_file import ID, NEW, Entry
from culture_connect_cli.programme.times import format_local

_DEFAULT = {"release_at": "the default", "closes_at": "the default", "allotments": "as the contracts say"}


def plan_lines(plan: Plan) -> Iterator[str]:
    """The plan as it is shown before it is carried out."""
    yield from (f"- call off {name_of(each.scheduled.evening)}{_because(each)}" for each in plan.cancel)
    for change in plan.change:
        yield from _changed(change)
    for entry in plan.schedule:
        late = ", which is over already: nobody hears of it" if entry.number in plan.too_late else ""
        yield f"+ schedule {name_of(entry.draft)}{late}"
    yield from map(_ambiguity, plan.ambiguities)
    yield from (
        f"? not in the file: {name_of(each.evening)}; it stays, --prune calls it off" for each in plan.not_in_file
    )
    yield from (
        f"= called off, and never was in the programme: {name_of(entry.draft)}" for entry in plan.never_scheduled
    )
    if plan.same:
        yield f"= {plan.same} evenings are as in the file" if plan.same > 1 else "= 1 evening is as in the file"


def _ambiguity(ambiguity: Ambiguity) -> str:
    which = ", ".join(name_of(each.evening) for each in ambiguity.candidates)
    return f"? {name_of(ambiguity.entry.draft)} may be another evening, or one that has moved: {which}"


def question(ambiguity: Ambiguity, candidate: Scheduled) -> str:
    """The question about an evening that may have moved."""
    return f"Is {name_of(ambiguity.entry.draft)} the evening that was {name_of(candidate.evening)}, moved?"


def how_to_disambiguate(ambiguity: Ambiguity) -> Iterator[str]:
    """The lines that remove an ambiguity from the file."""
    where = f"evening {ambiguity.entry.number}, {ID}"
    for each in ambiguity.candidates:
        yield f"{where}: add `{ID}: {each.evening.evening_id}` if it is {name_of(each.evening)}, moved"
    yield f"{where}: add `{ID}: {NEW}` if it is another evening"


def _because(each: Cancellation) -> str:
    return f": {each.reason.en}" if each.reason else ""


def _changed(change: Change) -> Iterator[str]:
    differences = [
        f"{path} {before} -> {after}"
        for field in change.fields
        for path, before, after in _differences(change.scheduled.evening, change.entry, field)
    ]
    head = f"~ change {name_of(change.scheduled.evening)}:"
    if len(differences) == 1:
        yield f"{head} {differences[0]}"
        return
    yield head
    yield from (f"    {line}" for line in differences)


def _differences(evening: EveningDraft, entry: Entry, field: str) -> Iterator[tuple[str, str, str]]:
    """Path, text before and text after of every difference in a field."""
    before = dict(_flat(field, evening.model_dump(include={field})[field]))
    after = dict(_flat(field, entry.draft.model_dump(include={field})[field]))
    for path in dict.fromkeys((*before, *after)):
        if before.get(path) != after.get(path):
            yield path, before.get(path, "nothing"), after.get(path, "nothing")


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _flat(f"{path}.{key}", inner)
        case list():
            for index, inner in enumerate(value):
                yield from _flat(f"{path}.{index}", inner)
        case None:
            yield path, _DEFAULT.get(path, "nothing")
        case datetime():
            yield path, format_local(value)
        case int():
            yield path, str(value)
        case _ if path == "location" or path.endswith((".nl", ".en")):
            yield path, f"“{value}”"
        case _:
            yield path, str(value)
