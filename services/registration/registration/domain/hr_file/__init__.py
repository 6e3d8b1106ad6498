"""The files that HR departments export from what they have: read into enrolments, and written so that they read back.

Pure: from bytes to rows, and from cells to lines.
"""

from registration.domain.hr_file.export import HEADER, csv_line
from registration.domain.hr_file.faults import Fault, FileFault
from registration.domain.hr_file.file import HrFile
from registration.domain.hr_file.rows import Row

__all__ = ["HEADER", "Fault", "FileFault", "HrFile", "Row", "csv_line"]
