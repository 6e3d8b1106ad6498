"""The picture of a ticket code."""

import io
import struct
import zlib

import pytest
import zxingcpp
from PIL import Image

from notifications.rendering.qr import QUIET, matrix, picture
from tests.unit.notifications.builders import CODE


def modules_of(png: bytes) -> list[list[bool]]:
    """Dark or not, module by module, quiet zone included; read as PNG has it (one bit, grey, two filters)."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (width, depth, colour) == (height, 1, 0)
    data, place = b"", 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        data += png[place + 8 : place + 8 + length] if png[place + 4 : place + 8] == b"IDAT" else b""
        place += 12 + length
    raw, stride = zlib.decompress(data), (width + 7) // 8 + 1
    lines: list[bytes] = [bytes(stride - 1)]
    for start in range(0, len(raw), stride):
        kind, line = raw[start], raw[start + 1 : start + stride]
        assert kind in (0, 2), "neither as it is nor as the difference to the line above"
        lines.append(bytes((a + b) % 256 for a, b in zip(line, lines[-1], strict=True)) if kind else line)
    return [[not (line[x // 8] >> (7 - x % 8)) & 1 for x in range(2, width, 4)] for line in lines[3::4]]


def test_it_has_finders_in_three_corners_within_a_quiet_zone() -> None:
    modules = modules_of(picture(CODE))
    size = len(modules)
    finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]

    def corner(x: int, y: int) -> list[str]:
        return ["".join(str(int(dark)) for dark in row[x : x + 7]) for row in modules[y : y + 7]]

    assert corner(4, 4) == corner(size - 11, 4) == corner(4, size - 11) == finder
    border = [*modules[:4], *modules[-4:], *(row[:4] + row[-4:] for row in modules)]
    assert not any(dark for row in border for dark in row)


def test_dark_and_light_are_spread_evenly_enough_for_scanners() -> None:
    modules = modules_of(picture(CODE))
    inner = [dark for row in modules[4:-4] for dark in row[4:-4]]
    assert 0.4 < sum(inner) / len(inner) < 0.6


@pytest.mark.parametrize("length", [20, 230, 600])
def test_a_scanner_reads_the_code_from_the_picture(length: int) -> None:
    code = (CODE * 8)[:length]
    scanned = zxingcpp.read_barcode(Image.open(io.BytesIO(picture(code))))
    assert scanned is not None
    assert scanned.text == code


def test_each_code_has_one_picture() -> None:
    assert picture(CODE) == picture(CODE)
    assert picture(CODE) != picture(CODE + "x")


def test_the_picture_shows_the_modules_that_are_printed() -> None:
    inner = [row[QUIET:-QUIET] for row in modules_of(picture(CODE))[QUIET:-QUIET]]
    assert inner == [[bool(dark) for dark in row] for row in matrix(CODE)]
