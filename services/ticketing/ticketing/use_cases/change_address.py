"""Another address for somebody: what was sent to the old one ends, and all that counts is told anew, for the new one.

The old address may be a stranger's. So links to it open nothing any more, and its codes no door.
"""

from collections.abc import Collection, Sequence
from itertools import groupby
from uuid import UUID

from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.store import address_changes, personal_pages, waiting_list
from ticketing.store.address_changes import MovedPlace
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import CauseOf, portions
from ticketing.use_cases.invite import invite_again


async def move(
    work: UnitOfWork, people: Collection[UUID], evenings: Collection[UUID], issuer: Issuer, cause_of: CauseOf
) -> None:
    """Gives these people new links and codes, and tells them and the box offices. The caller holds the locks of these
    evenings.
    """
    if not people:
        return
    await personal_pages.close(work, people)
    found = await address_changes.places(work, people, evenings)
    for evening, of_evening in groupby(found, key=lambda place: place.evening_id):
        for portion in portions(list(of_evening)):
            await _tell(work, evening, portion, issuer, cause_of)
    await _offer_again(work, people, evenings, issuer, cause_of)
    await invite_again(work, evenings, people, issuer, cause_of)


async def _tell(
    work: UnitOfWork, evening: UUID, portion: Sequence[MovedPlace], issuer: Issuer, cause_of: CauseOf
) -> None:
    codes = {
        each.ticket_id: None if each.waits else issuer.codes.sign(each.ticket_id, evening, each.generation + 1)
        for each in portion
    }
    await address_changes.replace(work, codes)
    waiting = [each.participant_id for each in portion if each.waits]
    positions = await waiting_list.positions(work, evening, waiting) if waiting else {}
    links, new = issuer.links.make(evening, [each.participant_id for each in portion])
    addresses = await personal_pages.save(work, new)
    for place, link in zip(portion, links, strict=True):
        who, cause = place.participant_id, cause_of(evening, place.participant_id)
        if (code := codes[place.ticket_id]) is None:
            events.waitlisted(
                work,
                evening_id=evening,
                venue=place.venue,
                participant_id=who,
                ticket_id=place.ticket_id,
                position=positions[who],
                link=link,
                address=addresses.get(who),
                version=place.version + 1,
                cause=cause,
            )
            continue
        events.issued(
            work,
            events.Holder(evening, place.venue, who, place.holder_name, place.partner_name),
            ticket_id=place.ticket_id,
            code=code,
            link=link,
            address=addresses.get(who),
            version=place.version + 1,
            feed_version=place.feed_version + 1,
            issued_at=place.issued_at,
            cause=cause,
        )
    await work.flush()


async def _offer_again(
    work: UnitOfWork, people: Collection[UUID], evenings: Collection[UUID], issuer: Issuer, cause_of: CauseOf
) -> None:
    offers = await address_changes.offers(work, people, evenings)
    made = [issuer.links.make(offer.evening_id, [offer.colleague_id]) for offer in offers]
    addresses = await personal_pages.save(work, [page for _, new in made for page in new])
    for offer, ([link], _) in zip(offers, made, strict=True):
        events.offered(
            work,
            offer_id=offer.offer_id,
            ticket_id=offer.ticket_id,
            evening_id=offer.evening_id,
            venue=offer.venue,
            holder_id=offer.holder_id,
            colleague_id=offer.colleague_id,
            link=link,
            address=addresses.get(offer.colleague_id),
            cause=cause_of(offer.evening_id, offer.colleague_id),
        )
