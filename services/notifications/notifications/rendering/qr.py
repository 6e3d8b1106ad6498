"""The QR code of a ticket (ISO/IEC 18004)."""

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache

import zxingcpp

QUIET = 4  # modules of white around it

# Four pixels a module, sharp at the width of 260 that the letters give it; with one bit a pixel that is one
# hexadecimal digit a module. Pillow takes twice as long for the same picture.
_SCALE = 4
_DIGITS = bytes.maketrans(b"\x00\x01", b"f0")
_MODULES = bytes.maketrans(b"\x00\xff", b"\x01\x00")


@lru_cache(maxsize=16)
def matrix(code: str) -> Sequence[bytes]:
    """Returns rows of modules, a byte each, 1 for dark, without the quiet zone; level M survives 15 % damage.

    A mail shows the same code twice, on its page and on the ticket to print.
    """
    image = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_image(add_quiet_zones=False)
    size, pixels = image.shape[0], bytes(image).translate(_MODULES)  # type: ignore[call-overload]  # of a buffer
    return tuple(pixels[start : start + size] for start in range(0, size * size, size))


def picture(code: str) -> bytes:
    """Returns a PNG of the code with its quiet zone, black on white."""
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
    """Returns a chunk of a PNG (W3C PNG, 5.3)."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
