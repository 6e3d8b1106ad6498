"""Lines of text that keep to their place on a printed page."""

import unicodedata
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, islice
from typing import Any

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFArray, PDFStreamFilterZCompress
from reportlab.pdfbase.ttfonts import TTFont, TTFontFace
from reportlab.pdfgen.canvas import Canvas

from notifications.rendering import scripts
from notifications.rendering.typefaces import BOLD, FILES, REGULAR

__all__ = ["BOLD", "REGULAR", "Setting", "draw", "fitted", "fonts", "is_plain", "width"]

# What names and titles are written with beside ASCII, by and large.
_COMMON = "–’‘“”…·€àáâãäåæçèéêëìíîïñòóôöøùúûüýßğışšłńőžÁÅÇÉËÍÖØÓÜŠŁŽ"


@dataclass(frozen=True, slots=True)
class Setting:
    """Lines of one size, in points."""

    size: float
    lines: Sequence[str]


@cache
def fonts() -> None:
    """Makes both fonts known, once; they have what Europe writes with, Greek and Cyrillic included. `scripts` has the
    rest.
    """
    # Mail is encoded as a whole: pages that are text already would only be longer.
    rl_config.useA85 = 0
    for name, file in FILES.items():
        pdfmetrics.registerFont(_Font(name, str(file)))


def is_plain(text: str, font: str) -> bool:
    """Whether the font alone can set the text, a character after the other."""
    return text.isascii() or _plain(font).issuperset(text)


def width(text: str, font: str, size: float) -> float:
    """How wide the text is, in points."""
    if is_plain(text, font):
        return float(pdfmetrics.stringWidth(text, font, size))
    return scripts.width(text, font) * size


def draw(canvas: Canvas, x: float, y: float, text: str, font: str, size: float) -> None:
    """The line from x, on the baseline y, in the canvas's colour."""
    if is_plain(text, font):
        canvas.setFont(font, size)
        canvas.drawString(x, y, text)
    else:
        scripts.draw(canvas, x, y, text, font, size)


def fitted(text: str, font: str, sizes: Sequence[float], room: float, lines: int) -> Setting:
    """The text at the largest of `sizes` at which it takes no more than so many lines of that room.

    What is too long even for the smallest is cut, and ends in an ellipsis.
    """
    for size in sizes:
        wrapped = list(islice(_wrapped(text, font, size, room), lines + 1))
        if len(wrapped) <= lines:
            return Setting(size, wrapped)
    *kept, last = wrapped[:lines]
    last = last[: _fitting(last, font, size, room)]
    left = list(last) if is_plain(last, font) else scripts.clusters(last)
    while width(f"{''.join(left)}…", font, size) > room:
        left.pop()
    return Setting(size, [*kept, f"{''.join(left)}…"])


@cache
def _plain(font: str) -> frozenset[str]:
    """The characters that the font has and that do not change their place or shape beside others."""
    shapes = pdfmetrics.getFont(font).face.charToGlyph  # type: ignore[attr-defined]  # the library's types have no face
    return frozenset(character for character in map(chr, shapes) if not unicodedata.combining(character))


def _wrapped(text: str, font: str, size: float, room: float) -> Iterator[str]:
    """Lines with as many words as fit; a word that is wider than a line is broken."""
    space = width(" ", font, size)
    line, used = "", 0.0
    for word in text.split():
        wide = width(word, font, size)
        if line and used + space + wide <= room:
            line, used = f"{line} {word}", used + space + wide
            continue
        if line:
            yield line
        while wide > room:
            end = _fitting(word, font, size, room)
            yield word[:end]
            word = word[end:]
            wide = width(word, font, size)
        line, used = word, wide
    if line:
        yield line


def _fitting(word: str, font: str, size: float, room: float) -> int:
    """How many of its characters fit, one at least."""
    if is_plain(word, font):
        reaches = list(accumulate(width(character, font, size) for character in word))
        return max(bisect_right(reaches, room), 1)
    parts = scripts.clusters(word)
    reaches = list(accumulate(scripts.reach(part, font) * size for part in parts))
    return len("".join(parts[: max(bisect_right(reaches, room), 1)]))


class _Face(TTFontFace):
    """A face whose selections of characters are made once: nearly all documents have the same."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self._selected = lru_cache(maxsize=32)(super().makeSubset)

    def makeSubset(self, subset: Sequence[int]) -> bytes:  # noqa: N802  # the library's name
        return bytes(self._selected(tuple(subset)))


class _Font(TTFont):
    """A font that gives every document the common characters first, in the same order, and packs them once."""

    def __init__(self, name: str, file: str) -> None:
        super().__init__(name, file, asciiReadable=True)
        self.face = _Face(file)

    def splitString(self, text: Any, doc: Any, encoding: str = "utf-8") -> list[tuple[int, bytes]]:  # noqa: N802
        if doc not in self.state:
            super().splitString(_COMMON, doc)
        return list(super().splitString(text, doc, encoding))

    def addObjects(self, doc: Any) -> None:  # noqa: N802
        super().addObjects(doc)
        for name, part in doc.idToObject.items():
            if name.startswith(("fontFile:", "toUnicodeCMap:")):
                part.filters = [_ONCE]
            elif isinstance(getattr(part, "Widths", None), PDFArray):
                part.Widths = _written(tuple(part.Widths.sequence))


class _PackedOnce(PDFStreamFilterZCompress):
    """Compression that remembers what it did: not for pages, which are all different and about people."""

    def encode(self, text: bytes | str) -> bytes:
        return _packed(text)


_ONCE = _PackedOnce()


@lru_cache(maxsize=64)
def _packed(text: bytes | str) -> bytes:
    return zlib.compress(text.encode("ascii") if isinstance(text, str) else text, 9)


@lru_cache(maxsize=32)
def _written(widths: tuple[float, ...]) -> str:
    return f"[{' '.join(f'{wide:g}' for wide in widths)}]"
