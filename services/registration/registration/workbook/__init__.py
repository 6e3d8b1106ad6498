"""Workbooks (XLSX) of HR departments: recognised by their first bytes, read by python-calamine in a process of its own.

The library makes room for the whole rectangle that the cells of a sheet span, and when there is not so much memory it
aborts the process it runs in. Hence the process: a workbook that is made to be read for ever ends that one, within the
bounds of `reader_process`, and this one says so to whoever sent it.
"""

from registration.workbook.reader_process import sheet_in
from registration.workbook.signature import is_workbook

__all__ = ["is_workbook", "sheet_in"]
