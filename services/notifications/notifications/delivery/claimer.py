"""From due letters to mails in flight: claimed, composed, and committed before any is sent."""

import time
from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import structlog
from pydantic import ValidationError

from culture_connect.messaging import UnitOfWork
from notifications.composing.compose import compose, group, stored_letter
from notifications.contents import Letter, Piece
from notifications.domain.catalogue import Suppression
from notifications.domain.outcomes import DeliveryOutcome
from notifications.domain.relevance import Skip
from notifications.store import claims, mail_queue
from notifications.store.claims import Claimed
from notifications.store.drafts import Draft

BATCH = 8  # mails a worker takes at once; the next domain's turn comes after so many

log = structlog.get_logger(__name__)


class RoundRobin:
    """The domains of recipients in turn, so that a flood to one holds up no other; one that joins comes last."""

    def __init__(self) -> None:
        self._domains: deque[str] = deque()

    def __bool__(self) -> bool:
        return bool(self._domains)

    def join(self, domains: Iterable[str]) -> None:
        """Adds these, but for those that are there."""
        known = set(self._domains)
        self._domains.extend(domain for domain in domains if domain not in known)

    def next(self) -> str:
        """Returns the domain whose turn it is, and puts it last. Raises IndexError when there is none."""
        domain = self._domains[0]
        self._domains.rotate(-1)
        return domain

    def leave(self, domain: str) -> None:
        """Removes a domain that has nothing more for now."""
        if domain in self._domains:
            self._domains.remove(domain)


@dataclass(slots=True)
class InFlight:
    """The mails that a worker claimed and has not sent; `done` is the last one it tried, and its outcome."""

    mails: deque[Claimed] = field(default_factory=deque)
    done: tuple[Claimed, DeliveryOutcome] | None = None
    _claimed_at: float = 0.0

    @property
    def age(self) -> float:
        """Returns the seconds since the mails were claimed."""
        return time.monotonic() - self._claimed_at

    def take(self) -> Claimed | None:
        """Returns the next mail to send."""
        return self.mails.popleft() if self.mails else None

    def keep(self, held: Container[UUID]) -> None:
        """Drops the mails whose claims are not held any more."""
        self.mails = deque(each for each in self.mails if each.claim in held)

    def committed(self, taken: Iterable[Claimed], *, away: bool, renewed_after: float) -> None:
        """Follows a commit: the last outcome is recorded, `taken` are claimed, the others given back or renewed."""
        self.done = None
        if away:
            self.mails.clear()
        taken = list(taken)
        if taken or self.age > renewed_after:
            self._claimed_at = time.monotonic()
        self.mails.extend(taken)


class Claimer:
    """Claims due mails for so many seconds. Shared by the workers of a replica."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._domains = RoundRobin()
        self._stale = True

    def refresh(self) -> None:
        """Makes the next claim look for domains that had no letters."""
        self._stale = True

    async def claim(self, work: UnitOfWork) -> list[Claimed]:
        """Returns some mails to one domain; none when nothing is due."""
        if self._stale or not self._domains:
            self._stale = False
            self._domains.join(await mail_queue.domains(work))
        while self._domains:
            domain = self._domains.next()
            found = await mail_queue.due(work, domain, BATCH)
            taken = await self._compose(work, found)
            if not found:
                self._domains.leave(domain)
            if taken:
                return taken
        return []

    async def _compose(self, work: UnitOfWork, found: Sequence[Draft]) -> list[Claimed]:
        new: list[tuple[Claimed, Mapping[UUID, Piece]]] = []
        repeated: list[Claimed] = []
        skipped: dict[UUID, Skip] = {}
        for together in group(found):
            try:
                if together[0].contents is not None:
                    repeated.append(_claimed(together, stored_letter(together[0]), repeated=True))
                    continue
                composition = await compose(work, together)
            except ValidationError:
                # Another release stored or published it in a form that this one cannot read; a later one may.
                log.error("letter cannot be read", letter_id=str(together[0].letter_id))
                skipped |= {draft.letter_id: Skip(Suppression.UNREADABLE, is_temporary=True) for draft in together}
                continue
            skipped |= composition.skipped
            if (letter := composition.letter) is not None:
                pieces = {piece.letter_id: piece for piece in letter.contents.pieces}
                new.append((_claimed(together, letter, repeated=False), pieces))
        if skipped:
            await claims.skip(work, skipped)
        if new:
            await claims.claim(work, new, self._seconds)
        if repeated:
            await claims.claim_again(work, repeated, self._seconds)
        return [*repeated, *(claimed for claimed, _ in new)]


def _claimed(together: Sequence[Draft], letter: Letter, *, repeated: bool) -> Claimed:
    deferred = [draft.deferred_since for draft in together if draft.deferred_since is not None]
    return Claimed(
        claim=uuid4(),
        letter=letter,
        repeated=repeated,
        attempts=max(draft.attempts for draft in together),
        deferred_since=min(deferred, default=None),
    )
