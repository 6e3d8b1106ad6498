"""A changed address: links and codes sent to the old one end, and all that counts is published again for the new one.

The old address may be a stranger's. So links to it open nothing any more, and its codes no door.
"""

from collections.abc import Collection, Sequence
from itertools import groupby
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.events import IssuedTicket, WaitlistedPlace
from ticketing.store import address_changes, personal_pages, waiting_list
from ticketing.store.address_changes import AffectedPlace
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import CauseOf, batches
from ticketing.use_cases.invite import resend_invitations
from ticketing.use_cases.page_links import create_links


async def change_addresses(
    work: UnitOfWork, people: Collection[UUID], evenings: Collection[UUID], issuer: Issuer, cause_of: CauseOf
) -> None:
    """Gives these people new links and codes, and publishes them. The caller holds the locks of these evenings."""
    if not people:
        return
    await personal_pages.delete(work, people)
    found = await address_changes.affected_places(work, people, evenings)
    for evening, of_evening in groupby(found, key=lambda place: place.evening_id):
        for batch in batches(list(of_evening)):
            await _reissue(work, evening, batch, issuer, cause_of)
    await _resend_offers(work, people, evenings, issuer, cause_of)
    await resend_invitations(work, evenings, people, issuer, cause_of)


async def _reissue(
    work: UnitOfWork, evening: UUID, batch: Sequence[AffectedPlace], issuer: Issuer, cause_of: CauseOf
) -> None:
    codes = {
        each.ticket_id: None if each.is_waiting else issuer.codes.sign(each.ticket_id, evening, each.generation + 1)
        for each in batch
    }
    await address_changes.reissue(work, codes)
    waiting = [each.participant_id for each in batch if each.is_waiting]
    positions = await waiting_list.positions(work, evening, waiting) if waiting else {}
    links = await create_links(work, issuer, [(evening, each.participant_id) for each in batch])
    for place, link in zip(batch, links, strict=True):
        who, cause = place.participant_id, cause_of(evening, place.participant_id)
        if (code := codes[place.ticket_id]) is None:
            waitlisted = WaitlistedPlace(
                place.ticket_id, evening, place.venue, who, positions[who], version=place.version + 1
            )
            events.ticket_waitlisted(work, waitlisted, link, cause=cause)
            continue
        ticket = IssuedTicket(
            place.ticket_id,
            evening,
            place.venue,
            who,
            place.holder_name,
            place.partner_name,
            code,
            place.version + 1,
            place.feed_version + 1,
            place.issued_at,
        )
        events.ticket_issued(work, ticket, link, cause=cause)
    await work.flush()


async def _resend_offers(
    work: UnitOfWork, people: Collection[UUID], evenings: Collection[UUID], issuer: Issuer, cause_of: CauseOf
) -> None:
    offers = await address_changes.affected_offers(work, people, evenings)
    links = await create_links(work, issuer, [(offer.evening_id, offer.colleague_id) for offer in offers])
    for offer, link in zip(offers, links, strict=True):
        events.ticket_offered(work, offer, link, cause=cause_of(offer.evening_id, offer.colleague_id))
