"""The process that reads a workbook: its bytes come in, lines of rows go out, or the problems as JSON."""

import json
import os
import resource
import sys

from registration.domain.hr_file import FileFault
from registration.workbook.archive import broken
from registration.workbook.reader_process import MOST_MEMORY, MOST_SECONDS, REFUSED, TOO_LARGE
from registration.workbook.sheets import lines_of


def main() -> int:
    """Reads standard input; returns the status that says what is in standard output."""
    _limit()
    try:
        answer, status = lines_of(sys.stdin.buffer.read()), 0
    except FileFault as fault:
        answer, status = _told(fault), REFUSED
    except MemoryError:
        answer, status = b"", TOO_LARGE
    except BaseException as error:
        # A panic of the library is no Exception, and its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        answer, status = _told(broken()), REFUSED
    sys.stdout.buffer.write(answer)
    return status


def _limit() -> None:
    os.nice(5)  # the services come first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold personal data
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 1))
    if sys.platform == "linux":  # elsewhere the bound is refused
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _told(fault: FileFault) -> bytes:
    return json.dumps([each.model_dump() for each in fault.problems]).encode()


if __name__ == "__main__":
    sys.exit(main())
