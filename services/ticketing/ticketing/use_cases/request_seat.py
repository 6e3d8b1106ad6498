"""Seat requests of participants."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing.domain.refusals import RefusalCode, RequestRefused
from ticketing.domain.tickets import Eligibility, LockedEvening, Place, TicketState, check_seat_request
from ticketing.store import evenings, places, seat_requests, waiting_list
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import allocate


@dataclass(frozen=True, slots=True)
class SeatRequestResult:
    """The ticket, or the waiting place and its `position`, of a participant; `is_new` when this request led to it."""

    place: Place
    position: int | None
    is_new: bool


async def request_seats(
    work: UnitOfWork, issuer: Issuer, evening_id: UUID, participant_ids: Sequence[UUID]
) -> list[SeatRequestResult | RequestRefused]:
    """Gives each of these, whose requests are simultaneous, a ticket or a waiting place, or returns the refusal.

    Whoever has one already keeps it as it is.
    """
    evening = await evenings.lock_one(work, evening_id)
    if evening is None:
        return [RequestRefused(RefusalCode.UNKNOWN_EVENING) for _ in participant_ids]
    people = await places.eligibilities(work, evening_id, participant_ids)
    held = await places.live_places(work, evening_id, participant_ids)
    refused = {each: error for each in participant_ids if (error := _refusal(work, evening, people.get(each)))}
    waiting = [each for each, place in held.items() if place.state is TicketState.WAITING]
    new = {each for each in participant_ids if each not in refused and each not in held}
    positions: dict[UUID, int] = {}
    if new:
        await seat_requests.record_requests(work, evening_id, new)
        positions |= (await allocate(work, Scope({evening_id}, new), issuer)).get(evening_id, {})
        held |= await places.live_places(work, evening_id, new)
    if waiting:
        positions |= await waiting_list.positions(work, evening_id, waiting)
    results: list[SeatRequestResult | RequestRefused] = []
    for participant in participant_ids:
        if participant in refused:
            results.append(refused[participant])
        else:
            results.append(SeatRequestResult(held[participant], positions.get(participant), participant in new))
            new.discard(participant)
    return results


def _refusal(work: UnitOfWork, evening: LockedEvening, person: Eligibility | None) -> RequestRefused | None:
    try:
        check_seat_request(evening, person, work.now)
    except RequestRefused as refusal:
        return refusal
    return None
