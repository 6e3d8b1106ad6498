"""From text to records of cells: which delimiter, where a record begins, and quotes that do not close."""

import csv
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from registration.domain.hr_file.faults import FileFault, at_line

# Not str.splitlines, which also ends a line at signs that a cell may have, such as a form feed.
_LINE = re.compile("[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
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

        Raises FileFault at a quote that is not closed as it should, instead of taking lines for part of a cell.
        """
        lines = (match.group() for match in _LINE.finditer(self.text, self.start))
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)
        while True:
            line = self.line + reader.line_num
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise _broken(line, error) from None
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


def _broken(line: int, error: csv.Error) -> FileFault:
    if "limit" in str(error):
        message = f"begins a cell of more than {csv.field_size_limit()} characters: is a quote missing?"
        return at_line(line, "too_long", message)
    return at_line(line, "broken_quotes", "begins a row in which a quote is not closed, or text follows a closing one")
