"""Somebody asks for a seat."""

from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing.domain.refusals import Refusal, Refused
from ticketing.domain.tickets import Place, check_asking
from ticketing.issuer import Issuer
from ticketing.settling import settle
from ticketing.store import evenings, places, wishes
from ticketing.store.seats import Scope


async def ask(work: UnitOfWork, issuer: Issuer, evening_id: UUID, participant_id: UUID) -> tuple[Place, bool]:
    """Gives the participant a ticket or a place in the line; returns it, and whether it is new.

    Whoever has one already keeps it as it is. Raises Refused.
    """
    evening = await evenings.lock_one(work, evening_id)
    if evening is None:
        raise Refused(Refusal.UNKNOWN_EVENING)
    person = check_asking(evening, await places.person(work, evening_id, participant_id), work.now)
    if (there := await places.live_place(work, evening_id, person.participant_id)) is not None:
        return there, False
    await wishes.ask(work, evening_id, person.participant_id)
    await settle(work, Scope({evening_id}, {person.participant_id}), issuer)
    place = await places.live_place(work, evening_id, person.participant_id)
    if place is None:
        raise RuntimeError("a candidate was left without a place")
    return place, True
