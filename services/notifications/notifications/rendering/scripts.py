"""Lines in any script, drawn as outlines.

The fonts of the page have what Europe writes with. A line with anything else is put in order by the Unicode
bidirectional algorithm (UAX 9), shaped by HarfBuzz with the fonts that have its characters, and drawn as outlines: so
a document carries a few shapes, and no font of many megabytes. Whoever copies the line, or listens to it, gets its
characters (ISO 32000-1, 14.9.4). What no font has a shape for is a frame with the number of the character in it: that
can be looked up, and is not taken for a question mark in a name.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

import manimgx_fonts  # type: ignore[import-untyped]  # it comes without types
import manimgx_fonts_cjk  # type: ignore[import-untyped]  # likewise
import uharfbuzz as hb  # type: ignore[import-untyped]  # likewise
from bidi import algorithm as bidi  # type: ignore[import-untyped]  # likewise
from reportlab.pdfgen.canvas import Canvas

from notifications.rendering.typefaces import BOLD, FILES

_NOTO = Path(manimgx_fonts.__file__).parent
_CJK = Path(manimgx_fonts_cjk.__file__).parent / "NotoSansCJK-VF.otf.ttc"
# Where the shapes of one character differ between countries: the place of each in the collection.
_JAPANESE, _KOREAN, _CHINESE = 0, 1, 2
# After those of the scripts, since these have characters of many.
_LAST = ("NotoSans[wght].ttf", "NotoSansSymbols[wght].ttf", "NotoEmoji[wght].ttf")
_EUROPEAN = ("LATIN", "GREEK", "CYRILLIC", "COMBINING")
_FRAME, _DIGIT = 0.8, 0.34  # the sides of a frame and its digits, of the size of the line

# What belongs to the character before it, though it is no mark: joiners, variants, shades of skin, tags.
_JOINERS = "\u200c\u200d"
_CONTINUING = frozenset(_JOINERS) | {chr(code) for code in (*range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080))}


_DIRECTED = frozenset({"L", "R", "AL", "EN", "ES", "ET", "AN", "CS", "NSM", "ON"})


@dataclass(frozen=True, slots=True)
class _Glyph:
    """An outline and its place from the beginning of the line, for a line of size 1."""

    outline: str
    scale: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class _Shaped:
    """A line of size 1: its glyphs from left to right, and how wide it is."""

    glyphs: Sequence[_Glyph]
    width: float


@dataclass(frozen=True, slots=True)
class _Face:
    """A font in one weight."""

    font: hb.Font
    per_em: int

    def has(self, cluster: str) -> bool:
        """Whether it has a shape for all that is visible of the cluster."""
        return all(self.font.get_nominal_glyph(ord(each)) for each in cluster if not _is_ignorable(each))


def width(text: str, font: str) -> float:
    """How wide the line is at size 1."""
    return _shaped(text, font).width


@lru_cache(maxsize=4096)
def reach(cluster: str, font: str) -> float:
    """How wide a single cluster is by itself, at size 1."""
    return width(cluster, font)


def clusters(text: str) -> list[str]:
    """What a reader takes for one character each: a letter with its marks, an emoji of several parts."""
    found: list[str] = []
    for character in text:
        continues = character in _CONTINUING or unicodedata.category(character) in ("Mn", "Mc", "Me")
        joined = bool(found) and found[-1].endswith("\u200d") and unicodedata.category(character) in ("So", "Sk")
        if found and (continues or joined):
            found[-1] += character
        else:
            found.append(character)
    return found


def missing(text: str, font: str) -> str:
    """The characters of the line that no font has a shape for."""
    return "".join(cluster for face, _, run in _runs(text, font) if face is None for cluster in run)


def as_seen(text: str, font: str) -> str:
    """Its characters from left to right as they stand on the page."""
    runs = ((level, clusters(run)) for _, level, run in _runs(text, font))
    return "".join("".join(reversed(run) if level % 2 else run) for level, run in runs)


def draw(canvas: Canvas, x: float, y: float, text: str, font: str, size: float) -> None:
    """The line from x, on the baseline y, in the canvas's colour."""
    line = _shaped(text, font)
    canvas.addLiteral(f"/Span <</ActualText <{(chr(0xFEFF) + text).encode('utf-16-be').hex().upper()}>>> BDC")
    # A blank as wide as the line, which nobody sees: what is selected or read aloud is text.
    canvas.setFont(font, size)
    canvas.drawString(x, y, " ", mode=3, charSpace=line.width * size - canvas.stringWidth(" ", font, size))
    for glyph in line.glyphs:
        scale = glyph.scale * size
        place = f"{x + glyph.x * size:.2f} {y + glyph.y * size:.2f}"
        canvas.addLiteral(f"q {scale:.6f} 0 0 {scale:.6f} {place} cm {glyph.outline} f Q")
    canvas.addLiteral("EMC")


