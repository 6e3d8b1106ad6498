"""Growing waits between tries."""

import random


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
        return wait * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret

    def reset(self) -> None:
        """Begins anew, after a success."""
        self._next = self._first
