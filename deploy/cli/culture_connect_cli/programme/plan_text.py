"""What is going to be done, line by line, for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from culture_connect.contracts import EveningDraft
from culture_connect_cli.programme.plan import CallOff, Change, Doubt, Plan, Scheduled, name_of
from culture_connect_cli.programme.season_file import ID, NEW, Entry
from culture_connect_cli.programme.times import in_words

_DEFAULT = {"release_at": "the default", "closes_at": "the default", "allotments": "as the contracts say"}


def lines(plan: Plan) -> Iterator[str]:
    """The plan as it is shown before it is carried out."""
    yield from (f"- call off {name_of(each.scheduled.evening)}{_because(each)}" for each in plan.call_off)
    for change in plan.change:
        yield from _changed(change)
    for entry in plan.schedule:
        late = ", which is over already: nobody hears of it" if entry.number in plan.too_late else ""
        yield f"+ schedule {name_of(entry.draft)}{late}"
    yield from map(in_doubt, plan.doubts)
    yield from (
        f"? not in the file: {name_of(each.evening)}; it stays, --prune calls it off" for each in plan.not_in_file
    )
    yield from (f"= called off, and never was in the programme: {name_of(entry.draft)}" for entry in plan.never_there)
    if plan.same:
        yield f"= {plan.same} evenings are as in the file" if plan.same > 1 else "= 1 evening is as in the file"


def in_doubt(doubt: Doubt) -> str:
    """What is not clear, for whoever wrote the file."""
    which = ", ".join(name_of(each.evening) for each in doubt.candidates)
    return f"? {name_of(doubt.entry.draft)} may be another evening, or one that has moved: {which}"


def question(doubt: Doubt, candidate: Scheduled) -> str:
    """What to ask about one of the evenings that may have moved."""
    return f"Is {name_of(doubt.entry.draft)} the evening that was {name_of(candidate.evening)}, moved?"


def made_clear(doubt: Doubt) -> Iterator[str]:
    """What to write into the file, so that nothing is in doubt."""
    where = f"evening {doubt.entry.number}, {ID}"
    for each in doubt.candidates:
        yield f"{where}: add `{ID}: {each.evening.evening_id}` if it is {name_of(each.evening)}, moved"
    yield f"{where}: add `{ID}: {NEW}` if it is another evening"


def _because(each: CallOff) -> str:
    return f": {each.reason.en}" if each.reason else ""


def _changed(change: Change) -> Iterator[str]:
    what = [
        f"{path} {before} -> {after}"
        for field in change.fields
        for path, before, after in _differences(change.scheduled.evening, change.entry, field)
    ]
    head = f"~ change {name_of(change.scheduled.evening)}:"
    if len(what) == 1:
        yield f"{head} {what[0]}"
        return
    yield head
    yield from (f"    {line}" for line in what)


def _differences(evening: EveningDraft, entry: Entry, field: str) -> Iterator[tuple[str, str, str]]:
    """Path, text before, text after of all that differs in one field."""
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
            yield path, in_words(value)
        case int():
            yield path, str(value)
        case _ if path == "location" or path.endswith((".nl", ".en")):
            yield path, f"“{value}”"
        case _:
            yield path, str(value)
