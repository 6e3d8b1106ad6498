"""Transfer of a ticket to a colleague (allocation rules, "Changes", passing on): offered, accepted, and only then done.

The holder gets the same answer for any address, after the same work: only the colleague learns, in a letter, who takes
part.
"""

from typing import Final
from uuid import UUID, uuid4

from culture_connect.contracts import CancellationReason
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.domain.allocation import tiebreaker
from ticketing.domain.decisions import Outcome, Rule
from ticketing.domain.offers import PERIOD, check_offer_limits
from ticketing.domain.refusals import RefusalCode, RequestRefused
from ticketing.domain.tickets import Eligibility, LockedEvening, Place, check_transfer_from, check_transfer_to
from ticketing.events import IssuedTicket
from ticketing.store import decisions, offers, personal_pages, places, seat_requests
from ticketing.store.decisions import NewDecision
from ticketing.store.offers import Offer, OfferedTicket
from ticketing.store.personal_pages import NewPage
from ticketing.store.seats import EndedPlace
from ticketing.tickets.issuer import Issuer
from ticketing.tickets.links import PageLink
from ticketing.use_cases.decline import lock_place
from ticketing.use_cases.page_links import create_links

_NOBODY: Final = UUID(int=0)


async def offer(work: UnitOfWork, issuer: Issuer, ticket_id: UUID, *, by: UUID | None, address: str) -> UUID:
    """Offers a ticket to the colleague with this e-mail address; returns the id of the offer.

    The ticket stays with its holder until the colleague accepts; an earlier offer of it ends. Where nobody can have the
    ticket at that address, the offer is one that nobody learns of. Made to the same address again, while the offer is
    open or within a day of it, it is the same offer: it counts once, and makes one letter. Raises RequestRefused: for
    the ticket itself, for the holder's own address, and for too many offers.
    """
    evening, place = await lock_place(work, ticket_id, by)
    check_transfer_from(evening, place, work.now)
    assert place.participant_id is not None  # noqa: S101 - an issued ticket of an evening to come has a holder
    digest = address_digest(place.partner, address)
    found = await places.eligibility_at(work, evening.evening_id, place.partner, digest)
    if found is not None and found.participant_id == place.participant_id:
        raise RequestRefused(RefusalCode.ONESELF)
    since = work.now - PERIOD
    # Under a key, and another one for each holder, so that the hash tells nothing of addresses that are nobody's.
    to = issuer.hashes.of("offered to", place.participant_id.bytes + digest)
    counts = await offers.count(work, ticket=ticket_id, holder=place.participant_id, address=to, since=since)
    theirs = await places.live_place(work, evening.evening_id, found.participant_id if found else _NOBODY)
    colleague = _recipient(place, found, theirs)
    before = await offers.previous(work, ticket=ticket_id, address=to, since=since)
    if before is not None and (colleague is None or before.participant_id in (None, colleague)):
        offer_id, known = before.offer_id, before.participant_id
        await offers.reopen(work, before, colleague or known)
    else:
        check_offer_limits(counts, work.now)
        offer_id, known = uuid4(), None
        await offers.create(
            work, offer_id, ticket=ticket_id, evening=evening.evening_id, participant=colleague, address=to
        )
    # The same work for everybody: a link is drawn and a statement runs, also where there is nothing to save.
    link = issuer.links.draw()
    is_new = colleague is not None and known is None
    page = NewPage(evening.evening_id, colleague or _NOBODY, link.secret_sha256)
    addresses = await personal_pages.save(work, [page] if is_new else [], always=True)
    if colleague is not None and is_new:
        offered = OfferedTicket(offer_id, ticket_id, evening.evening_id, evening.venue, place.participant_id, colleague)
        events.ticket_offered(work, offered, PageLink(link.url, addresses.get(colleague)), cause=None)
    return offer_id


def _recipient(place: Place, found: Eligibility | None, theirs: Place | None) -> UUID | None:
    try:
        return check_transfer_to(place, found, theirs).participant_id
    except RequestRefused:
        return None


async def accept(work: UnitOfWork, issuer: Issuer, offer_id: UUID, *, by: UUID) -> Place:
    """Gives the colleague the ticket, under a new code; accepting twice is accepting once. Raises RequestRefused."""
    evening, place, found = await _lock_offer(work, offer_id)
    if found.participant_id != by:
        raise RequestRefused(RefusalCode.NOT_YOURS)
    if found.state == "accepted" and (theirs := await places.live_place(work, evening.evening_id, by)):
        return theirs
    if found.state != "open":
        raise RequestRefused(RefusalCode.UNKNOWN_OFFER)
    received = await _transfer(work, issuer, evening, place, by)
    await offers.close(work, offer_id, "accepted")
    return received


