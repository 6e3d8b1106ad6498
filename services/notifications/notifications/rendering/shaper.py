"""Lines in any script, shaped by HarfBuzz and drawn as outlines.

The fonts of the page have the scripts of Europe. A line with anything else is put in visual order by the Unicode
bidirectional algorithm (UAX 9), shaped with the Noto fonts that have its characters, and drawn as outlines: so
a document carries a few shapes, and no font of many megabytes. Copying the line, or having it read aloud, gives its
characters (ISO 32000-1, 14.9.4). A character that no font has is a frame with its number, which can be looked up and is
not taken for a question mark in a name.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import manimgx_fonts  # type: ignore[import-untyped]  # it comes without types
import manimgx_fonts_cjk  # type: ignore[import-untyped]  # likewise
import regex  # type: ignore[import-untyped]  # likewise
import uharfbuzz as hb  # type: ignore[import-untyped]  # likewise
from bidi import algorithm as bidi  # type: ignore[import-untyped]  # likewise
from reportlab.pdfgen.canvas import Canvas

from notifications.rendering.fonts import BOLD, FILES

_NOTO = Path(manimgx_fonts.__file__).parent
_NOTO_SANS = _NOTO / "NotoSans[wght].ttf"
_NOTO_CJK = Path(manimgx_fonts_cjk.__file__).parent / "NotoSansCJK-VF.otf.ttc"
# Where the shapes of one character differ between countries: the place of each in the collection.
_JAPANESE, _KOREAN, _CHINESE = 0, 1, 2
# After the fonts of single scripts, since these have characters of many.
_LAST = (_NOTO_SANS, _NOTO / "NotoSansSymbols[wght].ttf", _NOTO / "NotoEmoji[wght].ttf")
_EUROPEAN = ("LATIN", "GREEK", "CYRILLIC", "COMBINING")
# Of a character without a font: the outline of its frame in thousandths, the side of it, and the size of its digits.
_FRAME, _FRAME_SIDE, _DIGIT_SIZE = "0 -120 800 800 re 40 640 720 -720 re", 0.8, 0.34
_DIRECTED = frozenset({"L", "R", "AL", "EN", "ES", "ET", "AN", "CS", "NSM", "ON"})


class _Glyph(NamedTuple):
    """An outline, its scale, and its advance and offsets in a line of size 1."""

    outline: str
    scale: float
    advance: float
    dx: float
    dy: float


@dataclass(frozen=True, slots=True)
class _Face:
    """A font in one weight."""

    font: hb.Font
    per_em: int

    def has(self, cluster: str) -> bool:
        """Tells whether it has a glyph for all that is visible of the cluster."""
        return all(self.font.get_nominal_glyph(ord(each)) for each in cluster if not _is_ignorable(each))


class _Run(NamedTuple):
    """Text of one face and one direction. No font has the text when the face is None."""

    face: _Face | None
    right_to_left: bool
    text: str


def width(text: str, font: str) -> float:
    """Returns the width of the line at size 1."""
    return sum(glyph.advance for glyph in _glyphs(text, font))


def clusters(text: str) -> list[str]:
    """Returns the characters as readers see them (UAX 29): letters with their marks, emoji of several parts."""
    found: list[str] = regex.findall(r"\X", text)
    return found


def missing(text: str, font: str) -> str:
    """Returns the characters of the line that no font has."""
    return "".join(run.text for run in _runs(text, font) if run.face is None)


def visual_order(text: str, font: str) -> str:
    """Returns its characters from left to right as they stand on the page."""
    return "".join(
        "".join(reversed(clusters(run.text))) if run.right_to_left else run.text for run in _runs(text, font)
    )


def draw(canvas: Canvas, x: float, y: float, text: str, font: str, size: float) -> None:
    """Draws the line from x, on the baseline y, in the canvas's colour."""
    glyphs = list(_glyphs(text, font))
    blank = sum(glyph.advance for glyph in glyphs) * size - canvas.stringWidth(" ", font, size)
    canvas.addLiteral(f"/Span <</ActualText <{(chr(0xFEFF) + text).encode('utf-16-be').hex().upper()}>>> BDC")
    # An invisible space as wide as the line: readers find text where it stands.
    canvas.setFont(font, size)
    canvas.drawString(x, y, " ", mode=3, charSpace=blank)
    for outline, scale, advance, dx, dy in glyphs:
        if outline:
            place = f"{x + dx * size:.2f} {y + dy * size:.2f}"
            canvas.addLiteral(f"q {scale * size:.6f} 0 0 {scale * size:.6f} {place} cm {outline} f Q")
        x += advance * size
    canvas.addLiteral("EMC")


def _glyphs(text: str, font: str) -> Iterator[_Glyph]:
    """Yields the glyphs of the line from left to right."""
    for face, right_to_left, run in _runs(text, font):
        if face is not None:
            yield from _shape(face, run, "rtl" if right_to_left else "ltr")
        else:
            for character in run:
                yield from _framed_number(ord(character), font)


def _runs(text: str, font: str) -> Iterator[_Run]:
    """Yields the runs of the line from left to right."""
    found, country = clusters(text), _country(text)
    ordered = ((_face_of(found[place], font, country), level, found[place]) for place, level in _bidi_order(found))
    for (face, level), parts in groupby(ordered, key=lambda part: part[:2]):
        run = [cluster for _, _, cluster in parts]
        yield _Run(face, level % 2 == 1, "".join(reversed(run) if level % 2 else run))


