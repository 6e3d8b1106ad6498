"""Passing a ticket on to a colleague (allocation rules, "Changes"): offered, agreed to, and only then done.

Whoever offers a ticket hears the same whatever address they name, after the same work: who takes part is told to nobody
but the colleague, in a letter.
"""

from typing import Final
from uuid import UUID, uuid4

from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.domain.allocation import lot
from ticketing.domain.decisions import Outcome, Rule
from ticketing.domain.offers import PERIOD, check_tries
from ticketing.domain.refusals import Refusal, Refused
from ticketing.domain.tickets import EveningAhead, Person, Place, check_giving, check_receiving
from ticketing.store import decisions, offers, personal_pages, places, seat_requests
from ticketing.store.decisions import Kept
from ticketing.store.offers import Offer
from ticketing.store.seats import Ended
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.decline import lock_with_ticket

_NOBODY: Final = UUID(int=0)


async def offer(work: UnitOfWork, issuer: Issuer, ticket_id: UUID, *, by: UUID | None, address: str) -> UUID:
    """Asks the colleague with this e-mail address whether they want the ticket; returns the id of the offer.

    The ticket stays with its holder until the colleague agrees; an earlier offer of it ends. Where nobody can have the
    ticket at that address, the offer is one that nobody hears of. Offered to the same address again, while the offer is
    open or within a day of it, it is the same offer: it counts once, and makes one letter. Raises Refused: for the
    ticket itself, for the holder's own address, and for too many offers.
    """
    evening, place = await lock_with_ticket(work, ticket_id, by)
    check_giving(evening, place, work.now)
    assert place.participant_id is not None  # noqa: S101 - an issued ticket of an evening to come has a holder
    digest = address_digest(place.partner, address)
    found = await places.person_at(work, evening.evening_id, place.partner, digest)
    if found is not None and found.participant_id == place.participant_id:
        raise Refused(Refusal.ONESELF)
    since = work.now - PERIOD
    # Under a key, and another one for each holder: of addresses that are nobody's nothing can be told from it.
    to = issuer.hashes.of("offered to", place.participant_id.bytes + digest)
    tries = await offers.tries(work, ticket=ticket_id, holder=place.participant_id, address=to, since=since)
    theirs = await places.live_place(work, evening.evening_id, found.participant_id if found else _NOBODY)
    colleague = _receiver(place, found, theirs)
    before = await offers.made_before(work, ticket=ticket_id, address=to, since=since)
    if before is not None and (colleague is None or before.participant_id in (None, colleague)):
        offer_id, asked = before.offer_id, before.participant_id
        await offers.reopen(work, before, colleague or asked)
    else:
        check_tries(tries, work.now)
        offer_id, asked = uuid4(), None
        await offers.make(
            work, offer_id, ticket=ticket_id, evening=evening.evening_id, participant=colleague, address=to
        )
    [link], new = issuer.links.make(evening.evening_id, [colleague or _NOBODY])
    is_new = colleague is not None and asked is None
    addresses = await personal_pages.save(work, new if is_new else [], always=True)
    if colleague is not None and is_new:
        events.offered(
            work,
            offer_id=offer_id,
            ticket_id=ticket_id,
            evening_id=evening.evening_id,
            venue=evening.venue,
            holder_id=place.participant_id,
            colleague_id=colleague,
            link=link,
            address=addresses.get(colleague),
        )
    return offer_id


def _receiver(place: Place, found: Person | None, theirs: Place | None) -> UUID | None:
    try:
        return check_receiving(place, found, theirs).participant_id
    except Refused:
        return None


async def accept(work: UnitOfWork, issuer: Issuer, offer_id: UUID, *, by: UUID) -> Place:
    """The colleague agrees: the ticket is theirs, under a new code. Agreeing twice is agreeing once. Raises Refused."""
    evening, place, found = await _lock_offer(work, offer_id)
    if found.participant_id != by:
        raise Refused(Refusal.NOT_YOURS)
    if found.state == "accepted" and (theirs := await places.live_place(work, evening.evening_id, by)):
        return theirs
    if found.state != "open":
        raise Refused(Refusal.UNKNOWN_OFFER)
    received = await _hand_over(work, issuer, evening, place, by)
    await offers.close(work, offer_id, "accepted")
    return received