async def refuse(work: UnitOfWork, offer_id: UUID, *, by: UUID) -> None:
    """Ends an offer that the colleague refuses; the ticket stays with its holder. Raises RequestRefused."""
    _, _, found = await _lock_offer(work, offer_id)
    if found.participant_id != by:
        raise RequestRefused(RefusalCode.NOT_YOURS)
    await _end(work, found, "refused")


async def take_back(work: UnitOfWork, offer_id: UUID, *, by: UUID) -> None:
    """Ends an offer that the holder takes back. Raises RequestRefused."""
    _, place, found = await _lock_offer(work, offer_id)
    if place.participant_id != by:
        raise RequestRefused(RefusalCode.NOT_YOURS)
    await _end(work, found, "taken-back")


async def pass_on(
    work: UnitOfWork, issuer: Issuer, ticket_id: UUID, colleague_id: UUID, *, by: UUID | None = None
) -> Place:
    """Transfers the ticket at once, for somebody who speaks for both; returns the colleague's ticket.

    Raises RequestRefused.
    """
    evening, place = await lock_place(work, ticket_id, by)
    return await _transfer(work, issuer, evening, place, colleague_id)


async def _lock_offer(work: UnitOfWork, offer_id: UUID) -> tuple[LockedEvening, Place, Offer]:
    known = await offers.find(work, offer_id)
    if known is None:
        raise RequestRefused(RefusalCode.UNKNOWN_OFFER)
    evening, place = await lock_place(work, known.ticket_id, None)
    # Read again under the lock: it may have ended meanwhile.
    found = await offers.find(work, offer_id)
    if found is None:
        raise RequestRefused(RefusalCode.UNKNOWN_OFFER)
    return evening, place, found


async def _end(work: UnitOfWork, found: Offer, state: str) -> None:
    if found.state not in ("open", state):
        raise RequestRefused(RefusalCode.UNKNOWN_OFFER)
    await offers.close(work, found.offer_id, state)


async def _transfer(
    work: UnitOfWork, issuer: Issuer, evening: LockedEvening, place: Place, colleague_id: UUID
) -> Place:
    check_transfer_from(evening, place, work.now)
    colleague = await places.eligibility(work, evening.evening_id, colleague_id)
    theirs = await places.live_place(work, evening.evening_id, colleague_id) if colleague else None
    check_transfer_to(place, colleague, theirs)
    # A waiting place they had becomes the ticket: one life from the request to the end.
    received = theirs.ticket_id if theirs else uuid4()
    if theirs is None:
        await places.add_for_transfer(
            work,
            ticket=received,
            evening=evening.evening_id,
            participant=colleague_id,
            tiebreaker=tiebreaker(evening.evening_id, colleague_id),
        )
    code = issuer.codes.sign(received, evening.evening_id)
    before, after = await places.transfer(work, given=place.ticket_id, received=received, code=code)
    await seat_requests.record_decline(work, evening.evening_id, before.participant_id)
    await seat_requests.record_requests(work, evening.evening_id, [after.participant_id])
    await decisions.record(
        work,
        evening.evening_id,
        [
            NewDecision(before.participant_id, before.ticket_id, Outcome.LOST, Rule.PASSED_ON, {}),
            NewDecision(after.participant_id, after.ticket_id, Outcome.GRANTED, Rule.COLLEAGUE, {}),
        ],
    )
    ended = EndedPlace(
        before.ticket_id,
        evening.evening_id,
        evening.venue,
        before.participant_id,
        before.version,
        before.feed_version,
        before.code,
        CancellationReason.PASSED_ON,
    )
    events.ticket_cancelled(work, ended, cause=None)
    [link] = await create_links(work, issuer, [(evening.evening_id, colleague_id)])
    issued = IssuedTicket(
        received,
        evening.evening_id,
        evening.venue,
        colleague_id,
        after.holder_name,
        after.partner_name,
        code,
        after.version,
        after.feed_version,
        passed_on_by=before.participant_id,
    )
    events.ticket_issued(work, issued, link, cause=None)
    return await places.place(work, received)
