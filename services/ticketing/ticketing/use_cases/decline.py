"""Somebody gives up their ticket or waiting place, and the line moves."""

from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.domain.decisions import Outcome, Rule
from ticketing.domain.refusals import Refusal, Refused
from ticketing.domain.tickets import EveningAhead, Place, check_declining
from ticketing.store import decisions, evenings, places, seat_requests
from ticketing.store.decisions import Kept
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import settle


async def decline(work: UnitOfWork, issuer: Issuer, ticket_id: UUID, *, by: UUID | None = None) -> Place:
    """Ends the ticket or place and gives a seat that came free to whoever is next; declining twice is declining once.

    `by` is the participant who says so, None when somebody says it for them. Raises Refused.
    """
    evening, place = await lock_with_ticket(work, ticket_id, by)
    if not check_declining(evening, place, work.now):
        return place
    ended = await places.decline(work, ticket_id)
    if ended.participant_id is not None:
        await seat_requests.decline(work, evening.evening_id, ended.participant_id)
    await decisions.keep(
        work, evening.evening_id, [Kept(ended.participant_id, ticket_id, Outcome.LOST, Rule.DECLINED, {})]
    )
    events.cancelled(work, ended, cause=None)
    await settle(work, Scope({evening.evening_id}, ()), issuer)
    return await places.place(work, ticket_id)


async def lock_with_ticket(work: UnitOfWork, ticket_id: UUID, by: UUID | None) -> tuple[EveningAhead, Place]:
    """The ticket as it is, and its evening, locked. Raises Refused when there is none, or it is not that of `by`."""
    evening_id = await places.evening_of(work, ticket_id)
    evening = await evenings.lock_one(work, evening_id) if evening_id else None
    if evening is None:
        raise Refused(Refusal.UNKNOWN_TICKET)
    place = await places.place(work, ticket_id)
    if by is not None and place.participant_id != by:
        raise Refused(Refusal.NOT_YOURS)
    return evening, place
