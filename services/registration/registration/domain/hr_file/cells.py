"""Cells that are something else than text: a workbook says so, a CSV file does not."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, Self

Kind = Literal["day", "time", "boolean", "decimal", "percentage", "digits", "error", "formula"]

_DAYS: Final = frozenset({"starts_on", "ends_on"})
_NOT_TEXT: Final = "not_text"
_ADVICE: Final = "give the column the format “Text”, and write it again"
_MISFITS: Final[Mapping[Kind, tuple[str, str]]] = MappingProxyType(
    {
        "day": (_NOT_TEXT, f"must be text, not a date: {_ADVICE}"),
        "time": (_NOT_TEXT, "must be text or a date, not a time of day or a duration"),
        "boolean": (_NOT_TEXT, "must be text, not TRUE or FALSE"),
        "decimal": (_NOT_TEXT, "must be text or a whole number, not one with decimals"),
        "percentage": (_NOT_TEXT, "must be text or a whole number, not a percentage"),
        "digits": (
            "too_many_digits",
            f"has more than 15 digits, of which a spreadsheet keeps 15: {_ADVICE}",
        ),
        "error": ("formula_error", "has an error of a formula, such as #N/A"),
        "formula": (
            "formula_not_calculated",
            "has a formula that was never calculated: open the workbook in a spreadsheet program, and save it",
        ),
    }
)


class TypedCell(str):
    """A cell that is no text, as text; `kind` is what it is."""

    __slots__ = ("kind",)
    kind: Kind

    @classmethod
    def of(cls, text: str, kind: Kind) -> Self:
        """The cell with this text."""
        cell = cls(text)
        cell.kind = kind
        return cell


def misfit(field: str, cell: str) -> tuple[str, str] | None:
    """Code and words for a cell whose kind the field cannot have, None for one that it can."""
    if not isinstance(cell, TypedCell) or (cell.kind == "day" and field in _DAYS):
        return None
    return _MISFITS[cell.kind]
