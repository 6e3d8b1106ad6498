"""Tickets offered to colleagues who have not agreed yet."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.offers import Tries

_TAKE_BACK = text("update offers set state = 'taken-back' where ticket_id = :ticket and state = 'open'")
_MAKE = text(
    """
    insert into offers (offer_id, ticket_id, evening_id, participant_id, state, made_at)
    values (:offer, :ticket, :evening, :participant, 'open', :now)
    """
)
_FIND = text("select offer_id, ticket_id, evening_id, participant_id, state from offers where offer_id = :offer")
_CLOSE = text("update offers set state = :state where offer_id = :offer")


# Last of the locks of its transaction, so that nobody holds it while waiting. One holder's tickets may be of evenings
# that are locked apart.
_LOCK_TRIES = text("select pg_advisory_xact_lock(hashtextextended(cast(cast(:holder as uuid) as text), 0))")
_TRIES = text(
    """
    select count(*) filter (where o.ticket_id = :ticket) as of_ticket, count(*) as of_holder,
        min(o.made_at) filter (where o.ticket_id = :ticket) as first_of_ticket, min(o.made_at) as first_of_holder
    from offers o join tickets t using (ticket_id)
    where t.participant_id = :holder and o.made_at > :since
    """
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A ticket that its holder wants `participant_id` to have; None when nobody can have it at the address given."""

    offer_id: UUID
    ticket_id: UUID
    evening_id: UUID
    participant_id: UUID | None
    state: str


async def tries(work: UnitOfWork, *, ticket: UUID, holder: UUID, since: datetime) -> Tries:
    """The offers made after `since`; until the transaction ends no other one counts those of this holder."""
    await work.execute(_LOCK_TRIES, {"holder": holder})
    return Tries(**(await work.execute(_TRIES, {"ticket": ticket, "holder": holder, "since": since})).mappings().one())


async def make(work: UnitOfWork, offer: UUID, *, ticket: UUID, evening: UUID, participant: UUID | None) -> None:
    """Offers a ticket to a participant, or to nobody; takes back what was offered of it before."""
    await work.execute(_TAKE_BACK, {"ticket": ticket})
    parameters = {"offer": offer, "ticket": ticket, "evening": evening, "participant": participant, "now": work.now}
    await work.execute(_MAKE, parameters)


async def find(work: UnitOfWork, offer: UUID) -> Offer | None:
    """The offer with this id."""
    row = (await work.execute(_FIND, {"offer": offer})).mappings().one_or_none()
    return Offer(**row) if row else None


async def close(work: UnitOfWork, offer: UUID, state: str) -> None:
    """Ends an offer: accepted, refused or taken-back."""
    await work.execute(_CLOSE, {"offer": offer, "state": state})
