"""Workbooks (XLSX) as spreadsheet programs save them, and as nobody does."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from zipfile import ZIP_DEFLATED, ZipFile

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

SHEET = "xl/worksheets/sheet1.xml"
HEADER = ("Personeelsnummer", "Voornaam", "Achternaam", "E-mailadres")
NOOR = ("00123", "Noor", "de Vries", "noor@acme.example")
EVA = ("00124", "Eva", "Bakker", "eva@acme.example")


def workbook(*rows: Sequence[object], header: Sequence[object] = HEADER) -> bytes:
    """A workbook of one sheet with a header, which is row 1, and these rows."""
    return sheets({"Blad1": [header, *rows]})


def sheets(named: Mapping[str, Iterable[Sequence[object]]], hidden: Sequence[str] = ()) -> bytes:
    """A workbook of several sheets, of which some are hidden."""

    def write(book: Workbook) -> None:
        for name, rows in named.items():
            sheet = book.add_worksheet(name)
            _write(sheet, rows, book.add_format({"num_format": "yyyy-mm-dd"}))
            if name in hidden:
                sheet.hide()

    return saved(write)


def filled(fill: Callable[[Workbook, Worksheet], None]) -> bytes:
    """A workbook of one sheet with a header, in which a function writes the rest."""

    def write(book: Workbook) -> None:
        sheet = book.add_worksheet("Blad1")
        sheet.write_row(0, 0, HEADER)
        fill(book, sheet)

    return saved(write)


def saved(write: Callable[[Workbook], None]) -> bytes:
    """The bytes of a workbook."""
    content = io.BytesIO()
    with Workbook(content, {"in_memory": True}) as book:
        write(book)
    return content.getvalue()


def part_of(data: bytes, name: str = SHEET) -> bytes:
    """The content of a part."""
    with ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The workbook with another content of a part, or with one more part."""
    new = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(new, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for part in old.namelist():
            if part != name:
                archive.writestr(part, old.read(part))
        archive.writestr(name, content)
    return new.getvalue()


def with_cells(data: bytes, rows: str) -> bytes:
    """The workbook with these rows, as XML, below those of its sheet."""
    sheet = part_of(data).replace(b"</sheetData>", rows.encode() + b"</sheetData>")
    return with_part(data, SHEET, sheet)


def _write(sheet: Worksheet, rows: Iterable[Sequence[object]], day: object) -> None:
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(number, column, value, day)
            elif isinstance(value, str):
                sheet.write_string(number, column, value)
            else:
                sheet.write(number, column, value)
