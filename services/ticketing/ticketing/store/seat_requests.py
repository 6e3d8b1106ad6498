"""What people want with regard to an evening, as far as they said so: each under their present enrolment."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.rules import IS_ACTIVE
from ticketing.store.seats import Scope

_SAY = text(
    """
    insert into wishes (evening_id, participant_id, enrolment, wish, asked_at)
    select :evening, participant_id, enrolled_version, :wish, cast(:asked_at as timestamptz)
    from participants where participant_id = any(:participants)
    on conflict (evening_id, participant_id) do update
    set enrolment = excluded.enrolment, wish = excluded.wish, asked_at = excluded.asked_at
    """
)

# Each enrolment is invited once; who has a ticket or place, or has answered, needs no invitation.
_INVITE = f"""
    insert into wishes (evening_id, participant_id, enrolment, wish)
    select e.evening_id, p.participant_id, p.enrolled_version, 'invited'
    from evenings e cross join participants p join partners s on s.slug = p.partner
    where e.evening_id = any(:evenings) and e.admission = 'on_request' and not e.cancelled and e.starts_at > :now
    and {IS_ACTIVE} and (SCOPE)
    and not exists (
        select from wishes w where w.evening_id = e.evening_id and w.participant_id = p.participant_id
        and w.enrolment >= p.enrolled_version
    )
    and not exists (
        select from tickets t
        where t.evening_id = e.evening_id and t.participant_id = p.participant_id and t.state <> 'cancelled'
    )
    on conflict (evening_id, participant_id) do update
    set enrolment = excluded.enrolment, wish = excluded.wish, asked_at = null
    returning evening_id, (select venue from evenings e where e.evening_id = wishes.evening_id) as venue, participant_id
"""  # noqa: S608 - constants of this module


_INVITED = text(
    f"""
    select w.evening_id, e.venue, w.participant_id
    from wishes w join evenings e using (evening_id) join participants p using (participant_id)
    join partners s on s.slug = p.partner
    where w.evening_id = any(:evenings) and w.participant_id = any(:participants)
    and w.wish = 'invited' and w.enrolment = p.enrolled_version
    and e.admission = 'on_request' and not e.cancelled and e.closes_at > :now and {IS_ACTIVE}
    and not exists (
        select from tickets t
        where t.evening_id = w.evening_id and t.participant_id = w.participant_id and t.state <> 'cancelled'
    )
    """  # noqa: S608 - constants
)


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who was just invited."""

    evening_id: UUID
    venue: str
    participant_id: UUID


async def ask(work: UnitOfWork, evening: UUID, participants: Collection[UUID]) -> None:
    """These would like to come, as of now."""
    parameters = {"evening": evening, "participants": list(participants), "wish": "asked", "asked_at": work.now}
    await work.execute(_SAY, parameters)


async def decline(work: UnitOfWork, evening: UUID, participant: UUID) -> None:
    """Somebody will not come, unless they ask again."""
    await work.execute(_SAY, {"evening": evening, "participants": [participant], "wish": "declined", "asked_at": None})


async def invite(work: UnitOfWork, scope: Scope) -> list[Invited]:
    """Invites those in scope who are to be invited to evenings that people ask for, and were not yet."""
    statement, parameters = scope.query(_INVITE, "p.participant_id")
    return [Invited(**row) for row in (await work.execute(statement, {**parameters, "now": work.now})).mappings()]


async def invited(work: UnitOfWork, evenings: Collection[UUID], participants: Collection[UUID]) -> list[Invited]:
    """Those of these people who were invited to one of these evenings, may still ask, and have not answered."""
    parameters = {"evenings": list(evenings), "participants": list(participants), "now": work.now}
    return [Invited(**row) for row in (await work.execute(_INVITED, parameters)).mappings()]


async def forget(work: UnitOfWork, participants: Collection[UUID]) -> None:
    """Removes what these people wanted."""
    await work.execute(
        text("delete from wishes where participant_id = any(:participants)"), {"participants": list(participants)}
    )
