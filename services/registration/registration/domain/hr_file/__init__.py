"""The files that HR departments export from what they have: read into enrolments, and written so that they read back.

Pure: from bytes, or the rows of a worksheet, to enrolments; and from cells to lines.
"""

from registration.domain.hr_file.cells import Kind, TypedCell
from registration.domain.hr_file.columns import Columns, is_header, known_names
from registration.domain.hr_file.export import HEADER, csv_line
from registration.domain.hr_file.faults import COLUMNS, Fault, FileFault, at_line
from registration.domain.hr_file.file import HrFile
from registration.domain.hr_file.lines import LONGEST_ROW, MOST_LINES
from registration.domain.hr_file.rows import Row
from registration.domain.hr_file.sheet import Sheet, sheet_line

__all__ = [
    "COLUMNS",
    "HEADER",
    "LONGEST_ROW",
    "MOST_LINES",
    "Columns",
    "Fault",
    "FileFault",
    "HrFile",
    "Kind",
    "Row",
    "Sheet",
    "TypedCell",
    "at_line",
    "csv_line",
    "is_header",
    "known_names",
    "sheet_line",
]
