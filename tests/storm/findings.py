"""Findings of the storm: the promise that was broken, and the ids."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

_SHOWN: Final = 10  # ids of one finding


@dataclass
class Findings:
    """Everything that is wrong, by promise; nothing of persons but ids."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, promise: str, what: str, ids: Iterable[object] = ()) -> None:
        """One thing that is wrong."""
        listed = sorted(map(str, ids))
        shown = ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else "")
        self.found.setdefault(promise, []).append(f"{what}: {shown}" if shown else what)

    def none_of(self, promise: str, what: str, ids: Iterable[object]) -> None:
        """Adds it when there is any such id."""
        if listed := list(ids):
            self.add(promise, f"{len(listed)} {what}", listed)

    def __bool__(self) -> bool:
        return bool(self.found)


LOST: Final = "nothing is lost"
DOUBLE: Final = "nothing is double"
OVERSOLD: Final = "nothing is oversold"
BACK: Final = "nobody comes back who left"
EMPTY: Final = "everything is empty in the end"
DEAD: Final = "no dead letter that is not the fault of its message"
NAMED: Final = "every break is named in time"
RUN: Final = "the storm itself runs"
