"""Tickets offered to colleagues who have not agreed yet."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork

_TAKE_BACK = text("update offers set state = 'taken-back' where ticket_id = :ticket and state = 'open'")
_MAKE = text(
    """
    insert into offers (offer_id, ticket_id, evening_id, participant_id, state, made_at)
    values (:offer, :ticket, :evening, :participant, 'open', :now)
    """
)
_FIND = text("select offer_id, ticket_id, evening_id, participant_id, state from offers where offer_id = :offer")
_CLOSE = text("update offers set state = :state where offer_id = :offer")


@dataclass(frozen=True, slots=True)
class Offer:
    """A ticket that its holder wants `participant_id` to have."""

    offer_id: UUID
    ticket_id: UUID
    evening_id: UUID
    participant_id: UUID
    state: str


async def make(work: UnitOfWork, offer: UUID, *, ticket: UUID, evening: UUID, participant: UUID) -> None:
    """Offers a ticket, which takes back what was offered of it before."""
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
