"""What a worker has in its hands: mails it claimed and has not begun, and what became of the last."""

import time
from collections import deque
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from notifications.delivery.outcomes import Outcome
from notifications.store.claims import Claimed


@dataclass(slots=True)
class Hands:
    """`done` is the mail that was just sent, or not, and is to be settled."""

    mails: deque[Claimed] = field(default_factory=deque)
    done: tuple[Claimed, Outcome] | None = None
    _held_since: float = 0.0

    @property
    def age(self) -> float:
        """Seconds since the mails in hand were claimed."""
        return time.monotonic() - self._held_since

    def take(self) -> Claimed | None:
        """The next mail to send."""
        return self.mails.popleft() if self.mails else None

    def keep(self, held: Container[UUID]) -> None:
        """Lets go of the mails whose claims are not held any more."""
        self.mails = deque(each for each in self.mails if each.claim in held)

    def committed(self, taken: Iterable[Claimed], *, away: bool, renewed_after: float) -> None:
        """The database holds it: the last mail is settled, these are taken; given back or renewed what was there."""
        self.done = None
        if away:
            self.mails.clear()
        taken = list(taken)
        if taken or self.age > renewed_after:
            self._held_since = time.monotonic()
        self.mails.extend(taken)
