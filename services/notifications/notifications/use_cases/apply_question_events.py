"""What this service does when somebody is to be asked something: it plans the letter, and keeps nothing beside it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from culture_connect.contracts import InvitationExtended, TicketOffered
from culture_connect.messaging import Delivery, UnitOfWork
from notifications.domain.kinds import Kind
from notifications.domain.letters import (
    invitation_letter_id,
    invitation_stillborn,
    offer_again_letter_id,
    offer_letter_id,
    offer_stillborn,
)
from notifications.store import contacts, evenings, letters, tickets
from notifications.store.letters import NewLetter
from notifications.store.tickets import HeldTicket


async def follow_offers(work: UnitOfWork, deliveries: Sequence[Delivery[TicketOffered]]) -> None:
    """Plans the letter of each offer, to the colleague; the letters to the holder of the ticket stay as they are."""
    offers = [delivery.message for delivery in deliveries]
    erased = await contacts.lock(work, [id_ for offer in offers for id_ in (offer.participant_id, offer.holder_id)])
    await evenings.steady(work, [offer.evening_id for offer in offers])
    held = [HeldTicket(offer.ticket_id, offer.holder_id, offer.evening_id) for offer in offers]
    known = await tickets.lock(work, held, erased)
    ids = await _letter_ids(work, offers)
    planned = [
        NewLetter(
            ids[offer.link],
            Kind.TICKET_OFFERED,
            work.now,
            participant_id=offer.participant_id,
            evening_id=offer.evening_id,
            stillborn=offer_stillborn(known[offer.ticket_id], asked_erased=offer.participant_id in erased),
            ticket_id=offer.ticket_id,
            offer_id=offer.offer_id,
            holder_id=None if offer.holder_id in erased else offer.holder_id,
            details=_details(offer, erased=offer.participant_id in erased),
        )
        for offer in offers
    ]
    await letters.plan(work, planned)


async def follow_invitations(work: UnitOfWork, deliveries: Sequence[Delivery[InvitationExtended]]) -> None:
    """Plans the letter of each invitation, whether or not contact and evening are known yet."""
    invitations = [(delivery.envelope.id, delivery.message) for delivery in deliveries]
    erased = await contacts.lock(work, [each.participant_id for _, each in invitations])
    told = await evenings.steady(work, [each.evening_id for _, each in invitations])
    planned = [
        NewLetter(
            invitation_letter_id(event_id),
            Kind.INVITATION,
            work.now,
            participant_id=each.participant_id,
            evening_id=each.evening_id,
            stillborn=invitation_stillborn(
                invited_erased=each.participant_id in erased, evening_cancelled=told[each.evening_id].cancelled
            ),
            details=_details(each, erased=each.participant_id in erased),
        )
        for event_id, each in invitations
    ]
    await letters.plan(work, planned)
    await letters.relink_changes(work, {(each.participant_id, each.evening_id): each for _, each in invitations})


def _details(question: TicketOffered | InvitationExtended, *, erased: bool) -> Mapping[str, Any]:
    """Nothing that opens a page is kept for somebody who was erased."""
    return {} if erased else {"link": question.link, "address_sha256": question.address_sha256}


async def _letter_ids(work: UnitOfWork, offers: Sequence[TicketOffered]) -> Mapping[str, UUID]:
    """By their links. An offer that its letter tells with another link is told anew: that one opens nothing now."""
    told = await letters.links_of_offers(work, [offer.offer_id for offer in offers])
    ids: dict[str, UUID] = {}
    first = dict(told)
    for offer in offers:
        before = first.setdefault(offer.offer_id, offer.link)
        again = before != offer.link
        ids[offer.link] = (
            offer_again_letter_id(offer.offer_id, offer.link) if again else offer_letter_id(offer.offer_id)
        )
    await letters.overtake_offers(work, {offer.offer_id: offer.link for offer in offers if offer.offer_id in told})
    return ids
