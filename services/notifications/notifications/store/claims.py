"""Letters on their way: who sends which, and what became of it.

A claim is a row in state `sending` with an expiry, committed before the SMTP dialogue begins. Whoever finds it
expired takes it over: the process that held it is gone, or its dialogue took longer than it may.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.domain.letters import Kind
from notifications.rendering.contents import Contents, Letter
from notifications.store.letters import CONTENTS, SOURCES

# Contents of an expired claim stay: that letter may have arrived, and its repetition has to be the same.
_CLAIM = text(
    f"""
    with next as (
        select letters.letter_id, {CONTENTS} as fresh
        from letters {SOURCES}
        where letters.state in ('planned', 'sending') and letters.due_at <= now()
            and contacts.email is not null and evenings.details is not null
            and (
                letters.kind = 'ticket-cancelled'
                or not evenings.cancelled
                and (contacts.withdrawn_on is null or evenings.day < contacts.withdrawn_on)
            )
        order by letters.due_at
        limit 1
        for update of letters skip locked
    )
    update letters set state = 'sending', claim = :claim, due_at = now() + make_interval(secs => :seconds),
        contents = coalesce(letters.contents, next.fresh), written_at = coalesce(letters.written_at, now())
    from next where letters.letter_id = next.letter_id
    returning letters.letter_id, participant_id, evening_id, kind, sequence, attempts, written_at, contents
    """  # noqa: S608 - put together from constants
)
# Whatever was decided meanwhile, and whoever took the letter over: it has been sent.
_SENT = text(
    """
    update letters set state = 'sent', reason = null, sent_at = now(), attempts = attempts + 1
    where letter_id = :letter_id and state <> 'sent'
    """
)
_FAILED = text(
    """
    update letters set state = 'failed', reason = :reason, attempts = attempts + 1
    where letter_id = :letter_id and claim = :claim and state in ('sending', 'suppressed')
    """
)
_DEFERRED = text(
    """
    update letters set state = 'planned', reason = :reason, attempts = attempts + :attempts,
        due_at = now() + make_interval(secs => :seconds),
        contents = case when :repeat then contents end, written_at = case when :repeat then written_at end
    where letter_id = :letter_id and claim = :claim and state = 'sending'
    """
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter that this process alone may send now; `attempts` that a server has answered before."""

    claim: UUID
    letter_id: UUID
    participant_id: UUID
    attempts: int
    written_at: datetime
    row: dict[str, Any]

    def letter(self) -> Letter:
        """The letter to be written. Raises pydantic's ValidationError for contents that cannot be read."""
        return Letter(
            letter_id=self.letter_id,
            participant_id=self.participant_id,
            evening_id=self.row["evening_id"],
            kind=Kind(self.row["kind"]),
            sequence=self.row["sequence"],
            written_at=self.written_at,
            contents=Contents.model_validate(self.row["contents"]),
        )


async def claim(work: UnitOfWork, seconds: float) -> Claimed | None:
    """The letter that has been due longest of those whose contact and evening are known, for so many seconds."""
    token = uuid4()
    row = (await work.execute(_CLAIM, {"claim": token, "seconds": seconds})).mappings().first()
    if row is None:
        return None
    return Claimed(token, row["letter_id"], row["participant_id"], row["attempts"], row["written_at"], dict(row))


async def sent(work: UnitOfWork, claimed: Claimed) -> None:
    """The letter was taken by the mail server."""
    await work.execute(_SENT, {"letter_id": claimed.letter_id})


async def failed(work: UnitOfWork, claimed: Claimed, reason: str) -> bool:
    """The letter was refused for good; False when it was settled by somebody else."""
    result = await work.execute(_FAILED, {"letter_id": claimed.letter_id, "claim": claimed.claim, "reason": reason})
    return result.rowcount > 0


async def deferred(
    work: UnitOfWork, claimed: Claimed, reason: str, *, seconds: float, answered: bool, repeat: bool
) -> None:
    """The letter is to be tried again after so many seconds.

    `answered` counts as an attempt; `repeat` keeps the contents, since the letter may have arrived.
    """
    await work.execute(
        _DEFERRED,
        {
            "letter_id": claimed.letter_id,
            "claim": claimed.claim,
            "reason": reason,
            "seconds": seconds,
            "attempts": int(answered),
            "repeat": repeat,
        },
    )
