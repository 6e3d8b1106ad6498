"""The two fonts of a printed page. Nearly all documents have the same characters of them, so their parts are cached."""

import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import font_source_sans_pro  # type: ignore[import-untyped]  # it comes without types
from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFArray, PDFStreamFilterZCompress
from reportlab.pdfbase.ttfonts import TTFont, TTFontFace

REGULAR, BOLD = "SourceSans", "SourceSans-Semibold"
FILES = {
    REGULAR: Path(font_source_sans_pro.font_files_ttf["SourceSansPro"]),
    BOLD: Path(font_source_sans_pro.font_files_ttf["SourceSansProSemibold"]),
}
# Frequent characters of names and titles beside ASCII.
_COMMON = "–’‘“”…·€àáâãäåæçèéêëìíîïñòóôöøùúûüýßğışşłńőžÁÅÇÉËÍÖØÓÜŠŁŽ"


@cache
def register() -> None:
    """Makes both fonts known to ReportLab, once. They have Latin, Greek and Cyrillic; `shaper` has the rest."""
    # Mail is encoded as a whole: pages that are text already would only be longer.
    rl_config.useA85 = 0
    for name, file in FILES.items():
        pdfmetrics.registerFont(_Font(name, str(file)))


class _Face(TTFontFace):
    """A font file that caches its subsets."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self._subsets = lru_cache(maxsize=32)(super().makeSubset)

    def makeSubset(self, subset: Sequence[int]) -> bytes:  # noqa: N802  # the library's name
        return bytes(self._subsets(tuple(subset)))


class _Font(TTFont):
    """A font that gives every document the common characters first, in the same order."""

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
                part.filters = [_CachedCompression()]
            elif isinstance(getattr(part, "Widths", None), PDFArray):
                part.Widths = _array(tuple(part.Widths.sequence))


class _CachedCompression(PDFStreamFilterZCompress):
    """Compression that caches its results: not for pages, which are all different and about people."""

    def encode(self, text: bytes | str) -> bytes:
        return _compressed(text)


@lru_cache(maxsize=64)
def _compressed(text: bytes | str) -> bytes:
    return zlib.compress(text.encode("ascii") if isinstance(text, str) else text, 9)


@lru_cache(maxsize=32)
def _array(widths: tuple[float, ...]) -> str:
    return f"[{' '.join(f'{width:g}' for width in widths)}]"
