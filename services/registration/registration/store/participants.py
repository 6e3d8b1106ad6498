"""A partner's participants: what a decision needs, and what it changed.

Whoever changes participants calls `lock_roster` first. It locks the partner's row, so nobody else decides about the
same partner until the transaction ends: neither the last place nor an address can be given twice.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Language
from culture_connect.messaging import UnitOfWork
from registration.domain.roster import Contract, Participant, Person, Roster, Standing

_COLUMNS = (
    "participant_id, employee_ref, standing, given_name, family_name, email, email_key, language,"
    " starts_on, ends_on, leaves_on, version"
)

# No stronger lock than needed: rows of participants refer to this one.
_LOCK = text("select places, active, ends_on from partners where slug = :partner for no key update")

# A withdrawal on a later day, and an enrolment that ends by itself, free the place on the day: here, before it counts.
_LAPSE = text(
    """
    update participants set standing = 'withdrawn', changed_at = :now
    where partner = :partner and standing = 'enrolled' and coalesce(leaves_on, ends_on) is not null
      and least(leaves_on, ends_on + 1) <= :today
    """
)

# One look into a unique index for each name, whatever the statistics say; see the indexes in `tables`.
_LOAD = text(
    f"""
    select known.* from unnest(cast(:refs as text[])) as named (employee_ref), lateral (
        select {_COLUMNS} from participants
        where partner = :partner and employee_ref = named.employee_ref limit 1
    ) known
    union all
    select known.* from unnest(cast(:email_keys as text[])) as named (email_key), lateral (
        select {_COLUMNS} from participants
        where partner = :partner and standing = 'enrolled' and email_key = named.email_key limit 1
    ) known
    """  # noqa: S608 - a constant
)

# Addresses may change hands within a batch, and the unique index looks at every row as it is written.
_GIVE_UP_ADDRESSES = text(
    "update participants set email_key = cast(participant_id as text) where participant_id = any(:participant_ids)"
)

_SAVE = text(
    f"""
    insert into participants (partner, changed_at, {_COLUMNS})
    select :partner, :now, {_COLUMNS}
    from unnest(
        cast(:participant_id as uuid[]), cast(:employee_ref as text[]), cast(:standing as text[]),
        cast(:given_name as text[]), cast(:family_name as text[]), cast(:email as text[]),
        cast(:email_key as text[]), cast(:language as text[]), cast(:starts_on as date[]),
        cast(:ends_on as date[]), cast(:leaves_on as date[]), cast(:version as integer[])
    ) with ordinality as row ({_COLUMNS}, place)
    order by place
    on conflict (participant_id) do update set
        employee_ref = excluded.employee_ref, standing = excluded.standing, given_name = excluded.given_name,
        family_name = excluded.family_name, email = excluded.email, email_key = excluded.email_key,
        language = excluded.language, starts_on = excluded.starts_on, ends_on = excluded.ends_on,
        leaves_on = excluded.leaves_on, version = excluded.version, changed_at = excluded.changed_at
    """  # noqa: S608 - constants
)

_PAGE = text(
    f"""
    select {_COLUMNS} from participants
    where partner = :partner and standing <> 'erased' and employee_ref is not null
      and (cast(:after as uuid) is null or participant_id > cast(:after as uuid))
    order by participant_id limit :limit
    """  # noqa: S608 - constants
)

_EMPLOYEES = text(
    """
    select participant_id, partner, employee_ref from participants
    where participant_id = any(:participant_ids) and standing <> 'erased'
    """
)


async def lock_roster(
    work: UnitOfWork,
    partner: str,
    *,
    refs: Collection[str],
    email_keys: Collection[str],
    today: date,
) -> Roster:
    """Locks the partner and loads what is known about these employee references and e-mail addresses.

    `today` is the day in The Hague. The roster has no contract when there is no such partner.
    """
    row = (await work.execute(_LOCK, {"partner": partner})).one_or_none()
    if row is None:
        return Roster(None, 0)
    places, active, ends_on = tuple(row)
    lapsed = await work.execute(_LAPSE, {"partner": partner, "today": today, "now": work.now})
    active -= lapsed.rowcount
    found = await work.execute(_LOAD, {"partner": partner, "refs": list(refs), "email_keys": list(email_keys)})
    return Roster(Contract(partner, places, ends_on), active, map(_participant, found))


async def save(work: UnitOfWork, partner: str, roster: Roster, changed: Sequence[Participant]) -> None:
    """Writes the changed participants of this partner; `roster` is what was loaded before."""
    if not changed:
        return
    given_up = _addresses_changing_hands(roster, changed)
    if given_up:
        await work.execute(_GIVE_UP_ADDRESSES, {"participant_ids": given_up})
    columns = zip(*map(_row, changed), strict=True)
    parameters = dict(zip(_COLUMNS.split(", "), map(list, columns), strict=True))
    await work.execute(_SAVE, {"partner": partner, "now": work.now, **parameters})


async def page(work: UnitOfWork, partner: str, *, after: UUID | None, limit: int) -> list[Participant]:
    """At most `limit` participants with an id after `after`, in the order of their ids, without the erased."""
    rows = await work.execute(_PAGE, {"partner": partner, "after": after, "limit": limit})
    return [_participant(row) for row in rows]


async def employees(work: UnitOfWork, participant_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """Partner and employee reference of these participants; the erased are missing."""
    rows = await work.execute(_EMPLOYEES, {"participant_ids": list(participant_ids)})
    return {row.participant_id: (row.partner, row.employee_ref) for row in rows}


def _addresses_changing_hands(roster: Roster, changed: Sequence[Participant]) -> list[UUID]:
    """Who had an address before that somebody else has now."""
    holders = (
        (each.participant_id, roster.holder_of(each.person.email_key))
        for each in changed
        if each.enrolled and each.person is not None
    )
    return [before for now, before in holders if before is not None and before != now]


def _participant(row: Any) -> Participant:
    (
        participant_id, employee_ref, standing, given_name, family_name, email, email_key, language,
        starts_on, ends_on, leaves_on, version,
    ) = row  # fmt: skip
    person = None
    if employee_ref is not None:
        person = Person(given_name, family_name, email, email_key, Language(language), starts_on, ends_on)
    return Participant(participant_id, employee_ref, Standing(standing), person, leaves_on, version)


def _row(participant: Participant) -> tuple[Any, ...]:
    person = participant.person
    who = (participant.participant_id, participant.employee_ref, participant.standing.value)
    rest = (participant.leaves_on, participant.version)
    if person is None:
        return (*who, None, None, None, None, None, None, None, *rest)
    said = (person.given_name, person.family_name, person.email, person.email_key, person.language.value)
    return (*who, *said, person.starts_on, person.ends_on, *rest)
