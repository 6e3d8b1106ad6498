"""How long to wait before something is tried again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pauses:
    """Pauses that double: `first` seconds after the first attempt, never more than `longest`."""

    first: float
    longest: float

    def after(self, attempts: int) -> float:
        """Seconds to wait after so many attempts (1 or more) that led to nothing."""
        # The exponent is bounded, since a letter may be tried for weeks.
        return float(min(self.first * 2 ** min(attempts - 1, 30), self.longest))