def _shaped(text: str, font: str) -> _Shaped:
    glyphs: list[_Glyph] = []
    x = 0.0
    for face, level, run in _runs(text, font):
        for outline, scale, advance, dx, dy in _run(face, run, font, right_to_left=bool(level % 2)):
            if outline:
                glyphs.append(_Glyph(outline, scale, x + dx, dy))
            x += advance
    return _Shaped(glyphs, x)


def _runs(text: str, font: str) -> list[tuple[_Face | None, int, str]]:
    """Parts of one face and one direction, from left to right; None as a face for what no font has."""
    found = clusters(text)
    faces = [_face_of(cluster, font, _country(text)) for cluster in found]
    together = groupby(zip(faces, _levels(found), found, strict=True), key=lambda each: (each[0], each[1]))
    runs = [(face, level, "".join(cluster for _, _, cluster in parts)) for (face, level), parts in together]
    # "From the highest level to the lowest odd level reverse any contiguous sequence" (UAX 9, L2).
    for least in range(max((level for _, level, _ in runs), default=0), 0, -1):
        start = 0
        while start < len(runs):
            end = start
            while end < len(runs) and runs[end][1] >= least:
                end += 1
            runs[start:end] = reversed(runs[start:end])
            start = max(end, start + 1)
    return runs


def _levels(found: Sequence[str]) -> list[int]:
    """How deep each cluster lies in text of the other direction: odd is from right to left."""
    first = "".join(cluster[0] for cluster in found)
    # What the algorithm would take out, or begin a paragraph at, is a blank to it.
    line = "".join(each if unicodedata.bidirectional(each) in _DIRECTED else " " for each in first)
    storage = bidi.get_empty_storage()
    storage["base_level"] = bidi.get_base_level(line)
    storage["base_dir"] = "LR"[storage["base_level"]]
    bidi.get_embedding_levels(line, storage)
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, debug=False)
    bidi.resolve_implicit_levels(storage, debug=False)
    return [int(each["level"]) for each in storage["chars"]]


def _run(
    face: _Face | None, run: str, font: str, *, right_to_left: bool
) -> Iterator[tuple[str, float, float, float, float]]:
    """Outline, its scale, advance and place of each glyph from left to right, of size 1."""
    if face is None:
        framed = [_framed(ord(cluster[0]), font) for cluster in clusters(run)]
        yield from ((outline, 0.001, advance, 0.0, 0.0) for outline, advance in framed)
        return
    buffer = hb.Buffer()
    buffer.add_str(run)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if right_to_left else "ltr"
    hb.shape(face.font, buffer)
    for shape, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        em = face.per_em
        yield (
            _outline(face, shape.codepoint),
            1 / em,
            place.x_advance / em,
            place.x_offset / em,
            place.y_offset / em,
        )


@lru_cache(maxsize=1024)
def _outline(face: _Face, glyph: int) -> str:
    """The outline in operators of a page, in units of the font; empty for a blank."""
    pen = _Pen()
    face.font.draw_glyph_with_pen(glyph, pen)
    return " ".join(pen.operators)


