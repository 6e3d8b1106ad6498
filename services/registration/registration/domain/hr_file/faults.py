"""Faults of a file, and of a line of it, in words that never repeat what is in a cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from culture_connect.contracts import RefusalError, problem

COLUMNS: Final = "columns"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one line: `line` is its number in the file (the first is 1, the header counts).

    `field` is the contract's name of the field, None when it is the line as a whole; `code` is stable.
    """

    line: int
    field: str | None
    code: str
    message: str


class FileFault(Exception):
    """The whole file cannot be used. Its text holds codes only."""

    def __init__(self, problems: Sequence[RefusalError]) -> None:
        super().__init__(", ".join(f"{each.field or 'file'}: {each.code}" for each in problems))
        self.problems = list(problems)


def at_line(line: int, code: str, message: str) -> FileFault:
    """A file that cannot be used because of what is on this line."""
    return FileFault([problem(code, message, field=f"line {line}")])
