"""Other formats than XLSX are refused with what to do; what is no workbook is left to those who read text."""

import io
from zipfile import ZipFile

import pytest

from registration.domain.hr_file import FileFault
from registration.workbook import is_workbook, sheet_in
from tests.support.workbooks import NOOR, SHEET, with_part, workbook
from tests.unit.registration.workbook.files import refused

BROKEN = [(None, "broken_workbook")]
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)


def archive(**parts: str) -> bytes:
    """A ZIP archive with these parts, whose names have `_` for `/`."""
    content = io.BytesIO()
    with ZipFile(content, "w") as new:
        for name, text in parts.items():
            new.writestr(name.replace("_", "/"), text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (COMPOUND + "EncryptedPackage".encode("utf-16-le"), "encrypted_workbook", "protected with a password"),
        (COMPOUND + "Workbook".encode("utf-16-le"), "unknown_format", "Excel until 2003"),
        (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "unknown_format", "not an Excel workbook"),
        (archive(xl_workbook_bin="x"), "unknown_format", "not an Excel workbook"),
        (archive(word_document="x"), "unknown_format", "not an Excel workbook"),
    ],
    ids=["encrypted", "xls", "ods", "xlsb", "docx"],
)
def test_another_format_is_refused_with_what_to_save_instead(data: bytes, code: str, words: str) -> None:
    assert is_workbook(data)
    with pytest.raises(FileFault) as caught:
        sheet_in(data)
    [problem] = caught.value.problems
    assert (problem.field, problem.code) == (None, code)
    assert words in problem.message
    assert "(.xlsx)" in problem.message


@pytest.mark.parametrize("data", [b"", b"PK", b"Voornaam;Naam", b"\xef\xbb\xbfPK\x03\x04", b"\xff\xfeP\0K\0"])
def test_text_is_no_workbook(data: bytes) -> None:
    assert not is_workbook(data)


@pytest.mark.parametrize("part", [1, 2, 3, 4, 5, 9, 19])
def test_a_workbook_that_was_cut_off_is_refused(part: int) -> None:
    data = workbook(NOOR)
    assert refused(data[: len(data) * part // 20]) == BROKEN


@pytest.mark.parametrize("part", ["xl/_rels/workbook.xml.rels", "xl/workbook.xml", SHEET, "xl/sharedStrings.xml"])
@pytest.mark.parametrize("content", [b"", b"<", b"\xff" * 99, b"<a><b></a>", "<sheetData/>".encode("utf-16")])
def test_a_part_that_is_damaged_is_noticed(part: str, content: bytes) -> None:
    assert refused(with_part(workbook(NOOR), part, content)) in (BROKEN, [(None, "empty_file")])
