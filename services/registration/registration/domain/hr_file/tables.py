"""From text to records of cells: which delimiter, where a record begins, and quotes that do not close."""

import csv
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from registration.domain.hr_file.faults import FileFault, at_line
from registration.domain.hr_file.lines import Lines

_SEPARATOR = re.compile(r'"?sep=([^\w\s"]|\t)"?(?:\r\n?|\n|\Z)', re.IGNORECASE)
_DELIMITERS: Final = (";", ",", "\t")


@dataclass(frozen=True, slots=True)
class Table:
    """A text and how its cells are separated. Its records begin at `start`, which is on the line with number `line`."""

    text: str = field(repr=False)
    delimiter: str
    start: int = 0
    line: int = 1

    @classmethod
    def of(cls, text: str, known: Callable[[Sequence[str]], int]) -> Self:
        """The table in a text: with the delimiter that the line `sep=` names, else with the one of its header.

        That is the one that yields most known names, or else most cells; `known` counts the names.
        """
        named = _SEPARATOR.match(text)
        if named:
            return cls(text, named[1], start=named.end(), line=2)
        candidates = [cls(text, delimiter) for delimiter in _DELIMITERS]
        return max(candidates, key=lambda table: table._score(known))

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """The records with text in at least one cell, one at a time, each with the number of the line it begins on.

        Raises FileFault at a quote that is not closed as it should, instead of taking lines for part of a cell, and
        where `Lines` does.
        """
        lines = Lines(self.text, self.start, self.line)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)
        while True:
            line = lines.begin_row()
            try:
                cells = next(reader, None)
            except csv.Error:
                message = "begins a row in which a quote is not closed, or text follows a closing one"
                raise at_line(line, "broken_quotes", message) from None
            if cells is None:
                return
            if "".join(cells).strip():
                yield line, cells

    def _score(self, known: Callable[[Sequence[str]], int]) -> tuple[int, int]:
        try:
            first = next(self.records(), None)
        except FileFault:
            return -1, 0
        if first is None:
            return 0, sys.maxsize  # nothing but delimiters: with another one they would be a name
        return known(first[1]), len(first[1])
