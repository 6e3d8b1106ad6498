"""Reading reports of mail servers that were made to be slow, against an ordinary one of the same size.

The clock is the processor's, and the collector of garbage is off: it would look through all that benchmarks load.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

from notifications.delivery.bounce_reports import parse
from tests.benchmarks.results import Sample
from tests.support.bounce_reports import HOSTILE, large_report

_DOMAIN = "cultureconnect.example"
_REPEATED = 20  # times a message is read for one sample


def ordinary() -> Sample:
    """Returns the time for a report with a long mail in it."""
    return _read(large_report())


def hostile() -> dict[str, Sample]:
    """Returns the time for each message that was made to be slow, by name."""
    return {name: _read(message) for name, message in HOSTILE.items()}


def _read(message: bytes) -> Sample:
    with _no_collector():
        started = time.process_time()
        for _ in range(_REPEATED):
            parse(message, _DOMAIN)
        return Sample(_REPEATED, time.process_time() - started, {})


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
