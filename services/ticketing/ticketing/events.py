"""What the rest of the house and the box offices are told: events of tickets, in the transaction that made them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from culture_connect.contracts import (
    AdmissionRefused,
    CancellationReason,
    Envelope,
    FeedTicketAdmitted,
    FeedTicketCancelled,
    FeedTicketIssued,
    InvitationExtended,
    TicketAdmitted,
    TicketCancelled,
    TicketIssued,
    TicketOffered,
    TicketWaitlisted,
)
from culture_connect.messaging import UnitOfWork, core_event, feed_to
from ticketing.domain.admissions import Refused
from ticketing.store.admissions import Admitted
from ticketing.store.feeds import TicketAtBoxOffice
from ticketing.store.seats import Ended


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose ticket it is, and for which evening at which venue."""

    evening_id: UUID
    venue: str
    participant_id: UUID
    holder_name: str
    partner_name: str


def invited(
    work: UnitOfWork,
    *,
    evening_id: UUID,
    venue: str,
    participant_id: UUID,
    link: str,
    address: bytes | None,
    cause: Envelope | None,
) -> None:
    """Tells the house that somebody may ask for a seat, on the page behind the link."""
    message = InvitationExtended(
        participant_id=participant_id, evening_id=evening_id, link=link, address_sha256=_hex(address)
    )
    work.emit(message, core_event(message, venue), subject=str(evening_id), cause=cause)


def issued(
    work: UnitOfWork,
    holder: Holder,
    *,
    ticket_id: UUID,
    code: str,
    link: str,
    address: bytes | None,
    version: int,
    feed_version: int,
    cause: Envelope | None,
    passed_on_by: UUID | None = None,
    issued_at: datetime | None = None,
) -> None:
    """Tells everybody that somebody has a seat, since now or since `issued_at`.

    `passed_on_by` is the colleague who gave it, `address` the hash of the only address that is to hear code and link.
    """
    subject = str(ticket_id)
    issued_at = issued_at or work.now
    message = TicketIssued(
        ticket_id=ticket_id,
        participant_id=holder.participant_id,
        evening_id=holder.evening_id,
        version=version,
        code=code,
        link=link,
        issued_at=issued_at,
        passed_on_by=passed_on_by,
        address_sha256=_hex(address),
    )
    work.emit(message, core_event(message, holder.venue), subject=subject, cause=cause)
    ticket = TicketAtBoxOffice(
        ticket_id,
        holder.evening_id,
        holder.venue,
        code,
        feed_version,
        issued_at,
        holder.holder_name,
        holder.partner_name,
    )
    listed(work, ticket, cause=cause)


def listed(work: UnitOfWork, ticket: TicketAtBoxOffice, *, cause: Envelope | None) -> None:
    """Tells the box office of a ticket: that it is there, or how its holder or their partner is called by now.

    Of who is in it hears that again: `feed_version` is the one of the last that is told.
    """
    feed = FeedTicketIssued(
        ticket_id=ticket.ticket_id,
        evening_id=ticket.evening_id,
        code=ticket.code,
        holder_name=ticket.holder_name,
        partner_name=ticket.partner_name,
        version=ticket.feed_version if ticket.admitted_at is None else ticket.feed_version - 1,
        issued_at=ticket.issued_at,
    )
    work.emit(feed, feed_to(ticket.venue), subject=str(ticket.ticket_id), cause=cause)
    if ticket.admitted_at is not None:
        inside = FeedTicketAdmitted(
            ticket_id=ticket.ticket_id,
            evening_id=ticket.evening_id,
            version=ticket.feed_version,
            admitted_at=ticket.admitted_at,
            scanner=ticket.scanner or "-",
            entrance=ticket.entrance,
        )
        work.emit(inside, feed_to(ticket.venue), subject=str(ticket.ticket_id), cause=cause)


