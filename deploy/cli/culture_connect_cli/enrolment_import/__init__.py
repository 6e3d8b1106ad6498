"""Import of a partner's file of employees through registration's API."""

from culture_connect_cli.enrolment_import.report import is_successful, report_lines, withdrawals_to_confirm
from culture_connect_cli.enrolment_import.upload import ImportOptions, ImportProgress, upload_file

__all__ = [
    "ImportOptions",
    "ImportProgress",
    "is_successful",
    "report_lines",
    "upload_file",
    "withdrawals_to_confirm",
]
