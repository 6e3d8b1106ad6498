"""From the bytes of a file to its text, whatever programme saved it."""

import codecs
import re
from collections.abc import Iterator
from typing import Final

from registration.domain.hr_file.faults import FileFault, at_line

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ADVICE = "save the file as “CSV UTF-8”"
# What is decoded in one step, bytes: another thread comes to its turn only between two steps.
_STEP: Final = 1024 * 1024
# An accented letter within a word, read as Windows-1252.
_WINDOWS: Final = re.compile(rb"(?<=[A-Za-z])[\xc0-\xd6\xd8-\xf6\xf8-\xff]|[\xc0-\xd6\xd8-\xf6\xf8-\xff](?=[a-z])")
# The letters of Mac Roman have the places of other characters: a sign within a word, a capital behind a small letter,
# and some that are right in both (“Köhler” and “Kšhler”).
_MAC: Final = re.compile(
    rb"(?<=[A-Za-z])[\x82-\x84\x86-\x89\x8b\x91\x93\x95\x98\xa7\xbe\xbf]"
    rb"|(?<=[A-Za-z])[\x85\x94\x96\x97\x99\x9a-\x9c\x9e](?=[a-z\x80-\x9f])|(?<=[a-z][a-z])\x92(?=[a-z])"
    rb"|(?<=[a-z])[\x8a\x8c\x8e\x9f]|(?<=[A-Z])[\x8a\x8c\x8e\x9f](?=[a-z])"
    rb"|(?<![A-Za-z])[\x80\x82\x83\x85\x86](?=[a-z])"
)


def decoded(data: bytes) -> str:
    """The text: UTF-8, UTF-16 with a byte order mark or, when it is not valid UTF-8, Windows-1252.

    Raises FileFault, with the line, where it is none of them, may as well be Mac Roman, or has a NUL character.
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
    _refuse_mac_roman(data)
    return "".join(_windows(data))


def _refuse_mac_roman(data: bytes) -> None:
    """Every byte means something in both: names would be others, and nobody would be told."""
    steps = range(0, len(data), _STEP)
    mac = sum(len(_MAC.findall(data, start, start + _STEP)) for start in steps)
    windows = sum(len(_WINDOWS.findall(data, start, start + _STEP)) for start in steps)
    if mac > windows and (first := _MAC.search(data)):
        message = f"has letters as an old Mac program saves them (Mac Roman), or others that cannot be told: {_ADVICE}"
        raise _byte_fault(data, first.start(), "unknown_encoding", message)


def _windows(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), _STEP):
        try:
            yield data[start : start + _STEP].decode("cp1252")
        except UnicodeDecodeError as error:
            message = f"has a byte that is neither UTF-8 nor Windows-1252: {_ADVICE}"
            raise _byte_fault(data, start + error.start, "unknown_encoding", message) from None


def _is_broken_utf8(data: bytes) -> bool:
    """Returns whether most of what is not ASCII is UTF-8: read as Windows-1252, it would turn every é into Ã©.

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
