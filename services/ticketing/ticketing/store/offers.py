"""Tickets offered to colleagues who have not agreed yet."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.offers import OfferCounts
from ticketing.store.rows import fetch_all, fetch_one

_TAKE_BACK = text("update offers set state = 'taken-back' where ticket_id = :ticket and state = 'open'")
_CREATE = text(
    """
    insert into offers (offer_id, ticket_id, evening_id, participant_id, state, made_at, address_hash)
    values (:offer, :ticket, :evening, :participant, 'open', :now, :address)
    """
)
# Open, however long it has been; or ended on the same day.
_PREVIOUS = text(
    """
    select offer_id, ticket_id, evening_id, participant_id, state from offers
    where ticket_id = :ticket and address_hash = :address
        and (state = 'open' or state in ('refused', 'taken-back') and made_at > :since)
    order by state = 'open' desc, made_at desc limit 1
    """
)
_REOPEN = text("update offers set state = 'open', participant_id = :participant where offer_id = :offer")
_FIND = text("select offer_id, ticket_id, evening_id, participant_id, state from offers where offer_id = :offer")
_CLOSE = text("update offers set state = :state where offer_id = :offer")


# Last of the locks of its transaction, so that nobody holds it while waiting. One holder's tickets may be of evenings
# that are locked apart.
_LOCK_COUNTS = text("select pg_advisory_xact_lock(hashtextextended(cast(cast(:holder as uuid) as text), 0))")
_COUNTS = text(
    """
    select count(*) filter (where o.ticket_id = :ticket) as of_ticket, count(*) as of_holder,
        count(*) filter (where o.address_hash = :address) as to_address,
        min(o.made_at) filter (where o.address_hash = :address) as first_to_address,
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


@dataclass(frozen=True, slots=True)
class OfferedTicket:
    """A ticket that its holder offers to a colleague, to be published."""

    offer_id: UUID
    ticket_id: UUID
    evening_id: UUID
    venue: str
    holder_id: UUID
    colleague_id: UUID


async def count(work: UnitOfWork, *, ticket: UUID, holder: UUID, address: bytes, since: datetime) -> OfferCounts:
    """Returns the numbers of offers made after `since`.

    Until the transaction ends no other one counts those of this holder. `address` is the hash of the one that the
    ticket is to be offered to.
    """
    await work.execute(_LOCK_COUNTS, {"holder": holder})
    parameters = {"ticket": ticket, "holder": holder, "address": address, "since": since}
    [counts] = await fetch_all(work, OfferCounts, _COUNTS, parameters)
    return counts


async def previous(work: UnitOfWork, *, ticket: UUID, address: bytes, since: datetime) -> Offer | None:
    """Returns the offer of this ticket to this (hashed) address that is open, or was made after `since` and ended."""
    parameters = {"ticket": ticket, "address": address, "since": since}
    return await fetch_one(work, Offer, _PREVIOUS, parameters)


async def create(
    work: UnitOfWork, offer: UUID, *, ticket: UUID, evening: UUID, participant: UUID | None, address: bytes
) -> None:
    """Creates the offer of a ticket to a participant, or to nobody; takes back what was offered of it before."""
    await work.execute(_TAKE_BACK, {"ticket": ticket})
    parameters = {"offer": offer, "ticket": ticket, "evening": evening, "participant": participant, "now": work.now}
    await work.execute(_CREATE, parameters | {"address": address})


async def reopen(work: UnitOfWork, offer: Offer, participant: UUID | None) -> None:
    """Opens the offer again, for that participant or for nobody; takes back another one of its ticket."""
    await work.execute(_TAKE_BACK, {"ticket": offer.ticket_id})
    await work.execute(_REOPEN, {"offer": offer.offer_id, "participant": participant})


async def find(work: UnitOfWork, offer: UUID) -> Offer | None:
    """Returns the offer with this id, None when there is none."""
    return await fetch_one(work, Offer, _FIND, {"offer": offer})


async def close(work: UnitOfWork, offer: UUID, state: str) -> None:
    """Ends an offer: accepted, refused or taken-back."""
    await work.execute(_CLOSE, {"offer": offer, "state": state})
