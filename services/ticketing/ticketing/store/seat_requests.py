"""Seat requests, refusals and invitations (`wishes`): one per person and evening, under the present enrolment."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.store.eligibility import IS_ACTIVE
from ticketing.store.rows import fetch_all
from ticketing.store.seats import Scope

_RECORD = text(
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
class Invitation:
    """An invitation of a participant to an evening."""

    evening_id: UUID
    venue: str
    participant_id: UUID


async def record_requests(work: UnitOfWork, evening: UUID, participants: Collection[UUID]) -> None:
    """Records that these participants request a seat now."""
    parameters = {"evening": evening, "participants": list(participants), "wish": "asked", "asked_at": work.now}
    await work.execute(_RECORD, parameters)


async def record_decline(work: UnitOfWork, evening: UUID, participant: UUID) -> None:
    """Records that a participant wants no seat, until they request one again."""
    await work.execute(
        _RECORD, {"evening": evening, "participants": [participant], "wish": "declined", "asked_at": None}
    )


async def invite(work: UnitOfWork, scope: Scope) -> list[Invitation]:
    """Records invitations of those in scope to evenings on request, once for each enrolment; returns the new ones."""
    statement, parameters = scope.query(_INVITE, "p.participant_id")
    return await fetch_all(work, Invitation, statement, {**parameters, "now": work.now})


async def open_invitations(
    work: UnitOfWork, evenings: Collection[UUID], participants: Collection[UUID]
) -> list[Invitation]:
    """Returns the invitations of these people to these evenings that are not answered and may still be."""
    parameters = {"evenings": list(evenings), "participants": list(participants), "now": work.now}
    return await fetch_all(work, Invitation, _INVITED, parameters)
