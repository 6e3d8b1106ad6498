"""Values of cells as the text that a person sees in them, or as cells of their kind."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from registration.domain.hr_file import TypedCell
from registration.workbook.marks import Mark

Value = int | float | str | bool | time | date | datetime | timedelta

_EXACT_BELOW: Final = 10**15  # a spreadsheet keeps 15 digits
# They have no text of their own; with some, a row of nothing else is not taken for an empty one.
_PLACEHOLDER: Final = "#"


def cell_of(value: Value) -> str:
    """The text of a value; `TypedCell` where it is neither text nor a whole number."""
    match value:
        case str():
            return value
        case bool():
            return TypedCell.of(str(value).upper(), "boolean")
        case int() | float():
            return _number(value)
        case date():
            return _day(value)
    return TypedCell.of(str(value), "time")


def marked(cells: Sequence[str], marks: Mapping[int, Mark]) -> list[str]:
    """The cells of a row, with what is known of some of them by the number of their column."""
    width = max(len(cells), max(marks, default=-1) + 1)
    padded = [*cells, *[""] * (width - len(cells))]
    for column, mark in marks.items():
        padded[column] = _with_mark(padded[column], mark)
    return padded


def _number(value: float) -> str:
    if abs(value) >= _EXACT_BELOW:
        return TypedCell.of(str(value), "digits")
    return str(int(value)) if value == int(value) else TypedCell.of(str(value), "decimal")


def _day(value: date) -> str:
    if isinstance(value, datetime) and value.time() != time():
        return TypedCell.of(str(value), "time")
    return TypedCell.of(f"{value:%Y-%m-%d}", "day")


def _with_mark(cell: str, mark: Mark) -> str:
    if mark in ("error", "formula"):
        return TypedCell.of(_PLACEHOLDER, mark)
    if isinstance(mark, int):
        return cell.zfill(mark) if cell.isdecimal() else cell
    return TypedCell.of(cell, mark) if cell else cell
