"""The two fonts of a page, and where they are."""

from pathlib import Path

import font_source_sans_pro  # type: ignore[import-untyped]  # it comes without types

REGULAR, BOLD = "SourceSans", "SourceSans-Semibold"
FILES = {
    REGULAR: Path(font_source_sans_pro.font_files_ttf["SourceSansPro"]),
    BOLD: Path(font_source_sans_pro.font_files_ttf["SourceSansProSemibold"]),
}
