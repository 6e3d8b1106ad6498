"""Growing waits between tries."""

import random

_RANDOM = random.Random()  # noqa: S311 - not for secrets


class Backoff:
    """Waits that double from `first` to `longest` seconds, each apart from others by up to a quarter."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def next(self) -> float:
        """The seconds to wait now."""
        wait, self._next = self._next, min(self._next * 2, self._longest)
        # Replicas that lost the same server do not come back in the same moment.
        return wait * _RANDOM.uniform(0.75, 1.25)

    def reset(self) -> None:
        """Begins anew, after a success."""
        self._next = self._first
