"""The rows of a worksheet, held as lines of JSON: the number of the row, its cells."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from registration.domain.hr_file.cells import TypedCell


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table like that of a CSV file; `lines` are made by `sheet_line`."""

    lines: bytes = field(repr=False)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """The rows, one at a time, each with the number that a spreadsheet program shows."""
        for line in BytesIO(self.lines):
            number, *cells = json.loads(line)
            yield number, [cell if isinstance(cell, str) else TypedCell.of(*cell) for cell in cells]


def sheet_line(number: int, cells: Sequence[str]) -> bytes:
    """The line for a row; cells of a kind of their own keep it."""
    written = [[cell, cell.kind] if isinstance(cell, TypedCell) else cell for cell in cells]
    return json.dumps([number, *written], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
