"""Letters on their way: who sends which, and what became of it.

A claim is a token on the rows in state `sending` with an expiry, committed before the SMTP dialogue begins. Whoever
finds it expired takes them over: the process that held it is gone, or its dialogue took longer than it may.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.domain.relevance import Silence
from notifications.rendering.models import Letter, Piece
from notifications.store import drafts
from notifications.store.drafts import Draft

READY = "state in ('planned', 'sending') and domain is not null and due_at is not null"
# From domain to domain along the index, however many letters each has.
_DOMAINS = text(
    f"""
    with recursive known (domain) as (
        select min(domain) from letters where {READY}
        union all
        select (select min(domain) from letters where {READY} and domain > known.domain)
        from known where known.domain is not null
    )
    select domain from known
    where domain is not null
        and exists (select from letters where {READY} and domain = known.domain and due_at <= now())
    """  # noqa: S608 - put together from constants
)
# Whoever is welcomed hears nothing before the welcome: until when the letter waits for it, null when it need not. What
# would go in the same mail goes with it. A welcome that a server has put off is not waited for without end.
_HELD_UNTIL = """(
    select min(case when welcome.state = 'planned' then greatest(welcome.due_at, now()) else now() end)
        + make_interval(secs => :pause)
    from letters as welcome
    where welcome.participant_id = letters.participant_id and welcome.evening_id is null and welcome.kind = 'welcome'
        and welcome.state in ('planned', 'sending') and welcome.domain is not null and welcome.due_at is not null
        and letters.mail_id is null and welcome.letter_id <> letters.letter_id
        and not (
            letters.bundle is not null and welcome.bundle = letters.bundle
            and welcome.state = 'planned' and welcome.mail_id is null
        )
        and coalesce(welcome.deferred_since > now() - make_interval(secs => :patience), true)
        and welcome.reason is distinct from 'unreadable'
)"""
# The row of the addressee is the lock on all their letters: so those that belong together are claimed together, and
# what waits for another is not overtaken by a second replica.
_DUE_TO_PARTICIPANTS = text(
    f"""
    select letter_id, letters.participant_id, letters.bundle, mail_id, {_HELD_UNTIL} as held_until from letters
    join contacts on contacts.participant_id = letters.participant_id
    where {READY} and domain = :domain and due_at <= now()
    order by due_at limit :limit
    for no key update of contacts skip locked
    """  # noqa: S608 - put together from constants
)
_DUE_TO_PARTNERS = text(
    f"""
    select letter_id, participant_id, bundle, mail_id from letters
    where {READY} and domain = :domain and due_at <= now() and partner is not null
    order by due_at limit :limit
    for update skip locked
    """  # noqa: S608 - put together from constants
)
_HOLD = text(
    """
    update letters set due_at = held.until
    from unnest(cast(:letter_ids as uuid[]), cast(:until as timestamptz[])) as held (letter_id, until)
    where letters.letter_id = held.letter_id
    """
)
_TOGETHER = text(
    f"""
    select letter_id from letters
    where letter_id = any(:letter_ids) and {READY} and due_at <= now()
        or participant_id = any(:participant_ids) and bundle is not null and state = 'planned' and mail_id is null
            and domain is not null and due_at is not null
        or mail_id = any(:mail_ids) and state <> 'sent'
    """  # noqa: S608 - put together from constants
)
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
# Only letters of an expired claim: what it held may have arrived, and its repetition has to be the same.
_CLAIM_AGAIN = text(
    """
    update letters set state = 'sending', claim = claimed.claim, due_at = now() + make_interval(secs => :seconds)
    from unnest(cast(:mail_ids as uuid[]), cast(:claims as uuid[])) as claimed (mail_id, claim)
    where letters.mail_id = claimed.mail_id and letters.state in ('planned', 'sending')
    """
)
_SILENCE = text(
    """
    update letters set
        state = case when silent.for_now then letters.state else 'suppressed' end, reason = silent.reason,
        ended_at = case when not silent.for_now then cast(:now as timestamptz) end,
        due_at = case when silent.for_now then now() + make_interval(secs => :seconds) else letters.due_at end
    from unnest(cast(:letter_ids as uuid[]), cast(:reasons as text[]), cast(:for_now as boolean[]))
        as silent (letter_id, reason, for_now)
    where letters.letter_id = silent.letter_id
    """
)
_HELD = text("select distinct claim from letters where claim = any(:claims) and state = 'sending'")
_RENEW = text(
    """
    update letters set due_at = now() + make_interval(secs => :seconds)
    where mail_id = :mail_id and claim = :claim and state = 'sending'
    """
)
# Whatever was decided meanwhile, and whoever took it over: it has been sent.
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
_WRITTEN_TO = text("select contents -> 'recipient' ->> 'email' from letters where letter_id = :mail_id")
# A letter that failed before has been told of.
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
HELD = 2.0  # seconds until a letter is looked at again that waits for the welcome
PATIENCE = 3600.0  # seconds that it waits for a welcome which a server has put off
AGAIN = 60.0  # seconds until a letter is looked at again that cannot be written for now


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that this process alone may send now; `repeated` when it may have arrived before.

    `attempts` that a server has answered before, the first of them at `deferred_since` when it was put off.
    """

    claim: UUID
    letter: Letter
    repeated: bool
    attempts: int
    deferred_since: datetime | None


