"""Single tickets and waiting places, and the people who hold or may receive them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import TextClause, text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.tickets import Eligibility, Place, TicketState
from ticketing.store.eligibility import IS_ACTIVE
from ticketing.store.rows import fetch_all, fetch_one
from ticketing.store.seats import EndedPlace

_EVENING_OF = text("select evening_id from tickets where ticket_id = :ticket")
_PLACE = text(
    "select ticket_id, evening_id, participant_id, partner, state, reason from tickets where ticket_id = :ticket"
)
_LIVE_PLACES = text(
    """
    select ticket_id, evening_id, participant_id, partner, state, reason from tickets
    where evening_id = :evening and participant_id = any(:participants) and state <> 'cancelled'
    """
)
_ELIGIBILITY = f"""
    select p.participant_id, p.partner, {IS_ACTIVE} is true as active
    from evenings e cross join participants p left join partners s on s.slug = p.partner
    where e.evening_id = :evening and not p.erased
"""  # noqa: S608 - constants
_BY_ID = text(f"{_ELIGIBILITY} and p.participant_id = any(:participants)")
# Of several people who had the address one after the other, the one who takes part.
_BY_ADDRESS = text(
    f"{_ELIGIBILITY} and p.partner = :partner and p.address_sha256 = :address"
    " order by active desc, p.version desc limit 1"
)

_DECLINE = text(
    """
    update tickets t
    set state = 'cancelled', reason = 'declined', ended_at = :now, version = t.version + 1,
        feed_version = case when t.code is null then t.feed_version else t.feed_version + 1 end
    from evenings e
    where t.ticket_id = :ticket and e.evening_id = t.evening_id
    returning t.ticket_id, t.evening_id, e.venue, t.participant_id, t.version, t.feed_version, t.code, t.reason
    """
)

# A place for the colleague to receive the seat in: waiting for an instant, and outside the waiting list.
_ADD_FOR_TRANSFER = text(
    """
    insert into tickets (
        ticket_id, evening_id, participant_id, partner, enrolment, state, requested_at, lot, version, feed_version
    )
    select :ticket, :evening, participant_id, partner, enrolled_version, 'waiting', :now, :tiebreaker, 0, 0
    from participants where participant_id = :participant
    """
)
# One statement, so that the seat is never free in between: the count of seats held does not change.
_TRANSFER = text(
    """
    update tickets t
    set state = case when t.ticket_id = :given then 'cancelled' else 'issued' end,
        version = t.version + 1,
        feed_version = t.feed_version + 1,
        reason = case when t.ticket_id = :given then 'passed-on' end,
        ended_at = case when t.ticket_id = :given then cast(:now as timestamptz) end,
        code = case when t.ticket_id = :given then t.code else :code end,
        issued_at = case when t.ticket_id = :given then t.issued_at else :now end
    from participants p join partners s on s.slug = p.partner
    where t.ticket_id in (:given, :received) and p.participant_id = t.participant_id
    returning t.ticket_id, t.participant_id, t.version, t.feed_version, t.code, p.holder_name, s.name as partner_name
    """
)


@dataclass(frozen=True, slots=True)
class TransferredTicket:
    """One of the two tickets of a transfer, as it is afterwards, with its holder."""

    ticket_id: UUID
    participant_id: UUID
    version: int
    feed_version: int
    code: str
    holder_name: str
    partner_name: str


async def evening_of(work: UnitOfWork, ticket: UUID) -> UUID | None:
    """Returns the evening a ticket is for, None for a ticket that does not exist."""
    found: UUID | None = (await work.execute(_EVENING_OF, {"ticket": ticket})).scalar()
    return found


async def place(work: UnitOfWork, ticket: UUID) -> Place:
    """Returns the ticket or waiting place with this id, which exists."""
    [found] = await _places(work, _PLACE, {"ticket": ticket})
    return found


async def live_place(work: UnitOfWork, evening: UUID, participant: UUID) -> Place | None:
    """Returns the ticket or waiting place that this person has for the evening."""
    return (await live_places(work, evening, [participant])).get(participant)


async def live_places(work: UnitOfWork, evening: UUID, participants: Collection[UUID]) -> dict[UUID, Place]:
    """Returns the tickets or waiting places that these people have for the evening, without those who have none."""
    found = await _places(work, _LIVE_PLACES, {"evening": evening, "participants": list(participants)})
    return {each.participant_id: each for each in found if each.participant_id}


async def eligibility(work: UnitOfWork, evening: UUID, participant: UUID) -> Eligibility | None:
    """Returns whether a participant takes part on this evening; None for somebody not known, or erased."""
    return (await eligibilities(work, evening, [participant])).get(participant)


async def eligibilities(work: UnitOfWork, evening: UUID, participants: Collection[UUID]) -> dict[UUID, Eligibility]:
    """Returns the same of those of these participants that are known."""
    found = await fetch_all(work, Eligibility, _BY_ID, {"evening": evening, "participants": list(participants)})
    return {each.participant_id: each for each in found}


async def eligibility_at(work: UnitOfWork, evening: UUID, partner: str, address_sha256: bytes) -> Eligibility | None:
    """Returns the same of the partner's participant with this address."""
    parameters = {"evening": evening, "partner": partner, "address": address_sha256}
    return await fetch_one(work, Eligibility, _BY_ADDRESS, parameters)


async def decline(work: UnitOfWork, ticket: UUID) -> EndedPlace:
    """Cancels the ticket or waiting place, which exists, as declined."""
    [ended] = await fetch_all(work, EndedPlace, _DECLINE, {"ticket": ticket, "now": work.now})
    return ended


async def add_for_transfer(
    work: UnitOfWork, *, ticket: UUID, evening: UUID, participant: UUID, tiebreaker: bytes
) -> None:
    """Adds a place of version 0 to transfer a ticket to, in the same transaction."""
    parameters = {"ticket": ticket, "evening": evening, "participant": participant, "now": work.now}
    await work.execute(_ADD_FOR_TRANSFER, parameters | {"tiebreaker": tiebreaker})


async def transfer(
    work: UnitOfWork, *, given: UUID, received: UUID, code: str
) -> tuple[TransferredTicket, TransferredTicket]:
    """Ends the ticket `given` and makes a ticket with this code of the place `received`; returns both, so ordered."""
    parameters = {"given": given, "received": received, "code": code, "now": work.now}
    by_id = {each.ticket_id: each for each in await fetch_all(work, TransferredTicket, _TRANSFER, parameters)}
    return by_id[given], by_id[received]


async def _places(work: UnitOfWork, statement: TextClause, parameters: Mapping[str, object]) -> list[Place]:
    return [
        replace(each, state=TicketState(each.state)) for each in await fetch_all(work, Place, statement, parameters)
    ]
