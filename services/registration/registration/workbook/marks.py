"""Properties of cells that python-calamine keeps to itself: errors, formulas without a value, and some formats.

They decide what a person sees in the cell: an error would be read as an empty cell, 50% as 0.5, and 00123 as 123.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final
from zipfile import ZipFile

from registration.domain.hr_file import Kind
from registration.workbook.archive import WORKBOOK, broken

Mark = Kind | int
"""The kind of a cell, or the number of digits with which a whole number is shown."""
Marks = Mapping[int, Mapping[int, Mark]]
"""By the number of the row (from 1) and of the column (from 0)."""
Styles = Mapping[bytes, Mark]
"""By the number of the style."""

_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_STYLES: Final = "xl/styles.xml"
_PERCENT_FORMATS: Final = (b"9", b"10")  # ECMA-376 part 1, 18.8.30

_SHEET: Final = re.compile(rb"<(?:\w+:)?sheet\s([^<>]*)>")
_RELATION: Final = re.compile(rb"<(?:\w+:)?Relationship\s([^<>]*)>")
_FORMAT: Final = re.compile(rb"<(?:\w+:)?numFmt\s([^<>]*)>")
_CELL_STYLES: Final = re.compile(rb"<(?:\w+:)?cellXfs\b(.*?)</(?:\w+:)?cellXfs>", re.DOTALL)
_STYLE: Final = re.compile(rb"<(?:\w+:)?xf\s([^<>]*)>")
_ATTRIBUTE: Final = re.compile(rb"([\w:]+)\s*=\s*([\"'])(.*?)\2", re.DOTALL)
# A tag is looked for with the prefix of its namespace: a pattern that begins with plain text is found ten times faster.
_PREFIX: Final = re.compile(rb"<(\w+:)?sheetData\b")
_ERROR: Final = rb"<%(p)bc ([^<>]*\bt=[\"']e[\"'][^<>]*)>"
_NOT_CALCULATED: Final = (
    rb"<%(p)bc ([^<>]*)>\s*<%(p)bf\b(?:[^<>]*/>|[^<>]*>[^<>]*</%(p)bf>)"
    rb"\s*(?:<%(p)bv\s*/>|<%(p)bv></%(p)bv>)?\s*</%(p)bc>"
)
_STYLED: Final = rb"<%(p)bc ([^<>]*\bs=[\"'](?:%(styles)b)[\"'][^<>]*)>"
_ZEROS: Final = re.compile(rb"0{2,15}")
_QUOTED: Final = re.compile(rb"&quot;.*?&quot;|\\.")
_PLACE: Final = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")


def sheet_parts(archive: ZipFile) -> list[str]:
    """The names of the parts that are the workbook's sheets, in its order. Raises FileFault when two are the same."""
    targets = {each[b"Id"]: each[b"Target"].decode() for each in _tags(_RELATION, archive.read(_RELATIONS))}
    sheets = [_relation_of(sheet) for sheet in _tags(_SHEET, archive.read(WORKBOOK))]
    parts = [posixpath.normpath(posixpath.join("/xl", targets[sheet])).lstrip("/") for sheet in sheets]
    if len(set(parts)) < len(parts):
        raise broken()
    return parts


def styles_in(archive: ZipFile) -> Styles:
    """The marks of the styles that have one, by their numbers."""
    if _STYLES not in archive.namelist():
        return {}
    styles = archive.read(_STYLES)
    formats: dict[bytes, Mark] = dict.fromkeys(_PERCENT_FORMATS, "percentage")
    for each in _tags(_FORMAT, styles):
        if (mark := _mark_of(each.get(b"formatCode", b""))) is not None:
            formats[each[b"numFmtId"]] = mark
    cell_styles = _CELL_STYLES.search(styles)
    numbers = [each.get(b"numFmtId", b"0") for each in _tags(_STYLE, cell_styles[1])] if cell_styles else []
    return {b"%d" % style: formats[number] for style, number in enumerate(numbers) if number in formats}


def marks_in(archive: ZipFile, part: str, styles: Styles) -> Marks:
    """The marks of the cells in this part, some by their styles. Raises FileFault when it is no sheet."""
    sheet = archive.read(part)
    found: dict[int, dict[int, Mark]] = {}
    for mark, cell in _marked(sheet, styles):
        if place := _PLACE.fullmatch(cell.get(b"r", b"")):
            found.setdefault(int(place[2]), {})[_column(place[1])] = mark
    return found


def _marked(sheet: bytes, styles: Styles) -> Iterator[tuple[Mark, Mapping[bytes, bytes]]]:
    prefix = _PREFIX.search(sheet)
    if prefix is None:
        raise broken()
    names = {b"p": prefix[1] or b"", b"styles": b"|".join(styles)}
    if styles:
        for cell in _tags(re.compile(_STYLED % names), sheet):
            if cell.get(b"t", b"n") == b"n":  # text is shown as it is, whatever the format
                yield styles[cell[b"s"]], cell
    if b"<%(p)bf" % names in sheet:
        cells = _tags(re.compile(_NOT_CALCULATED % names), sheet)
        yield from (("formula", cell) for cell in cells if cell.get(b"t") != b"str")
    yield from (("error", cell) for cell in _tags(re.compile(_ERROR % names), sheet))


def _mark_of(code: bytes) -> Mark | None:
    if _ZEROS.fullmatch(code):
        return len(code)
    return "percentage" if b"%" in _QUOTED.sub(b"", code) else None


def _relation_of(sheet: Mapping[bytes, bytes]) -> bytes:
    return next(value for name, value in sheet.items() if name.endswith(b":id"))


def _tags(pattern: re.Pattern[bytes], text: bytes) -> Iterator[dict[bytes, bytes]]:
    """The attributes of each tag that the pattern finds."""
    for found in pattern.finditer(text):
        yield {name: value for name, _, value in _ATTRIBUTE.findall(found[1])}


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number - 1
