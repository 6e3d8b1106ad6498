"""The lines of a file, and how many and how long they may be: a file that somebody made to be read for ever is not."""

import re
from collections.abc import Iterator
from typing import Final, Self

from registration.domain.hr_file.faults import at_line

LONGEST_ROW: Final = 64 * 1024  # characters, without the end of its last line
MOST_LINES: Final = 100_000

# Not str.splitlines, which also ends a line at signs that a cell may have, such as a form feed. The bound keeps a text
# of one endless line from being searched and copied as a whole.
_LINE: Final = re.compile(rf"[^\r\n]{{0,{LONGEST_ROW}}}+(\r\n?|\n|\Z)")


class Lines(Iterator[str]):
    """The lines of a text from a position on, ends included, of which the first has that number.

    Raises FileFault for a row that is too long (its length begins anew at `begin_row`), and for too many lines.
    """

    def __init__(self, text: str, start: int, number: int) -> None:
        self._text = text
        self._position = start
        self._next = number
        self._row = number
        self._length = 0

    def begin_row(self) -> int:
        """The next line is the first one of a row; returns its number."""
        self._row, self._length = self._next, 0
        return self._row

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._position == len(self._text):
            raise StopIteration
        found = _LINE.match(self._text, self._position)
        if found is not None:
            self._length += found.start(1) - self._position
        if found is None or self._length > LONGEST_ROW:
            message = f"begins a row of more than {LONGEST_ROW} characters: is a quote missing?"
            raise at_line(self._row, "too_long", message)
        if self._next > MOST_LINES:
            message = f"must not be there: a file has at most {MOST_LINES} lines"
            raise at_line(self._next, "too_many_lines", message)
        self._position = found.end()
        self._next += 1
        return found.group()
