"""A partner's participants: what a decision needs, and what it changed.

Whoever changes participants locks the partner's row first (`store.partners.lock`), so nobody else decides about the
same partner until the transaction ends: neither the last place nor an address can be given twice.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Language
from culture_connect.messaging import UnitOfWork
from registration.domain.roster import Participant, Person, Roster, Standing

_COLUMNS = (
    "participant_id, employee_ref, standing, given_name, family_name, email, email_key, language,"
    " starts_on, ends_on, leaves_on, version, last_command_at"
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
        cast(:ends_on as date[]), cast(:leaves_on as date[]), cast(:version as integer[]),
        cast(:last_command_at as timestamptz[])
    ) with ordinality as row ({_COLUMNS}, place)
    order by place
    on conflict (participant_id) do update set
        employee_ref = excluded.employee_ref, standing = excluded.standing, given_name = excluded.given_name,
        family_name = excluded.family_name, email = excluded.email, email_key = excluded.email_key,
        language = excluded.language, starts_on = excluded.starts_on, ends_on = excluded.ends_on,
        leaves_on = excluded.leaves_on, version = excluded.version, changed_at = excluded.changed_at,
        last_command_at = excluded.last_command_at
    """  # noqa: S608 - constants
)

_CONFIRM = text(
    """
    update participants set last_command_at = said.at
    from unnest(cast(:participant_ids as uuid[]), cast(:moments as timestamptz[])) as said (participant_id, at)
    where participants.participant_id = said.participant_id
    """
)

_PAGE = text(
    f"""
    select {_COLUMNS} from participants
    where partner = :partner and standing <> 'erased' and employee_ref is not null
      and (cast(:employee_ref as text) is null or employee_ref = cast(:employee_ref as text))
      and (cast(:after as uuid) is null or participant_id > cast(:after as uuid))
    order by participant_id limit :limit
    """  # noqa: S608 - constants
)

_EMPLOYEES = text(
    """
    select participant_id, partner, employee_ref, email from participants join partners on slug = partner
    where participant_id = any(:participant_ids) and standing <> 'erased' and on_bus is not false
    """
)
_ENROLLED_BESIDES = text(
    """
    select employee_ref from participants
    where partner = :partner and standing = 'enrolled' and employee_ref not in (select unnest(cast(:refs as text[])))
    order by employee_ref
    """
)
_WITHDRAW_SOME = text(
    """
    update participants
    set standing = 'withdrawn', leaves_on = :leaves_on, version = version + 1, changed_at = :now,
        last_command_at = greatest(last_command_at, :now)
    where participant_id in (
        select participant_id from participants
        where partner = :partner and standing = 'enrolled' order by participant_id limit :limit
    )
    returning participant_id, employee_ref, version
    """
)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Somebody who was withdrawn together with others."""

    participant_id: UUID
    employee_ref: str
    version: int


async def known(
    work: UnitOfWork, partner: str, *, refs: Collection[str], email_keys: Collection[str]
) -> list[Participant]:
    """Returns the participants with these employee references, and those enrolled with these e-mail addresses."""
    found = await work.execute(_LOAD, {"partner": partner, "refs": list(refs), "email_keys": list(email_keys)})
    # Whom both name, as happens when nothing has changed, is made once.
    by_id = {row.participant_id: row for row in found}
    return [_participant(row) for row in by_id.values()]


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


async def confirm(work: UnitOfWork, confirmed: Mapping[UUID, datetime]) -> None:
    """Writes when the last command about these participants was sent, by their ids; nothing else of them changes."""
    if confirmed:
        parameters = {"participant_ids": list(confirmed), "moments": list(confirmed.values())}
        await work.execute(_CONFIRM, parameters)


async def page(
    work: UnitOfWork, partner: str, *, after: UUID | None, limit: int, employee_ref: str | None = None
) -> list[Participant]:
    """At most `limit` participants with an id after `after`, in the order of their ids, without the erased.

    With `employee_ref` only that employee.
    """
    wanted = {"partner": partner, "after": after, "limit": limit, "employee_ref": employee_ref}
    return [_participant(row) for row in await work.execute(_PAGE, wanted)]


async def enrolled(work: UnitOfWork, partner: str, size: int) -> AsyncIterator[list[Participant]]:
    """Everyone who is enrolled at the partner, in the order of their ids; `size` are read at a time."""
    after: UUID | None = None
    while found := await page(work, partner, after=after, limit=size):
        yield [each for each in found if each.enrolled]
        after = found[-1].participant_id


async def enrolled_besides(work: UnitOfWork, partner: str, refs: Collection[str]) -> Sequence[str]:
    """The employee references of everyone enrolled at the partner who is not among `refs`."""
    return (await work.execute(_ENROLLED_BESIDES, {"partner": partner, "refs": list(refs)})).scalars().all()


async def withdraw_some(work: UnitOfWork, partner: str, leaves_on: date, limit: int) -> list[Withdrawn]:
    """Withdraws at most `limit` of those who are enrolled at a locked partner from `leaves_on` on."""
    parameters = {"partner": partner, "leaves_on": leaves_on, "limit": limit, "now": work.now}
    rows = await work.execute(_WITHDRAW_SOME, parameters)
    return [Withdrawn(row.participant_id, row.employee_ref, row.version) for row in rows]


@dataclass(frozen=True, slots=True)
class Employee:
    """The employee that a receipt is about, by the reference and the address that the HR system gave."""

    partner: str
    employee_ref: str
    email: str


async def employees(work: UnitOfWork, participant_ids: Collection[UUID]) -> dict[UUID, Employee]:
    """These with partner, reference and address, without the erased and those whose partner is not on the bus."""
    rows = await work.execute(_EMPLOYEES, {"participant_ids": list(participant_ids)})
    return {row.participant_id: Employee(row.partner, row.employee_ref, row.email) for row in rows}


def _addresses_changing_hands(roster: Roster, changed: Sequence[Participant]) -> list[UUID]:
    """Returns those whose former address somebody else has now."""
    holders = (
        (each.participant_id, roster.holder_of(each.person.email_key))
        for each in changed
        if each.enrolled and each.person is not None
    )
    return [before for now, before in holders if before is not None and before != now]


def _participant(row: Any) -> Participant:
    (
        participant_id, employee_ref, standing, given_name, family_name, email, email_key, language,
        starts_on, ends_on, leaves_on, version, last_command_at,
    ) = row  # fmt: skip
    person = None
    if employee_ref is not None:
        person = Person(given_name, family_name, email, email_key, Language(language), starts_on, ends_on)
    return Participant(participant_id, employee_ref, Standing(standing), person, leaves_on, version, last_command_at)


def _row(participant: Participant) -> tuple[Any, ...]:
    person = participant.person
    who = (participant.participant_id, participant.employee_ref, participant.standing.value)
    rest = (participant.leaves_on, participant.version, participant.last_command_at)
    if person is None:
        return (*who, None, None, None, None, None, None, None, *rest)
    said = (person.given_name, person.family_name, person.email, person.email_key, person.language.value)
    return (*who, *said, person.starts_on, person.ends_on, *rest)
