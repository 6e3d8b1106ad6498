"""The contents of a workbook, read by the code that runs in the process of its own."""

from collections.abc import Callable

import pytest

from registration.domain.hr_file import FileFault, HrFile, Sheet
from registration.workbook import sheet_in
from registration.workbook.sheets import lines_of


def read(data: bytes) -> HrFile:
    """The file in a workbook."""
    return HrFile.of(Sheet(lines_of(data)))


def refused(data: bytes) -> list[tuple[str | None, str]]:
    """The problems of a workbook that cannot be used: field and code of each problem."""
    return _problems(read, data)


def refused_by_process(data: bytes) -> list[tuple[str | None, str]]:
    """The same, as the process tells it."""
    return _problems(sheet_in, data)


def _problems(reading: Callable[[bytes], object], data: bytes) -> list[tuple[str | None, str]]:
    with pytest.raises(FileFault) as caught:
        reading(data)
    return [(problem.field, problem.code) for problem in caught.value.problems]
