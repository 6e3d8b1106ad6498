"""The code of a ticket as a picture (ISO/IEC 18004)."""

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache

import segno

# Trying all eight masks takes four times as long as all the rest. They are there to break up large even areas,
# which a signed code, random by nature, does not have; any of them can be read.
_MASK = 3
QUIET = 4  # modules of white around it

# Four pixels a module, sharp at the width of 260 that the letters give it; with one bit a pixel that is one
# hexadecimal digit a module. The library's own writer goes pixel by pixel and takes as long as all the rest.
_SCALE = 4
_DIGITS = bytes.maketrans(b"\x00\x01", b"f0")


@lru_cache(maxsize=16)
def matrix(code: str) -> Sequence[bytes]:
    """Rows of modules, a byte each, 1 for dark, without the quiet zone; survives 15 % damage (level M).

    A mail shows the same code twice, on its page and on the ticket to print.
    """
    return tuple(bytes(row) for row in segno.make(code, error="m", boost_error=False, micro=False, mask=_MASK).matrix)


def picture(code: str) -> bytes:
    """A PNG of the code with its quiet zone, black on white."""
    rows_of_code = matrix(code)
    modules = len(rows_of_code) + 2 * QUIET
    side, above = b"f" * QUIET, [b"f" * modules] * QUIET
    rows = [*above, *(side + row.translate(_DIGITS) + side for row in rows_of_code), *above]
    # A line begins with its filter, none; the number of modules is odd, and a line ends with its byte.
    lines = b"".join((b"\x00" + bytes.fromhex((row + b"f").decode())) * _SCALE for row in rows)
    size = modules * _SCALE
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(lines))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    """A piece of a PNG (W3C PNG, 5.3)."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
