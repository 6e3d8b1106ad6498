"""Whose turn it is: the domains of recipients one after the other, so that a flood to one holds up no other."""

from collections import deque
from collections.abc import Iterable


class Rotation:
    """Domains in turn. Those that join wait for all that are there."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def join(self, domains: Iterable[str]) -> None:
        """Lets these take part, if they do not already."""
        known = set(self._waiting)
        self._waiting.extend(domain for domain in domains if domain not in known)

    def next(self) -> str:
        """Whose turn it is; they go to the end of the line. Raises IndexError when nobody takes part."""
        domain = self._waiting[0]
        self._waiting.rotate(-1)
        return domain

    def leave(self, domain: str) -> None:
        """This one has nothing more for now."""
        if domain in self._waiting:
            self._waiting.remove(domain)
