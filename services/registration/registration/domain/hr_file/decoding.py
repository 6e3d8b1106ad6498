"""From the bytes of a file to its text, whatever programme saved it."""

import codecs
from collections.abc import Iterator
from typing import Final

from registration.domain.hr_file.faults import FileFault, at_line

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ADVICE = "save the file as “CSV UTF-8”"
# What is decoded in one step, bytes: another thread comes to its turn only between two steps.
_STEP: Final = 1024 * 1024


def decoded(data: bytes) -> str:
    """The text: UTF-8, UTF-16 with a byte order mark or, when it is not valid UTF-8, Windows-1252.

    Raises FileFault, with the line, where it is none of them or has a NUL character.
    """
    text = _utf16(data) if data.startswith(_UTF16) else _utf8_or_windows(data)
    nul = text.find("\0")
    if nul >= 0:
        raise at_line(line_at(text, nul), "nul_character", f"has a NUL character: {_ADVICE}")
    return text.lstrip("\ufeff")


def line_at(text: str, position: int) -> int:
    """The number of the line, from 1, on which that character is."""
    both = text.count("\r\n", 0, position)
    return 1 + text.count("\r", 0, position) + text.count("\n", 0, position) - both


def _utf16(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-16", "ignore")
        raise at_line(line_at(before, len(before)), "unknown_encoding", f"is not valid UTF-16: {_ADVICE}") from None


def _utf8_or_windows(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _is_broken_utf8(data):
            message = "is not valid UTF-8, while the rest of the file is: somewhere half a character was cut off"
            raise _byte_fault(data, error.start, "not_utf8", message) from None
    return "".join(_windows(data))


def _windows(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), _STEP):
        try:
            yield data[start : start + _STEP].decode("cp1252")
        except UnicodeDecodeError as error:
            message = f"has a byte that is neither UTF-8 nor Windows-1252: {_ADVICE}"
            raise _byte_fault(data, start + error.start, "unknown_encoding", message) from None


def _is_broken_utf8(data: bytes) -> bool:
    """Whether most of what is not ASCII is UTF-8: read as Windows-1252, it would turn every é into Ã©.

    Systems that cut a name off after so many bytes leave such files. A byte order mark counts as UTF-8 too.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    valid_bytes = accented = 0
    for start in range(0, len(data), _STEP):
        valid = decoder.decode(data[start : start + _STEP])
        valid_bytes += len(valid.encode())
        accented += len(valid) - len(valid.encode("ascii", "ignore"))
    wrong_bytes = len(data) - valid_bytes
    return data.startswith(codecs.BOM_UTF8) or accented > wrong_bytes


def _byte_fault(data: bytes, position: int, code: str, message: str) -> FileFault:
    return at_line(line_at(data[:position].decode("latin-1"), position), code, message)