@lru_cache(maxsize=64)
def _framed(code: int, font: str) -> tuple[str, float]:
    """A frame with the number of a character in it, in thousandths, and its advance at size 1."""
    face = _page_face(font)
    side, edge = _FRAME * 1000, 40
    inner = side - 2 * edge
    operators = [f"0 -120 {side:.0f} {side:.0f} re {edge} {side - 120 - edge:.0f} {inner:.0f} {-inner:.0f} re"]
    number = f"{code:04X}" if code < 0x10000 else f"{code:06X}"
    half = len(number) // 2
    scale = _DIGIT * 1000 / face.per_em
    for row, digits in enumerate((number[:half], number[half:])):
        pen = _Pen(scale, (side - _digits_width(face, digits) * scale) / 2, 240 - row * 300)
        for digit in digits:
            glyph = face.font.get_nominal_glyph(ord(digit)) or 0
            face.font.draw_glyph_with_pen(glyph, pen)
            pen.dx += face.font.get_glyph_h_advance(glyph) * scale
        operators += pen.operators
    return " ".join(operators), _FRAME + 0.08


def _digits_width(face: _Face, digits: str) -> float:
    glyphs = (face.font.get_nominal_glyph(ord(digit)) or 0 for digit in digits)
    return float(sum(face.font.get_glyph_h_advance(glyph) for glyph in glyphs))


class _Pen:
    """Writes an outline down in the operators of a page (ISO 32000-1, 8.5.2); its names are those of font tools."""

    def __init__(self, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0) -> None:
        self.operators: list[str] = []
        self.dx, self._dy, self._scale = dx, dy, scale
        self._at = (0.0, 0.0)

    def moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802  # the name the library calls
        self._write("m", point)

    def lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802  # likewise
        self._write("l", point)

    def curveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802  # likewise
        self._write("c", *points)

    def qCurveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802  # likewise
        """A page has cubic curves only: the same curve as one of those."""
        [control, end] = points
        starts, ends = (
            tuple(one + 2 / 3 * (middle - one) for one, middle in zip(point, control, strict=True))
            for point in (self._at, end)
        )
        self._write("c", (starts[0], starts[1]), (ends[0], ends[1]), end)

    def closePath(self) -> None:  # noqa: N802  # likewise
        self.operators.append("h")

    def endPath(self) -> None:  # noqa: N802  # likewise
        """Nothing is left open."""

    def _write(self, operator: str, *points: tuple[float, float]) -> None:
        self._at = points[-1]
        placed = ((x * self._scale + self.dx, y * self._scale + self._dy) for x, y in points)
        self.operators.append(f"{' '.join(f'{x:.1f} {y:.1f}' for x, y in placed)} {operator}")


@lru_cache(maxsize=4096)
def _face_of(cluster: str, font: str, country: int) -> _Face | None:
    """The face that has the cluster, else one that has its first character, None when there is none."""
    faces = _faces(font, country)
    if unicodedata.name(cluster[0], "").startswith(_EUROPEAN):
        faces = sorted(faces, key=lambda face: face is not faces[0] and face is not _noto(_NOTO / _LAST[0], font))
    for wanted in (cluster, cluster[0]):
        if face := next((face for face in faces if face.has(wanted)), None):
            return face
    return None


@cache
def _faces(font: str, country: int) -> list[_Face]:
    """All faces in the order in which they are asked."""
    scripts = [path for path in sorted(_NOTO.glob("*.ttf")) if path.name not in _LAST and "Italic" not in path.name]
    last = [_NOTO / name for name in _LAST]
    return [
        _page_face(font),
        *(_noto(path, font) for path in scripts),
        _noto(_CJK, font, country),
        *(_noto(path, font) for path in last),
    ]


@cache
def _page_face(font: str) -> _Face:
    return _opened(FILES[font], 0, None)


@cache
def _noto(path: Path, font: str, index: int = 0) -> _Face:
    return _opened(path, index, 600 if font == BOLD else 400)


def _opened(path: Path, index: int, weight: int | None) -> _Face:
    face = hb.Face(hb.Blob.from_file_path(str(path)), index)
    font = hb.Font(face)
    if weight is not None:
        font.set_variations({"wght": weight})
    return _Face(font, face.upem)


def _country(text: str) -> int:
    """Whose shapes the characters have that China, Japan and Korea share: told by what is written beside them."""
    names = [unicodedata.name(character, "") for character in text]
    if any(name.startswith(("HIRAGANA", "KATAKANA")) for name in names):
        return _JAPANESE
    return _KOREAN if any(name.startswith("HANGUL") for name in names) else _CHINESE


def _is_ignorable(character: str) -> bool:
    """Whether nothing is shown for it by itself: joiners, selectors of a variant, tags."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"
