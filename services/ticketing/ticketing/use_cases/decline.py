"""A declined ticket or waiting place; a seat that comes free is allocated to the next in the waiting list."""

from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.domain.decisions import Outcome, Rule
from ticketing.domain.refusals import RefusalCode, RequestRefused
from ticketing.domain.tickets import LockedEvening, Place, check_decline
from ticketing.store import decisions, evenings, places, seat_requests
from ticketing.store.decisions import NewDecision
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import allocate


async def decline(work: UnitOfWork, issuer: Issuer, ticket_id: UUID, *, by: UUID | None = None) -> Place:
    """Cancels the ticket or place and allocates a seat that came free; declining twice is declining once.

    `by` is the participant who declines, None when somebody else does so for them. Raises RequestRefused.
    """
    evening, place = await lock_place(work, ticket_id, by)
    if not check_decline(evening, place, work.now):
        return place
    ended = await places.decline(work, ticket_id)
    if ended.participant_id is not None:
        await seat_requests.record_decline(work, evening.evening_id, ended.participant_id)
    await decisions.record(
        work, evening.evening_id, [NewDecision(ended.participant_id, ticket_id, Outcome.LOST, Rule.DECLINED, {})]
    )
    events.ticket_cancelled(work, ended, cause=None)
    await allocate(work, Scope({evening.evening_id}, ()), issuer)
    return await places.place(work, ticket_id)


async def lock_place(work: UnitOfWork, ticket_id: UUID, by: UUID | None) -> tuple[LockedEvening, Place]:
    """Locks a ticket's evening; returns both. Raises RequestRefused when there is none, or it is not that of `by`."""
    evening_id = await places.evening_of(work, ticket_id)
    evening = await evenings.lock_one(work, evening_id) if evening_id else None
    if evening is None:
        raise RequestRefused(RefusalCode.UNKNOWN_TICKET)
    place = await places.place(work, ticket_id)
    if by is not None and place.participant_id != by:
        raise RequestRefused(RefusalCode.NOT_YOURS)
    return evening, place
