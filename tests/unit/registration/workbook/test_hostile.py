"""Workbooks that are made to be read for ever end within bounds of time and memory, and are refused."""

import io
import resource
import struct
from collections.abc import Iterator
from itertools import repeat
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest

from registration.domain.hr_file import HrFile
from registration.workbook import sheet_in
from registration.workbook.reader_process import MOST_SECONDS
from tests.support.workbooks import HEADER, NOOR, SHEET, filled, part_of, with_cells, with_part, workbook
from tests.unit.registration.hr_file.files import names
from tests.unit.registration.workbook.files import refused_by_process

MEBIBYTE = 1024 * 1024
PLAIN = workbook(NOOR)
STRINGS = "xl/sharedStrings.xml"
TOO_LARGE = [(None, "too_large")]
BROKEN = [(None, "broken_workbook")]


@pytest.fixture(autouse=True)
def within_bounds() -> Iterator[None]:
    """No reading takes more processor time than a process may have."""
    before = _spent()
    yield
    assert _spent() - before < MOST_SECONDS + 2


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def declaring(data: bytes, part: str, size: int) -> bytes:
    """The workbook, of which a part says that it has another size when it is unpacked."""
    name = part.encode()
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    local = data.rindex(b"PK\x03\x04", 0, data.index(name))
    changed = bytearray(data)
    for start in (entry + 24, local + 22):
        changed[start : start + 4] = struct.pack("<I", size)
    return bytes(changed)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = with_part(PLAIN, STRINGS, bytes(129 * MEBIBYTE))
    before = _spent()
    assert refused_by_process(bomb) == TOO_LARGE
    assert _spent() - before < 2


@pytest.mark.parametrize("part", [SHEET, STRINGS, "xl/media/image1.png"])
@pytest.mark.parametrize("size", [0, 10, 1000])
def test_a_bomb_that_declares_another_size_is_refused(part: str, size: int) -> None:
    assert refused_by_process(declaring(with_part(PLAIN, part, bytes(30 * MEBIBYTE)), part, size)) == BROKEN


def test_a_bomb_inside_a_part_is_never_unpacked() -> None:
    bomb = io.BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        archive.writestr("inner.xml", bytes(200 * MEBIBYTE))
    assert names(HrFile.of(sheet_in(with_part(PLAIN, "xl/embeddings/bomb.zip", bomb.getvalue())))) == ["Noor"]


def test_an_archive_of_many_parts_is_refused() -> None:
    many = io.BytesIO(PLAIN)
    with ZipFile(many, "a") as archive:
        for number in range(60_000):
            archive.writestr(f"xl/media/{number}", b"")
    assert refused_by_process(many.getvalue()) == TOO_LARGE


def test_a_part_that_is_there_twice_is_refused() -> None:
    twice = io.BytesIO(PLAIN)
    with ZipFile(twice, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(SHEET, part_of(PLAIN))
    assert refused_by_process(twice.getvalue()) == BROKEN


def test_a_compression_that_no_spreadsheet_program_uses_is_refused() -> None:
    packed = io.BytesIO(PLAIN)
    with ZipFile(packed, "a", ZIP_BZIP2) as archive:
        archive.writestr("xl/media/image1.png", bytes(MEBIBYTE))
    assert refused_by_process(packed.getvalue()) == BROKEN


def test_a_cell_in_the_last_corner_of_a_sheet_takes_no_room_here() -> None:
    assert refused_by_process(filled(lambda _, sheet: sheet.write(1_048_575, 16_383, "x") and None)) == TOO_LARGE


@pytest.mark.parametrize("place", ["XFE1", "ZZZ9999999", "A99999999999999999999", "AAAAAAAAAAAAAA1", "A0", "1", ""])
def test_a_cell_outside_of_every_sheet_ends_nothing(place: str) -> None:
    found = refused_by_process(with_cells(PLAIN, f'<row r="3"><c r="{place}"><v>1</v></c></row>' * 2 + "<row"))
    assert found in (TOO_LARGE, BROKEN)


def test_a_part_that_is_many_sheets_is_refused() -> None:
    book = part_of(PLAIN, "xl/workbook.xml")
    more = b"".join(b'<sheet name="%d" sheetId="%d" r:id="rId1"/>' % (number, number) for number in range(2, 900))
    data = with_part(PLAIN, "xl/workbook.xml", book.replace(b"</sheets>", more + b"</sheets>"))
    assert refused_by_process(data) == BROKEN


def test_a_million_rows_are_refused_at_the_first_one_too_many() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(3, 1_000_000))
    assert refused_by_process(with_cells(PLAIN, rows)) == [("line 100001", "too_many_lines")]


def test_a_header_of_all_columns_is_refused() -> None:
    assert refused_by_process(workbook(NOOR, header=(*HEADER, *repeat("x", 16_380)))) == [("columns", "too_long")]


def test_a_row_of_all_columns_is_a_fault_and_empty_ones_are_left_out() -> None:
    wide = HrFile.of(sheet_in(workbook((*NOOR, *repeat("x", 16_380)), NOOR)))
    assert [row.employee_ref for row in wide.rows()] == ["00123", "00123"]
    assert isinstance(next(wide.rows()).request(None), list)


def test_a_text_that_stands_in_a_row_many_times_is_bounded() -> None:
    row = (*NOOR, *repeat("x" * 10_000, 7))
    assert refused_by_process(workbook(NOOR, row, header=(*HEADER, *"abcdefg"))) == [("line 3", "too_long")]


def test_a_text_that_stands_in_many_rows_is_bounded() -> None:
    assert (
        refused_by_process(workbook(*repeat((*NOOR, "x" * 30_000), 1000), header=(*HEADER, "Opmerking"))) == TOO_LARGE
    )


def test_an_entity_is_not_expanded_and_no_file_is_read() -> None:
    laughs = '<!ENTITY a "haha">' + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghij", "bcdefghijk", strict=True)
    )
    for entity, reference in [(laughs, "&k;"), ('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;")]:
        strings = part_of(PLAIN, STRINGS).decode().replace("<sst", f"<!DOCTYPE sst [{entity}]><sst")
        data = with_part(PLAIN, STRINGS, strings.replace(">Noor<", f">{reference}<").encode())
        assert refused_by_process(data) == BROKEN


@pytest.mark.parametrize(
    "filler",
    ["<c ", '<c r="A1" ', "<c t=", "<c r='A1'><f>", "<row><c><v>", '<c s="1" '],
)
def test_xml_without_an_end_is_refused(filler: str) -> None:
    assert refused_by_process(with_cells(PLAIN, filler * (5 * MEBIBYTE // len(filler)))) in (BROKEN, TOO_LARGE)
