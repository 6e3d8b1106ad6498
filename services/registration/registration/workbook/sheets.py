"""The rows of the sheet that has the list, as text."""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final
from zipfile import ZipFile

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from culture_connect.contracts import RefusalError, problem
from registration.domain.hr_file import (
    COLUMNS,
    LONGEST_ROW,
    MOST_LINES,
    Columns,
    FileFault,
    at_line,
    is_header,
    known_names,
    sheet_line,
)
from registration.workbook.archive import broken, opened
from registration.workbook.cells import cell_of, marked
from registration.workbook.marks import Marks, Styles, marks_in, sheet_parts, styles_in

MOST_TEXT: Final = 16 * 1024 * 1024  # bytes of a sheet, as many as a file may have
_HEADER_WITHIN: Final = 20  # rows: a title and a remark may stand above the header

Rows = Iterator[tuple[int, list[str]]]


def lines_of(data: bytes) -> bytes:
    """The rows of the list in this workbook, for `Sheet`.

    Raises FileFault for a workbook that cannot be read, is too large, or has no list.
    """
    with opened(data) as archive:
        try:
            return b"".join(_lines(_list_in(list(_tables(data, archive)))))
        except (CalamineError, LookupError, ValueError):
            raise broken() from None


def _tables(data: bytes, archive: ZipFile) -> Iterator[Rows]:
    """The rows of each visible sheet, which is read when the first of them is asked for."""
    workbook, styles = CalamineWorkbook.from_filelike(io.BytesIO(data)), styles_in(archive)
    for sheet, part in zip(workbook.sheets_metadata, sheet_parts(archive), strict=True):
        if (sheet.typ, sheet.visible) == (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible):
            yield _rows(workbook, sheet.name, archive, part, styles)


def _rows(workbook: CalamineWorkbook, name: str, archive: ZipFile, part: str, styles: Styles) -> Rows:
    """The rows with something in at least one cell, each with its number."""
    marks = marks_in(archive, part, styles)
    rows = _with_marks(workbook.get_sheet_by_name(name), marks)
    yield from ((number, cells) for number, cells in rows if "".join(cells).strip())


def _with_marks(sheet: CalamineSheet, marks: Marks) -> Rows:
    before = [""] * (sheet.start[1] if sheet.start else 0)
    number = 0
    for number, values in enumerate(sheet.iter_rows(), 1):
        if values.count("") < len(values) or number in marks:
            yield number, marked([*before, *map(cell_of, values)], marks.get(number, {}))
    yield from ((below, marked([], marks[below])) for below in sorted(marks) if below > number)


def _list_in(tables: Sequence[Rows]) -> Rows:
    """The rows of the first sheet with a header, from that one on. Raises FileFault when there is none."""
    nearest: list[str] = []
    for rows in tables:
        head = list(islice(rows, _HEADER_WITHIN))
        for at, (_, cells) in enumerate(head):
            if is_header(cells):
                return chain(head[at:], rows)
        nearest = max([*([nearest] if nearest else []), *(cells for _, cells in head)], key=known_names, default=[])
    raise FileFault(_missing(nearest, len(tables)))


def _missing(nearest: Sequence[str], sheets: int) -> list[RefusalError]:
    if not nearest:
        return [problem("empty_file", "has nothing in it that is visible")]
    try:
        Columns.of(nearest)
    except FileFault as fault:
        message = f"must be on one visible sheet: of {sheets} none has them all. What is wrong with the nearest one:"
        return [problem("no_sheet_with_columns", message, field=COLUMNS)] * (sheets > 1) + fault.problems
    raise broken()


def _lines(rows: Rows) -> Iterator[bytes]:
    """The rows as lines, each as wide as the first one, the header, and wider only where there is text."""
    width, size = 0, 0
    for number, cells in rows:
        last = max(at for at, cell in enumerate(cells, 1) if cell.strip())
        if not width:
            width = Columns.of(cells[:last]).width
        _refuse_long(number, cells)
        line = sheet_line(number, [*cells[: max(width, last)], *[""] * (width - len(cells))])
        size += len(line)
        if size > MOST_TEXT:
            raise FileFault([problem("too_large", f"has more than {MOST_TEXT} bytes of text in its sheet")])
        yield line


def _refuse_long(number: int, cells: Iterable[str]) -> None:
    if number > MOST_LINES:
        raise at_line(number, "too_many_lines", f"must not be there: a file has at most {MOST_LINES} lines")
    if sum(map(len, cells)) > LONGEST_ROW:
        raise at_line(number, "too_long", f"has more than {LONGEST_ROW} characters")