def _bidi_order(found: Sequence[str]) -> list[tuple[int, int]]:
    """Returns the place in the text and the embedding level of each cluster, from left to right."""
    first = (cluster[0] for cluster in found)
    # Characters that the algorithm would remove, or begin a paragraph at, are spaces to it.
    line = "".join(each if unicodedata.bidirectional(each) in _DIRECTED else " " for each in first)
    storage = bidi.get_empty_storage()
    storage["base_level"] = bidi.get_base_level(line)
    storage["base_dir"] = "LR"[storage["base_level"]]
    bidi.get_embedding_levels(line, storage)
    for place, character in enumerate(storage["chars"]):
        character["place"] = place
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, debug=False)
    bidi.resolve_implicit_levels(storage, debug=False)
    bidi.reorder_resolved_levels(storage, debug=False)
    return [(character["place"], character["level"]) for character in storage["chars"]]


def _shape(face: _Face, run: str, direction: str) -> Iterator[_Glyph]:
    buffer = hb.Buffer()
    buffer.add_str(run)
    buffer.guess_segment_properties()
    buffer.direction = direction
    hb.shape(face.font, buffer)
    em = face.per_em
    for glyph, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        outline = _outline(face, glyph.codepoint)
        yield _Glyph(outline, 1 / em, place.x_advance / em, place.x_offset / em, place.y_offset / em)


def _framed_number(code: int, font: str) -> Iterator[_Glyph]:
    """Yields a frame with the number of a character in it, in two rows of digits."""
    yield _Glyph(_FRAME, 0.001, 0.0, 0.0, 0.0)
    number = f"{code:04X}" if code < 0x10000 else f"{code:06X}"
    half = len(number) // 2
    for digits, y in ((number[:half], 0.24), (number[half:], -0.06)):
        shaped = list(_shape(_page_face(font), digits, "ltr"))
        x = (_FRAME_SIDE - sum(digit.advance for digit in shaped) * _DIGIT_SIZE) / 2
        for digit in shaped:
            yield _Glyph(digit.outline, digit.scale * _DIGIT_SIZE, 0.0, x, y)
            x += digit.advance * _DIGIT_SIZE
    yield _Glyph("", 0.0, _FRAME_SIDE + 0.08, 0.0, 0.0)


@lru_cache(maxsize=1024)
def _outline(face: _Face, glyph: int) -> str:
    """Returns the outline in operators of a page (ISO 32000-1, 8.5.2), in units of the font; empty for a blank."""
    operators: list[str] = []
    face.font.draw_glyph(glyph, _page_operators(), operators)
    return " ".join(operators)


@cache
def _page_operators() -> hb.DrawFuncs:
    """Returns callbacks that append operators to a list; HarfBuzz makes cubic curves of all, as pages want them."""
    draw = hb.DrawFuncs()
    draw.set_move_to_func(lambda x, y, to: to.append(f"{x:.1f} {y:.1f} m"))
    draw.set_line_to_func(lambda x, y, to: to.append(f"{x:.1f} {y:.1f} l"))
    draw.set_cubic_to_func(lambda *xy: xy[6].append(f"{' '.join(f'{each:.1f}' for each in xy[:6])} c"))
    draw.set_close_path_func(lambda to: to.append("h"))
    return draw


@lru_cache(maxsize=4096)
def _face_of(cluster: str, font: str, country: int) -> _Face | None:
    """Returns the first face that has the cluster, else the first that has its first character."""
    faces = _faces(font, country)
    if unicodedata.name(cluster[0], "").startswith(_EUROPEAN):
        faces = [_page_face(font), _noto(_NOTO_SANS, font), *faces]
    return next((face for wanted in (cluster, cluster[0]) for face in faces if face.has(wanted)), None)


@cache
def _faces(font: str, country: int) -> list[_Face]:
    """Returns all faces in order of preference."""
    scripts = [path for path in sorted(_NOTO.glob("*.ttf")) if path not in _LAST and "Italic" not in path.name]
    return [
        _page_face(font),
        *(_noto(path, font) for path in scripts),
        _noto(_NOTO_CJK, font, country),
        *(_noto(path, font) for path in _LAST),
    ]


@cache
def _page_face(font: str) -> _Face:
    return _open(FILES[font], 0, None)


@cache
def _noto(path: Path, font: str, index: int = 0) -> _Face:
    return _open(path, index, 600 if font == BOLD else 400)


def _open(path: Path, index: int, weight: int | None) -> _Face:
    face = hb.Face(hb.Blob.from_file_path(str(path)), index)
    font = hb.Font(face)
    if weight is not None:
        font.set_variations({"wght": weight})
    return _Face(font, face.upem)


def _country(text: str) -> int:
    """Returns whose shapes the characters have that China, Japan and Korea share, told by the script beside them."""
    names = [unicodedata.name(character, "") for character in text]
    if any(name.startswith(("HIRAGANA", "KATAKANA")) for name in names):
        return _JAPANESE
    return _KOREAN if any(name.startswith("HANGUL") for name in names) else _CHINESE


def _is_ignorable(character: str) -> bool:
    """Tells whether nothing is shown for it by itself: joiners, variation selectors, tags."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"
