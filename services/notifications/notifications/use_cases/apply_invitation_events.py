"""Applies invitations and ticket offers: plans their letters, and keeps nothing beside them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from culture_connect.contracts import InvitationExtended, TicketOffered
from culture_connect.messaging import Delivery, UnitOfWork
from notifications.domain.catalogue import Kind
from notifications.domain.decisions import invitation_suppression, offer_suppression
from notifications.domain.letter_ids import invitation_letter_id, offer_letter_id
from notifications.store import contacts, evenings, invitations, letters, tickets
from notifications.store.letters import NewLetter
from notifications.store.tickets import HeldTicket


async def apply_offers(work: UnitOfWork, deliveries: Sequence[Delivery[TicketOffered]]) -> None:
    """Plans the letter of each offer, to the colleague; the letters to the holder of the ticket stay as they are."""
    offers = [delivery.message for delivery in deliveries]
    erased = await contacts.lock_erased(
        work, [id_ for offer in offers for id_ in (offer.participant_id, offer.holder_id)]
    )
    await evenings.lock_shared(work, [offer.evening_id for offer in offers])
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
            suppressed=offer_suppression(known[offer.ticket_id], colleague_erased=offer.participant_id in erased),
            ticket_id=offer.ticket_id,
            offer_id=offer.offer_id,
            holder_id=None if offer.holder_id in erased else offer.holder_id,
            details=_details(offer, erased=offer.participant_id in erased),
        )
        for offer in offers
    ]
    await letters.plan(work, planned)


async def apply_invitations(work: UnitOfWork, deliveries: Sequence[Delivery[InvitationExtended]]) -> None:
    """Plans the letter of each invitation, whether or not contact and evening are known yet."""
    extended = [(delivery.envelope.id, delivery.message) for delivery in deliveries]
    erased = await contacts.lock_erased(work, [each.participant_id for _, each in extended])
    known = await evenings.lock_shared(work, [each.evening_id for _, each in extended])
    planned = [
        NewLetter(
            invitation_letter_id(event_id),
            Kind.INVITATION,
            work.now,
            participant_id=each.participant_id,
            evening_id=each.evening_id,
            suppressed=invitation_suppression(
                invited_erased=each.participant_id in erased, evening_cancelled=known[each.evening_id].cancelled
            ),
            details=_details(each, erased=each.participant_id in erased),
        )
        for event_id, each in extended
    ]
    await letters.plan(work, planned)
    await invitations.update_change_links(work, {(each.participant_id, each.evening_id): each for _, each in extended})


def _details(event: TicketOffered | InvitationExtended, *, erased: bool) -> Mapping[str, Any]:
    """Nothing that opens a page is kept for somebody who was erased."""
    return {} if erased else {"link": event.link, "address_sha256": event.address_sha256}


async def _letter_ids(work: UnitOfWork, offers: Sequence[TicketOffered]) -> Mapping[str, UUID]:
    """Returns the ids by links. An offer with another link than its first letter has is reissued: that one is void."""
    known = await invitations.links_of_offers(work, [offer.offer_id for offer in offers])
    ids: dict[str, UUID] = {}
    first = dict(known)
    for offer in offers:
        reissued = first.setdefault(offer.offer_id, offer.link) != offer.link
        ids[offer.link] = offer_letter_id(offer.offer_id, offer.link if reissued else None)
    latest = {offer.offer_id: offer.link for offer in offers if offer.offer_id in known}
    await invitations.supersede_offers(work, latest)
    return ids
