"""The ZIP archive that a workbook is, refused before much of it is inflated."""

import io
import zlib
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from culture_connect.contracts import problem
from registration.domain.hr_file import FileFault

WORKBOOK: Final = "xl/workbook.xml"
MOST_INFLATED: Final = 128 * 1024 * 1024  # bytes, of all parts together
MOST_PARTS: Final = 1000
_BROKEN: Final = (BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error)
_ADVICE: Final = "save it as an Excel workbook (.xlsx)"


def opened(data: bytes) -> ZipFile:
    """The archive, of which every part has the size and the checksum that it declares.

    Raises FileFault for one that is damaged, too large, or no workbook.
    """
    try:
        archive = ZipFile(io.BytesIO(data))
        _refuse_large(archive)
        _refuse_strangers(archive)
        damaged = archive.testzip() is not None
    except _BROKEN:
        damaged = True
    if damaged:
        raise broken()
    return archive


def broken() -> FileFault:
    """The fault of a workbook that cannot be read."""
    message = f"is a damaged workbook, or not all of it: open it in a spreadsheet program, and {_ADVICE}"
    return FileFault([problem("broken_workbook", message)])


def _refuse_large(archive: ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_INFLATED:
        message = f"has more than {MOST_PARTS} parts, or more than {MOST_INFLATED} bytes when it is unpacked"
        raise FileFault([problem("too_large", message)])


def _refuse_strangers(archive: ZipFile) -> None:
    names = archive.namelist()
    if WORKBOOK not in names or any(part.flag_bits & 1 for part in archive.infolist()):
        message = f"is a ZIP archive, but not an Excel workbook: {_ADVICE}"
        raise FileFault([problem("unknown_format", message)])
    methods = {part.compress_type for part in archive.infolist()}
    if len(set(names)) < len(names) or not methods <= {ZIP_STORED, ZIP_DEFLATED}:
        raise broken()
