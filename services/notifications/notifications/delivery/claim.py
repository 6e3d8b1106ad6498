"""From what is due in the database to mails in hand: claimed, written, and committed before any is sent."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from uuid import UUID, uuid4

import structlog
from pydantic import ValidationError

from culture_connect.messaging import UnitOfWork
from notifications.composing.compose import kept, write
from notifications.domain.kinds import State, Suppression
from notifications.domain.relevance import Silence
from notifications.domain.round_robin import Rotation
from notifications.rendering.models import Letter, Piece
from notifications.store import claims
from notifications.store.claims import Claimed
from notifications.store.drafts import Draft

PORTION = 8  # mails a worker takes at once; the next domain's turn comes after so many

log = structlog.get_logger(__name__)


class Claims:
    """Takes what is due, the domains of the recipients in turn. Shared by the workers of a replica."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._rotation = Rotation()
        self._stale = True

    def refresh(self) -> None:
        """There may be letters for domains that had none."""
        self._stale = True

    async def take(self, work: UnitOfWork) -> list[Claimed]:
        """Some mails to one domain; none when nothing is due."""
        if self._stale or not self._rotation:
            self._stale = False
            self._rotation.join(await claims.domains(work))
        while self._rotation:
            domain = self._rotation.next()
            found = await claims.due(work, domain, PORTION)
            taken = await self._write(work, found)
            if not found:
                self._rotation.leave(domain)
            if taken:
                return taken
        return []

    async def _write(self, work: UnitOfWork, found: Sequence[Draft]) -> list[Claimed]:
        new: list[tuple[Claimed, dict[UUID, Piece]]] = []
        again: list[Claimed] = []
        silent: dict[UUID, Silence] = {}
        for together in _mails(found):
            try:
                if together[0].row["contents"] is not None:
                    again.append(_claimed(together, kept(together[0].row), repeated=True))
                    continue
                written = await write(work, together)
            except ValidationError:
                # What another release kept, or told, in a form that this one cannot read; a later one may.
                log.error("letter cannot be read", letter_id=str(together[0].letter_id))
                silent |= {draft.letter_id: Silence(Suppression.UNREADABLE, for_now=True) for draft in together}
                continue
            silent |= written.silent
            if written.letter is not None:
                pieces = {piece.letter_id: piece for piece in written.letter.contents.pieces}
                new.append((_claimed(together, written.letter, repeated=False), pieces))
        if silent:
            await claims.pass_over(work, silent)
        if new:
            await claims.take(work, new, self._seconds)
        if again:
            await claims.take_again(work, again, self._seconds)
        return [*again, *(claimed for claimed, _ in new)]


def _claimed(together: Sequence[Draft], letter: Letter, *, repeated: bool) -> Claimed:
    put_off = [draft.row["deferred_since"] for draft in together if draft.row["deferred_since"] is not None]
    return Claimed(
        claim=uuid4(),
        letter=letter,
        repeated=repeated,
        attempts=max(draft.row["attempts"] for draft in together),
        deferred_since=min(put_off, default=None),
    )


def _mails(found: Sequence[Draft]) -> list[list[Draft]]:
    """Which letters go together: what was one mail before, and new ones of a bundle of which one is due.

    Of a mail that was written before, the letter that leads comes first, whatever became of it.
    """
    together: dict[Hashable, list[Draft]] = defaultdict(list)
    due: set[Hashable] = set()
    for draft in found:
        row = draft.row
        active = row["state"] in (State.PLANNED, State.SENDING) and row["is_due"] is not None
        key = row["mail_id"] or (row["bundle"] and (row["participant_id"], row["bundle"])) or draft.letter_id
        if active and row["is_due"]:
            due.add(key)
        if (active and (row["is_due"] or row["state"] == State.PLANNED)) or draft.letter_id == row["mail_id"]:
            together[key].append(draft)
    return [
        sorted(drafts, key=lambda each: each.letter_id != each.row["mail_id"])
        for key, drafts in together.items()
        if key in due
    ]
