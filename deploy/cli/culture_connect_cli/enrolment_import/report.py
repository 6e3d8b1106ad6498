"""The report of an import as lines of text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from culture_connect_cli.api.client import ApiError

MAX_ENTRIES: Final = 20  # of a list; the rest is counted

_COUNTS: Final = ("added", "returning", "changed", "unchanged", "leaving", "faulty")
_LISTS: Final = ("added", "returning", "changed", "leaving")
_CONFIRM: Final = re.compile(r"confirm_withdrawals: \D*(\d+)")

Report = Mapping[str, Any]


def report_lines(report: Report, *, dry_run: bool) -> Iterator[str]:
    """Counts, faulty lines and ignored columns; for a dry run also the changes."""
    counts = report["counts"]
    yield f"{report['lines']} lines: " + ", ".join(f"{counts[name]} {name}" for name in _COUNTS)
    if dry_run:
        for name in _LISTS:
            yield from _listed(name, report[name])
    if faults := report["faults"]:
        yield "faulty:"
        yield from (f"  {_fault(fault)}" for fault in faults)
    if columns := report["ignored_columns"]:
        yield f"ignored columns: {', '.join(columns)}"


def is_successful(report: Report, *, dry_run: bool) -> bool:
    """True when the file was applied, or after a dry run can be applied."""
    if not dry_run:
        return bool(report["applied"])
    return not report["faults"] and report["withdrawals_to_confirm"] is None


def withdrawals_to_confirm(outcome: Report | ApiError) -> int | None:
    """The number of withdrawals to confirm before the file is applied, None when no confirmation is needed."""
    if isinstance(outcome, ApiError):
        number = _CONFIRM.search(str(outcome)) if outcome.code == "withdrawals-not-confirmed" else None
        return int(number[1]) if number else None
    count = outcome["withdrawals_to_confirm"]
    return None if count is None else int(count)


def _listed(name: str, entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not entries:
        return
    yield f"{name}:"
    yield from (f"  {_entry(entry)}" for entry in entries[:MAX_ENTRIES])
    if (more := len(entries) - MAX_ENTRIES) > 0:
        yield f"  and {more} more"


def _entry(entry: Mapping[str, Any]) -> str:
    where = f"line {entry['line']}: " if "line" in entry else ""
    fields = f" ({', '.join(entry['fields'])})" if "fields" in entry else ""
    return f"{where}{entry['employee_ref']}{fields}"


def _fault(fault: Mapping[str, Any]) -> str:
    field = f", {fault['field']}" if fault["field"] else ""
    return f"line {fault['line']}{field}: {fault['message']}"
