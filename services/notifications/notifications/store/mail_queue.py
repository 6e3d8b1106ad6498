"""The queue of due letters, by the domain of their recipients; and the rate at which mails leave it."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text

from culture_connect.messaging import UnitOfWork
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
# Nobody gets a letter before their welcome: this is until when a letter waits for it, null when it need not. Letters of
# the same mail go with it. A welcome that a server has deferred is not waited for without end.
_HELD_UNTIL = """(
    select min(case when welcome.state = 'planned' then greatest(welcome.due_at, now()) else now() end)
        + make_interval(secs => :recheck)
    from letters as welcome
    where welcome.participant_id = letters.participant_id and welcome.evening_id is null and welcome.kind = 'welcome'
        and welcome.state in ('planned', 'sending') and welcome.domain is not null and welcome.due_at is not null
        and letters.mail_id is null and welcome.letter_id <> letters.letter_id
        and not (
            letters.bundle is not null and welcome.bundle = letters.bundle
            and welcome.state = 'planned' and welcome.mail_id is null
        )
        and coalesce(welcome.deferred_since > now() - make_interval(secs => :longest), true)
        and welcome.reason is distinct from 'unreadable'
)"""
# The row of the addressee is the lock on all their letters: so those that belong together are claimed together, and
# no second replica sends what waits for another.
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
# The moment of a mail is the next free one; none is saved up from quiet times.
_RESERVE = text(
    """
    update pace set next_at = greatest(next_at, clock_timestamp()) + make_interval(secs => :seconds)
    returning greatest(extract(epoch from next_at - clock_timestamp()) - :seconds, 0)::float8 as wait
    """
)
RECHECK = 2.0  # seconds until a letter is checked again that waits for the welcome
LONGEST_WAIT = 3600.0  # seconds that it waits for a welcome which a server has deferred


class DueLetter(NamedTuple):
    """A due letter, and what may go with it."""

    letter_id: UUID
    participant_id: UUID | None
    bundle: str | None
    mail_id: UUID | None


async def domains(work: UnitOfWork) -> list[str]:
    """Returns the domains of recipients for which letters are due."""
    return [row.domain for row in await work.execute(_DOMAINS)]


async def due(work: UnitOfWork, domain: str, limit: int) -> list[Draft]:
    """Returns letters to recipients in this domain, the longest due first, with those that belong to the same mails.

    They, and all others to the same participants, are nobody else's until the transaction ends. Not all of them may
    be due any more, or belong to one that is.
    """
    parameters = {"domain": domain, "limit": limit}
    letters = await _due_to_participants(work, parameters | {"recheck": RECHECK, "longest": LONGEST_WAIT})
    if len(letters) < limit:
        letters += map(_due_letter, await work.execute(_DUE_TO_PARTNERS, parameters))
    if not letters:
        return []
    found = await work.execute(
        _TOGETHER,
        {
            "letter_ids": [letter.letter_id for letter in letters],
            "participant_ids": [letter.participant_id for letter in letters if letter.bundle],
            "mail_ids": [letter.mail_id for letter in letters if letter.mail_id],
        },
    )
    return await drafts.lock(work, [row.letter_id for row in found])


async def _due_to_participants(work: UnitOfWork, parameters: Mapping[str, Any]) -> list[DueLetter]:
    """Returns letters whose turn it is; those that have to wait for a welcome are postponed."""
    while True:
        found = list(await work.execute(_DUE_TO_PARTICIPANTS, dict(parameters)))
        held = [row for row in found if row.held_until is not None]
        if held:
            until = {"letter_ids": [row.letter_id for row in held], "until": [row.held_until for row in held]}
            await work.execute(_HOLD, until)
        if not held or len(held) < len(found):
            return [_due_letter(row) for row in found if row.held_until is None]


def _due_letter(row: Row[Any]) -> DueLetter:
    return DueLetter(row.letter_id, row.participant_id, row.bundle, row.mail_id)


async def reserve(work: UnitOfWork, per_second: float) -> float:
    """Reserves the next moment to send a mail, for all replicas together; returns the seconds until then."""
    wait: float = (await work.execute(_RESERVE, {"seconds": 1 / per_second})).scalar_one()
    return wait
