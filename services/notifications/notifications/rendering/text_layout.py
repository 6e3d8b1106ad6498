"""Text that is fitted into the room it has on a page, and drawn there."""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, islice

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from notifications.rendering import shaper
from notifications.rendering.shaper import clusters


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one font size, in points."""

    size: float
    lines: Sequence[str]


def is_plain(text: str, font: str) -> bool:
    """Tells whether the font can set the text without shaping, one character after the other."""
    return text.isascii() or _plain_characters(font).issuperset(text)


def width(text: str, font: str, size: float) -> float:
    """Returns the width of the text in points."""
    if is_plain(text, font):
        return float(pdfmetrics.stringWidth(text, font, size))
    return shaper.width(text, font) * size


def draw(canvas: Canvas, x: float, y: float, text: str, font: str, size: float) -> None:
    """Draws the line from x, on the baseline y, in the canvas's colour."""
    if is_plain(text, font):
        canvas.setFont(font, size)
        canvas.drawString(x, y, text)
    else:
        shaper.draw(canvas, x, y, text, font, size)


def fit(text: str, font: str, sizes: Sequence[float], room: float, lines: int) -> Block:
    """Returns the text at the largest of `sizes` at which it takes no more than so many lines of that width.

    A text that is too long even at the smallest is cut, and ends in an ellipsis.
    """
    for size in sizes:
        wrapped = list(islice(_wrap(text, font, size, room), lines + 1))
        if len(wrapped) <= lines:
            return Block(size, wrapped)
    *kept, last = wrapped[:lines]
    left = clusters(last)
    while width(f"{''.join(left)}…", font, size) > room:
        left.pop()
    return Block(size, [*kept, f"{''.join(left)}…"])


@cache
def _plain_characters(font: str) -> frozenset[str]:
    """Returns the characters of the font that do not change their place or shape beside others."""
    glyphs = pdfmetrics.getFont(font).face.charToGlyph  # type: ignore[attr-defined]  # the library's types have no face
    return frozenset(character for character in map(chr, glyphs) if not unicodedata.combining(character))


def _wrap(text: str, font: str, size: float, room: float) -> Iterator[str]:
    """Yields lines with as many words as fit; a word that is wider than a line is broken."""
    if text and width(text, font, size) <= room:
        yield text
        return
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if width(longer, font, size) <= room:
            line = longer
            continue
        if line:
            yield line
        *full, line = _break(word, font, size, room)
        yield from full
    if line:
        yield line


def _break(word: str, font: str, size: float, room: float) -> Iterator[str]:
    """Yields pieces of the word that are no wider than a line, or a single cluster."""
    while width(word, font, size) > room:
        parts = clusters(word)
        ends = list(accumulate(_advance(part, font) * size for part in parts))
        piece = "".join(parts[: max(bisect_right(ends, room), 1)])
        yield piece
        word = word[len(piece) :]
    yield word


@lru_cache(maxsize=4096)
def _advance(cluster: str, font: str) -> float:
    return width(cluster, font, 1)
