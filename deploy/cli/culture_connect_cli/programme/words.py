"""What is going to be done, line by line, for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from culture_connect.contracts import EveningDraft
from culture_connect_cli.programme.differences import CallOff, Change, Plan, name_of
from culture_connect_cli.programme.file import Entry
from culture_connect_cli.programme.times import in_words

_DEFAULT = {"release_at": "the default", "closes_at": "the default", "allotments": "as the contracts say"}


def lines(plan: Plan) -> Iterator[str]:
    """The plan as it is shown before it is carried out."""
    yield from (f"- call off {name_of(each.scheduled.evening)}{_because(each)}" for each in plan.call_off)
    for change in plan.change:
        yield from _changed(change)
    yield from (f"+ schedule {name_of(entry.draft)}" for entry in plan.schedule)
    yield from (
        f"? not in the file: {name_of(each.evening)}; it stays, --prune calls it off" for each in plan.not_in_file
    )
    yield from (f"= called off, and never was in the programme: {name_of(entry.draft)}" for entry in plan.never_there)
    if plan.same:
        yield f"= {plan.same} evenings are as in the file" if plan.same > 1 else "= 1 evening is as in the file"


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
