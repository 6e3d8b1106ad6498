"""Claims on mails: each is sent by one process, and its outcome recorded.

A claim is a token on the rows in state `sending` with an expiry, committed before the SMTP session begins. A process
that finds it expired takes them over: the one that held it is gone, or its session took longer than it may.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.contents import Letter, Piece
from notifications.domain.relevance import Skip

RECHECK = 60.0  # seconds until a letter is checked again that cannot be written for now

_CLAIM = text(
    """
    update letters set state = 'sending', claim = claimed.claim, mail_id = claimed.mail_id,
        due_at = now() + make_interval(secs => :seconds), written_at = claimed.written_at,
        contents = cast(claimed.contents as jsonb), sequence = claimed.sequence,
        evening_version = claimed.evening_version
    from unnest(
        cast(:letter_ids as uuid[]), cast(:claims as uuid[]), cast(:mail_ids as uuid[]),
        cast(:written_at as timestamptz[]), cast(:contents as text[]), cast(:sequences as integer[]),
        cast(:evening_versions as integer[])
    ) as claimed (letter_id, claim, mail_id, written_at, contents, sequence, evening_version)
    where letters.letter_id = claimed.letter_id
    """
)
# Only letters of an expired claim: its mail may have arrived, and the repetition has to be the same.
_CLAIM_AGAIN = text(
    """
    update letters set state = 'sending', claim = claimed.claim, due_at = now() + make_interval(secs => :seconds)
    from unnest(cast(:mail_ids as uuid[]), cast(:claims as uuid[])) as claimed (mail_id, claim)
    where letters.mail_id = claimed.mail_id and letters.state in ('planned', 'sending')
    """
)
_SKIP = text(
    """
    update letters set
        state = case when skipped.is_temporary then letters.state else 'suppressed' end, reason = skipped.reason,
        ended_at = case when not skipped.is_temporary then cast(:now as timestamptz) end,
        due_at = case when skipped.is_temporary then now() + make_interval(secs => :seconds) else letters.due_at end
    from unnest(cast(:letter_ids as uuid[]), cast(:reasons as text[]), cast(:is_temporary as boolean[]))
        as skipped (letter_id, reason, is_temporary)
    where letters.letter_id = skipped.letter_id
    """
)
_HELD = text("select distinct claim from letters where claim = any(:claims) and state = 'sending'")
_RENEW = text(
    """
    update letters set due_at = now() + make_interval(secs => :seconds)
    where mail_id = :mail_id and claim = :claim and state = 'sending'
    """
)
# It has been sent, whatever was decided meanwhile and whichever process took it over.
_SENT = text(
    """
    update letters set state = 'sent', reason = null, sent_at = now(), ended_at = now(), attempts = attempts + 1
    where mail_id = :mail_id and state <> 'sent'
    """
)
_FAILED = text(
    """
    update letters set state = 'failed', reason = :reason, ended_at = now(), attempts = attempts + 1
    where mail_id = :mail_id and claim = :claim and state in ('sending', 'suppressed')
    """
)
_RECIPIENT = text("select contents -> 'recipient' ->> 'email' from letters where letter_id = :mail_id")
# A letter that failed before has been reported.
_BOUNCED = text(
    """
    update letters set state = 'failed', reason = :reason, ended_at = now()
    where mail_id = :mail_id and state in ('sending', 'sent', 'planned')
    returning participant_id
    """
)
_DEFERRED = text(
    """
    update letters set state = 'planned', reason = :reason, attempts = attempts + :attempts,
        due_at = now() + make_interval(secs => :seconds),
        deferred_since = case when :attempts > 0 then coalesce(deferred_since, now()) else deferred_since end,
        mail_id = case when :repeat then mail_id end, contents = case when :repeat then contents end,
        written_at = case when :repeat then written_at end, sequence = case when :repeat then sequence end,
        evening_version = case when :repeat then evening_version end
    where mail_id = :mail_id and claim = :claim and state = 'sending'
    """
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that this process alone may send now; `repeated` when it may have arrived before.

    `attempts` are those that a server has answered, the first of them at `deferred_since` when it was deferred.
    """

    claim: UUID
    letter: Letter
    repeated: bool
    attempts: int
    deferred_since: datetime | None


