"""People ask for seats."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing.domain.refusals import RefusalCode, RequestRefused
from ticketing.domain.tickets import Place, TicketState, check_seat_request
from ticketing.store import evenings, places, seat_requests, waiting_list
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import allocate


@dataclass(frozen=True, slots=True)
class SeatRequestResult:
    """The ticket of somebody who asked, or their `position` in the line; `is_new` when this gave it to them."""

    place: Place
    position: int | None
    is_new: bool


async def request_seats(
    work: UnitOfWork, issuer: Issuer, evening_id: UUID, participant_ids: Sequence[UUID]
) -> list[SeatRequestResult | RequestRefused]:
    """Gives each of these, who ask at the same moment, a ticket or a place in the line, or says why not.

    Whoever has one already keeps it as it is.
    """
    evening = await evenings.lock_one(work, evening_id)
    if evening is None:
        return [RequestRefused(RefusalCode.UNKNOWN_EVENING) for _ in participant_ids]
    people = await places.people(work, evening_id, participant_ids)
    there = await places.live_places(work, evening_id, participant_ids)
    refused: dict[UUID, RequestRefused] = {}
    for participant in participant_ids:
        try:
            check_seat_request(evening, people.get(participant), work.now)
        except RequestRefused as refusal:
            refused[participant] = refusal
    waited = [each for each, place in there.items() if place.state is TicketState.WAITING]
    coming = {each for each in participant_ids if each not in refused and each not in there}
    positions: dict[UUID, int] = {}
    if coming:
        await seat_requests.ask(work, evening_id, coming)
        positions |= (await allocate(work, Scope({evening_id}, coming), issuer)).get(evening_id, {})
        there |= await places.live_places(work, evening_id, coming)
    if waited:
        positions |= await waiting_list.positions(work, evening_id, waited)
    answers: list[SeatRequestResult | RequestRefused] = []
    for participant in participant_ids:
        if participant in refused:
            answers.append(refused[participant])
        else:
            answers.append(SeatRequestResult(there[participant], positions.get(participant), participant in coming))
            coming.discard(participant)
    return answers
