"""Reads a workbook in a process of its own, with bounds of memory and time, and without the environment of this one."""

import json
import os
import subprocess
import sys
from signal import SIGABRT, SIGKILL, SIGXCPU
from typing import Final

from culture_connect.contracts import RefusalError, problem
from registration.domain.hr_file import FileFault, Sheet
from registration.workbook.signature import refuse_compound_file

MOST_MEMORY: Final = 512 * 1024 * 1024  # bytes
MOST_SECONDS: Final = 15  # of a processor
_LONGEST: Final = 60  # seconds by the clock, on a machine that is busy
REFUSED: Final = 3
TOO_LARGE: Final = 4
_ADVICE: Final = "delete the sheets, columns and rows that do not belong to the list, or save it as “CSV UTF-8”"


def sheet_in(data: bytes) -> Sheet:
    """The sheet of a workbook that has the list. Waits for the process: to be called in a thread.

    Raises FileFault for a workbook that cannot be used, or not within the bounds.
    """
    refuse_compound_file(data)
    try:
        status, answer = _run(data)
    except subprocess.TimeoutExpired:
        status, answer = -SIGXCPU, b""
    if status == REFUSED:
        raise FileFault([RefusalError.model_validate(each) for each in json.loads(answer)])
    if status == -SIGXCPU:
        raise FileFault([problem("too_large", f"takes too long to read: {_ADVICE}")])
    if status in (TOO_LARGE, -SIGABRT, -SIGKILL):
        raise FileFault([problem("too_large", f"takes too much memory to read: {_ADVICE}")])
    if status != 0:
        raise RuntimeError(f"the process that reads workbooks ended with {status}")
    return Sheet(answer)


def _run(data: bytes) -> tuple[int, bytes]:
    command = [sys.executable, "-P", "-m", "registration.workbook"]
    environment = {name: value for name in ("PYTHONPATH",) if (value := os.environ.get(name))}
    done = subprocess.run(  # noqa: S603 - nothing of it comes from outside
        command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_LONGEST, env=environment
    )
    return done.returncode, done.stdout