async def domains(work: UnitOfWork) -> list[str]:
    """The domains of recipients for which letters are due."""
    return [row.domain for row in await work.execute(_DOMAINS)]


async def due(work: UnitOfWork, domain: str, limit: int) -> list[Draft]:
    """Letters to recipients in this domain, the longest due first, with those that belong to the same mails.

    They, and all others to the same participants, are nobody else's until the transaction ends. Not all of them may
    be due any more, or belong to one that is.
    """
    parameters = {"domain": domain, "limit": limit}
    leads = await _due_to_participants(work, parameters | {"pause": HELD, "patience": PATIENCE})
    if len(leads) < limit:
        leads += list(await work.execute(_DUE_TO_PARTNERS, parameters))
    if not leads:
        return []
    found = await work.execute(
        _TOGETHER,
        {
            "letter_ids": [lead.letter_id for lead in leads],
            "participant_ids": [lead.participant_id for lead in leads if lead.bundle],
            "mail_ids": [lead.mail_id for lead in leads if lead.mail_id],
        },
    )
    return await drafts.lock(work, [row.letter_id for row in found])


async def _due_to_participants(work: UnitOfWork, parameters: Mapping[str, Any]) -> list[Any]:
    """Letters whose turn it is; those that have to wait for a welcome are put off."""
    while True:
        found = list(await work.execute(_DUE_TO_PARTICIPANTS, dict(parameters)))
        held = [row for row in found if row.held_until is not None]
        if held:
            until = {"letter_ids": [row.letter_id for row in held], "until": [row.held_until for row in held]}
            await work.execute(_HOLD, until)
        if not held or len(held) < len(found):
            return [row for row in found if row.held_until is None]


async def take(work: UnitOfWork, written: Sequence[tuple[Claimed, Mapping[UUID, Piece]]], seconds: float) -> None:
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


async def take_again(work: UnitOfWork, claimed: Sequence[Claimed], seconds: float) -> None:
    """Claims mails that were written before for so many seconds."""
    await work.execute(
        _CLAIM_AGAIN,
        {
            "mail_ids": [each.letter.letter_id for each in claimed],
            "claims": [each.claim for each in claimed],
            "seconds": seconds,
        },
    )


async def pass_over(work: UnitOfWork, silent: Mapping[UUID, Silence]) -> None:
    """Settles letters that are not to be written: for good, or until they are looked at again."""
    await work.execute(
        _SILENCE,
        {
            "letter_ids": list(silent),
            "reasons": [str(silence.reason) for silence in silent.values()],
            "for_now": [silence.for_now for silence in silent.values()],
            "now": work.now,
            "seconds": AGAIN,
        },
    )


async def held(work: UnitOfWork, claimed: Sequence[Claimed]) -> set[UUID]:
    """Those of these claims that still are: whose letters were not dropped meanwhile."""
    rows = await work.execute(_HELD, {"claims": [each.claim for each in claimed]})
    return {row.claim for row in rows}


async def renew(work: UnitOfWork, claimed: Claimed, seconds: float) -> None:
    """The mail is this process's for so many seconds from now."""
    await work.execute(_RENEW, _of(claimed) | {"seconds": seconds})


async def sent(work: UnitOfWork, claimed: Claimed) -> None:
    """The mail was taken by the mail server."""
    await work.execute(_SENT, {"mail_id": claimed.letter.letter_id})


async def failed(work: UnitOfWork, claimed: Claimed, reason: str) -> bool:
    """The mail was refused for good; False when it was settled by somebody else."""
    result = await work.execute(_FAILED, _of(claimed) | {"reason": reason})
    return result.rowcount > 0


async def written_to(work: UnitOfWork, mail_id: UUID) -> str | None:
    """The address that the mail was written to, None when that is not kept (any more)."""
    found: str | None = (await work.execute(_WRITTEN_TO, {"mail_id": mail_id})).scalar()
    return found


async def bounced(work: UnitOfWork, mail_id: UUID, reason: str) -> set[UUID]:
    """The mail came back; the participants whose letters had not failed before."""
    rows = await work.execute(_BOUNCED, {"mail_id": mail_id, "reason": reason})
    return {row.participant_id for row in rows if row.participant_id is not None}


async def deferred(
    work: UnitOfWork, claimed: Claimed, reason: str | None, *, seconds: float, answered: bool, repeat: bool
) -> None:
    """The mail is to be tried again after so many seconds.

    `answered` counts as an attempt; `repeat` keeps the contents, since the mail may have arrived: else its letters are
    written anew.
    """
    parameters = {"reason": reason, "seconds": seconds, "attempts": int(answered), "repeat": repeat}
    await work.execute(_DEFERRED, _of(claimed) | parameters)


def _of(claimed: Claimed) -> dict[str, Any]:
    return {"mail_id": claimed.letter.letter_id, "claim": claimed.claim}