def waitlisted(
    work: UnitOfWork,
    *,
    evening_id: UUID,
    venue: str,
    participant_id: UUID,
    ticket_id: UUID,
    position: int,
    link: str,
    address: bytes | None,
    cause: Envelope | None,
    version: int = 1,
) -> None:
    """Tells the house, and no box office, that somebody waits at this place of the line."""
    message = TicketWaitlisted(
        ticket_id=ticket_id,
        participant_id=participant_id,
        evening_id=evening_id,
        version=version,
        position=position,
        link=link,
        address_sha256=_hex(address),
    )
    work.emit(message, core_event(message, venue), subject=str(ticket_id), cause=cause)


def offered(
    work: UnitOfWork,
    *,
    offer_id: UUID,
    ticket_id: UUID,
    evening_id: UUID,
    venue: str,
    holder_id: UUID,
    colleague_id: UUID,
    link: str,
    address: bytes | None,
    cause: Envelope | None = None,
) -> None:
    """Tells the house that somebody wants to pass their ticket on, which the colleague confirms behind the link."""
    message = TicketOffered(
        offer_id=offer_id,
        ticket_id=ticket_id,
        participant_id=colleague_id,
        holder_id=holder_id,
        evening_id=evening_id,
        link=link,
        address_sha256=_hex(address),
    )
    work.emit(message, core_event(message, venue), subject=str(ticket_id), cause=cause)


def cancelled(work: UnitOfWork, place: Ended, *, cause: Envelope | None) -> None:
    """Tells the house that a place is gone, and the box office when it knew of it."""
    subject = str(place.ticket_id)
    # Of a holder who was erased before, the house has nothing left to say.
    if place.participant_id is not None:
        message = TicketCancelled(
            ticket_id=place.ticket_id,
            participant_id=place.participant_id,
            evening_id=place.evening_id,
            version=place.version,
            reason=place.reason,
        )
        work.emit(message, core_event(message, place.venue), subject=subject, cause=cause)
    if place.code is not None:
        feed = FeedTicketCancelled(
            ticket_id=place.ticket_id,
            evening_id=place.evening_id,
            version=place.feed_version,
            reason=place.reason,
        )
        work.emit(feed, feed_to(place.venue), subject=subject, cause=cause)


def admitted(
    work: UnitOfWork, venue: str, ticket: Admitted, *, scanner: str, entrance: str | None, cause: Envelope | None
) -> None:
    """Tells everybody that somebody went in.

    Of a ticket that was cancelled since only its box office hears, that it admitted and that it is cancelled: the house
    knows the end of it already.
    """
    subject = str(ticket.ticket_id)
    if ticket.participant_id is not None and ticket.cancelled_as is None:
        message = TicketAdmitted(
            ticket_id=ticket.ticket_id,
            participant_id=ticket.participant_id,
            evening_id=ticket.evening_id,
            version=ticket.version,
            admitted_at=ticket.admitted_at,
        )
        work.emit(message, core_event(message, venue), subject=subject, cause=cause)
    feed = FeedTicketAdmitted(
        ticket_id=ticket.ticket_id,
        evening_id=ticket.evening_id,
        version=ticket.feed_version if ticket.cancelled_as is None else ticket.feed_version - 1,
        admitted_at=ticket.admitted_at,
        scanner=scanner,
        entrance=entrance,
    )
    work.emit(feed, feed_to(venue), subject=subject, cause=cause)
    if ticket.cancelled_as is not None:
        end = FeedTicketCancelled(
            ticket_id=ticket.ticket_id,
            evening_id=ticket.evening_id,
            version=ticket.feed_version,
            reason=CancellationReason(ticket.cancelled_as),
        )
        work.emit(end, feed_to(venue), subject=subject, cause=cause)


def refused(work: UnitOfWork, venue: str, refusal: Refused, *, cause: Envelope | None) -> None:
    """Tells the box office whose scanner it was that a code may not enter."""
    message = AdmissionRefused(
        scan_id=refusal.scan.scan_id,
        evening_id=refusal.scan.evening_id,
        reason=refusal.reason,
        first_admitted_at=refusal.first_admitted_at,
    )
    work.emit(message, feed_to(venue), subject=str(refusal.scan.evening_id), cause=cause)


def _hex(digest: bytes | None) -> str | None:
    return digest.hex() if digest else None