async def claim(work: UnitOfWork, written: Sequence[tuple[Claimed, Mapping[UUID, Piece]]], seconds: float) -> None:
    """Claims new mails, each with its pieces by letter, for so many seconds."""
    rows = [(claimed, letter_id, piece) for claimed, pieces in written for letter_id, piece in pieces.items()]
    await work.execute(
        _CLAIM,
        {
            "letter_ids": [letter_id for _, letter_id, _ in rows],
            "claims": [claimed.claim for claimed, _, _ in rows],
            "mail_ids": [claimed.letter.letter_id for claimed, _, _ in rows],
            "written_at": [claimed.letter.written_at for claimed, _, _ in rows],
            "contents": [
                claimed.letter.contents.model_dump_json() if letter_id == claimed.letter.letter_id else None
                for claimed, letter_id, _ in rows
            ],
            "sequences": [piece.sequence for _, _, piece in rows],
            "evening_versions": [piece.evening.version if piece.evening else None for _, _, piece in rows],
            "seconds": seconds,
        },
    )


async def claim_again(work: UnitOfWork, claimed: Sequence[Claimed], seconds: float) -> None:
    """Claims mails that were written before for so many seconds."""
    await work.execute(
        _CLAIM_AGAIN,
        {
            "mail_ids": [each.letter.letter_id for each in claimed],
            "claims": [each.claim for each in claimed],
            "seconds": seconds,
        },
    )


async def skip(work: UnitOfWork, skipped: Mapping[UUID, Skip]) -> None:
    """Suppresses letters that are not to be written, or leaves them until they are checked again."""
    await work.execute(
        _SKIP,
        {
            "letter_ids": list(skipped),
            "reasons": [str(skip.reason) for skip in skipped.values()],
            "is_temporary": [skip.is_temporary for skip in skipped.values()],
            "now": work.now,
            "seconds": RECHECK,
        },
    )


async def held(work: UnitOfWork, claimed: Sequence[Claimed]) -> set[UUID]:
    """Returns those of these claims that still hold: whose letters were not suppressed meanwhile."""
    rows = await work.execute(_HELD, {"claims": [each.claim for each in claimed]})
    return {row.claim for row in rows}


async def renew(work: UnitOfWork, claimed: Claimed, seconds: float) -> None:
    """Lets the claim hold for so many seconds from now."""
    await work.execute(_RENEW, _key(claimed) | {"seconds": seconds})


async def mark_sent(work: UnitOfWork, claimed: Claimed) -> None:
    """Records that the mail server took the mail."""
    await work.execute(_SENT, {"mail_id": claimed.letter.letter_id})


async def mark_failed(work: UnitOfWork, claimed: Claimed, reason: str) -> bool:
    """Records that the mail was refused for good; returns False when another process recorded an outcome before."""
    result = await work.execute(_FAILED, _key(claimed) | {"reason": reason})
    return result.rowcount > 0


async def find_recipient(work: UnitOfWork, mail_id: UUID) -> str | None:
    """Returns the address that the mail was written to, None when that is not kept (any more)."""
    found: str | None = (await work.execute(_RECIPIENT, {"mail_id": mail_id})).scalar()
    return found


async def mark_bounced(work: UnitOfWork, mail_id: UUID, reason: str) -> set[UUID]:
    """Records that the mail came back; returns the participants whose letters had not failed before."""
    rows = await work.execute(_BOUNCED, {"mail_id": mail_id, "reason": reason})
    return {row.participant_id for row in rows if row.participant_id is not None}


async def defer(
    work: UnitOfWork, claimed: Claimed, reason: str | None, *, seconds: float, answered: bool, repeat: bool
) -> None:
    """Lets the mail be tried again after so many seconds.

    `answered` counts as an attempt; `repeat` keeps the contents, since the mail may have arrived: otherwise its letters
    are composed anew.
    """
    parameters = {"reason": reason, "seconds": seconds, "attempts": int(answered), "repeat": repeat}
    await work.execute(_DEFERRED, _key(claimed) | parameters)


def _key(claimed: Claimed) -> dict[str, Any]:
    return {"mail_id": claimed.letter.letter_id, "claim": claimed.claim}