async def refuse(work: UnitOfWork, offer_id: UUID, *, by: UUID) -> None:
    """The colleague does not want it; the ticket stays with its holder. Raises Refused."""
    _, _, found = await _lock_offer(work, offer_id)
    if found.participant_id != by:
        raise Refused(Refusal.NOT_YOURS)
    await _end(work, found, "refused")


async def take_back(work: UnitOfWork, offer_id: UUID, *, by: UUID) -> None:
    """The holder keeps the ticket after all. Raises Refused."""
    _, place, found = await _lock_offer(work, offer_id)
    if place.participant_id != by:
        raise Refused(Refusal.NOT_YOURS)
    await _end(work, found, "taken-back")


async def pass_on(
    work: UnitOfWork, issuer: Issuer, ticket_id: UUID, colleague_id: UUID, *, by: UUID | None = None
) -> Place:
    """Passes the ticket on at once, on the word of somebody who speaks for both; returns the colleague's ticket.

    Raises Refused.
    """
    evening, place = await lock_with_ticket(work, ticket_id, by)
    return await _hand_over(work, issuer, evening, place, colleague_id)


async def _lock_offer(work: UnitOfWork, offer_id: UUID) -> tuple[EveningAhead, Place, Offer]:
    known = await offers.find(work, offer_id)
    if known is None:
        raise Refused(Refusal.UNKNOWN_OFFER)
    evening, place = await lock_with_ticket(work, known.ticket_id, None)
    # Read again behind the lock: somebody may have ended it meanwhile.
    found = await offers.find(work, offer_id)
    if found is None:
        raise Refused(Refusal.UNKNOWN_OFFER)
    return evening, place, found


async def _end(work: UnitOfWork, found: Offer, state: str) -> None:
    if found.state not in ("open", state):
        raise Refused(Refusal.UNKNOWN_OFFER)
    await offers.close(work, found.offer_id, state)


async def _check(work: UnitOfWork, evening: EveningAhead, place: Place, colleague: Person | None) -> Person:
    check_giving(evening, place, work.now)
    theirs = await places.live_place(work, evening.evening_id, colleague.participant_id) if colleague else None
    return check_receiving(place, colleague, theirs)


async def _hand_over(
    work: UnitOfWork, issuer: Issuer, evening: EveningAhead, place: Place, colleague_id: UUID
) -> Place:
    colleague = await _check(work, evening, place, await places.person(work, evening.evening_id, colleague_id))
    theirs = await places.live_place(work, evening.evening_id, colleague_id)
    # A waiting place they had becomes the ticket: one life from the request to the end.
    received = theirs.ticket_id if theirs else uuid4()
    if theirs is None:
        drawn = lot(evening.evening_id, colleague_id)
        await places.enter(
            work, ticket=received, evening=evening.evening_id, participant=colleague.participant_id, lot=drawn
        )
    code = issuer.codes.sign(received, evening.evening_id)
    before, after = await places.pass_on(work, given=place.ticket_id, received=received, code=code)
    await seat_requests.decline(work, evening.evening_id, before.participant_id)
    await seat_requests.ask(work, evening.evening_id, [after.participant_id])
    await decisions.keep(
        work,
        evening.evening_id,
        [
            Kept(before.participant_id, before.ticket_id, Outcome.LOST, Rule.PASSED_ON, {}),
            Kept(after.participant_id, after.ticket_id, Outcome.GRANTED, Rule.COLLEAGUE, {}),
        ],
    )
    ended = Ended(
        before.ticket_id,
        evening.evening_id,
        evening.venue,
        before.participant_id,
        before.version,
        before.feed_version,
        before.code,
        "passed-on",
    )
    events.cancelled(work, ended, cause=None)
    [link], new = issuer.links.make(evening.evening_id, [colleague_id])
    addresses = await personal_pages.save(work, new)
    events.issued(
        work,
        events.Holder(evening.evening_id, evening.venue, colleague_id, after.holder_name, after.partner_name),
        ticket_id=received,
        code=code,
        link=link,
        address=addresses.get(colleague_id),
        version=after.version,
        feed_version=after.feed_version,
        cause=None,
        passed_on_by=before.participant_id,
    )
    return await places.place(work, received)
