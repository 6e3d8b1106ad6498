"""Logs of a condition that repeats."""

import time
from collections.abc import Hashable

INTERVAL = 60.0  # seconds


class LogLimit:
    """Allows one line for each key in `INTERVAL` seconds."""

    def __init__(self) -> None:
        self._last: dict[Hashable, float] = {}

    def allows(self, *key: Hashable) -> bool:
        """Returns whether a line about `key` may be written now; it is counted as written."""
        now = time.monotonic()
        if now - self._last.get(key, -INTERVAL) < INTERVAL:
            return False
        self._last[key] = now
        return True
