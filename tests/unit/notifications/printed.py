"""A reader of printed tickets: finds what a search, a screen reader or a scanner would find on their pages."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)endobj", re.DOTALL)
# Text that is drawn has its characters beside it, and a blank where it stands (ISO 32000-1, 14.9.4).
_TEXT = re.compile(rb"(?:/Span <</ActualText <FEFF([0-9A-F]+)>>> BDC\s+)?BT 1 0 0 1 (\S+) (\S+) Tm (.*?) ET", re.DOTALL)
_RUN = re.compile(rb"/(F\d+\+\d+) (\S+) Tf|\(((?:\\.|[^\\)])*)\) Tj", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_CODE = re.compile(rb"q\n(\S+) 0 0 \S+ \S+ \S+ cm\n0 0 0 rg\n([\d \nre]+) f\n")
_BAR = re.compile(rb"(\d+) (\d+) (\d+) 1 re")

# By their name in the document: the name people know them by, and the character of each code.
_Fonts = dict[bytes, tuple[str, dict[int, str]]]


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line of text, where it begins, its size (in points), and the font it is set in last."""

    text: str
    font: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class PrintedCode:
    """The bars of a code as (column, row from below, length), and the side of a module in points."""

    bars: list[tuple[int, int, int]]
    module: float


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """Text and code of a page."""

    lines: list[PrintedLine]
    code: PrintedCode

    @property
    def text(self) -> str:
        """Returns all of it, as somebody would copy it."""
        return "\n".join(line.text for line in self.lines)


def pages_of(document: bytes) -> list[PrintedPage]:
    """Returns the pages in order."""
    objects = dict(_OBJECT.findall(document))
    fonts: _Fonts = {}
    for body in objects.values():
        name = re.search(rb"/BaseFont /[A-Z]{6}\+(\S+) .*/Name /(F\d+\+\d+)", body, re.DOTALL)
        shapes = re.search(rb"/ToUnicode (\d+) 0 R", body)
        if name and shapes:
            fonts[name[2]] = name[1].decode(), _shapes(_unpacked(objects[shapes[1]]))
    contents = [re.search(rb"/Contents (\d+) 0 R", body) for body in objects.values()]
    return [_page(_unpacked(objects[found[1]]), fonts) for found in contents if found]


def _unpacked(body: bytes) -> bytes:
    return zlib.decompressobj().decompress(body.partition(b"stream\n")[2])


def _shapes(table: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<([0-9A-F]{2})> <([0-9A-F]{4,})>\n", table.partition(b"beginbfchar\n")[2])
    return {int(code, 16): chr(int(character, 16)) for code, character in pairs}


def _page(content: bytes, fonts: _Fonts) -> PrintedPage:
    [(module, bars)] = _CODE.findall(content)
    return PrintedPage(
        list(_lines(content, fonts)),
        PrintedCode([(int(x), int(y), int(length)) for x, y, length in _BAR.findall(bars)], float(module)),
    )


def _lines(content: bytes, fonts: _Fonts) -> Iterator[PrintedLine]:
    for spoken, x, y, runs in _TEXT.findall(content):
        text, font, size = "", "", 0.0
        shapes: dict[int, str] = {}
        for name, points, literal in _RUN.findall(runs):
            if name:
                (font, shapes), size = fonts[name], float(points)
            else:
                text += "".join(shapes[code] for code in _ESCAPE.sub(_unescaped, literal))
        if spoken:
            text = bytes.fromhex(spoken.decode()).decode("utf-16-be")
        yield PrintedLine(text, font, float(x), float(y), size)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    what = escape[1]
    return bytes([int(what, 8)]) if len(what) == 3 else {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(what, what)
