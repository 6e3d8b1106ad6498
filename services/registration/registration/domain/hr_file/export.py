"""Lines of a file for HR, which spreadsheets open safely and which `HrFile` reads back."""

import re
from collections.abc import Sequence
from typing import Final

from registration.domain.hr_file.values import protected

HEADER: Final[Sequence[str]] = (
    *("employee_ref", "given_name", "family_name", "email", "language", "starts_on", "ends_on", "leaves_on"),
)
_SPECIAL: Final = re.compile('[;"\r\n]')


def csv_line(cells: Sequence[str]) -> str:
    """One line, its end included (RFC 4180, with semicolons); no cell in it is a formula to a spreadsheet."""
    return ";".join(_quoted(protected(cell)) for cell in cells) + "\r\n"


def _quoted(cell: str) -> str:
    if not _SPECIAL.search(cell):
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
