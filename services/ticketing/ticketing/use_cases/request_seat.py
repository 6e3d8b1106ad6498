"""People ask for seats."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing.domain.refusals import Refusal, Refused
from ticketing.domain.tickets import Place, TicketState, check_asking
from ticketing.store import evenings, places, seat_requests, waiting_list
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import settle


@dataclass(frozen=True, slots=True)
class Asked:
    """The ticket of somebody who asked, or their `position` in the line; `is_new` when this gave it to them."""

    place: Place
    position: int | None
    is_new: bool


async def ask_together(
    work: UnitOfWork, issuer: Issuer, evening_id: UUID, participant_ids: Sequence[UUID]
) -> list[Asked | Refused]:
    """Gives each of these, who ask at the same moment, a ticket or a place in the line, or says why not.

    Whoever has one already keeps it as it is.
    """
    evening = await evenings.lock_one(work, evening_id)
    if evening is None:
        return [Refused(Refusal.UNKNOWN_EVENING) for _ in participant_ids]
    people = await places.people(work, evening_id, participant_ids)
    there = await places.live_places(work, evening_id, participant_ids)
    refused: dict[UUID, Refused] = {}
    for participant in participant_ids:
        try:
            check_asking(evening, people.get(participant), work.now)
        except Refused as refusal:
            refused[participant] = refusal
    waited = [each for each, place in there.items() if place.state is TicketState.WAITING]
    coming = {each for each in participant_ids if each not in refused and each not in there}
    positions: dict[UUID, int] = {}
    if coming:
        await seat_requests.ask(work, evening_id, coming)
        positions |= (await settle(work, Scope({evening_id}, coming), issuer)).get(evening_id, {})
        there |= await places.live_places(work, evening_id, coming)
    if waited:
        positions |= await waiting_list.positions(work, evening_id, waited)
    answers: list[Asked | Refused] = []
    for participant in participant_ids:
        if participant in refused:
            answers.append(refused[participant])
        else:
            answers.append(Asked(there[participant], positions.get(participant), participant in coming))
            coming.discard(participant)
    return answers
