"""What the rest of the house and the box offices are told: events of tickets, in the transaction that made them."""

from collections.abc import Callable
from uuid import UUID

from culture_connect.contracts import (
    AdmissionRefused,
    Envelope,
    FeedTicketAdmitted,
    FeedTicketCancelled,
    FeedTicketIssued,
    TicketAdmitted,
    TicketCancelled,
    TicketIssued,
    TicketWaitlisted,
)
from culture_connect.messaging import UnitOfWork, core_event, feed_to
from ticketing.domain.door import Refused
from ticketing.store.doors import Admitted
from ticketing.store.seats import Ended, Newcomer, Waiting

# The message that led to an event: by evening and participant.
CauseOf = Callable[[UUID, UUID], Envelope | None]


def issued(
    work: UnitOfWork,
    holder: Newcomer | Waiting,
    *,
    ticket_id: UUID,
    code: str,
    version: int,
    feed_version: int,
    cause: Envelope | None,
) -> None:
    """Tells everybody that somebody has a seat."""
    subject = str(ticket_id)
    message = TicketIssued(
        ticket_id=ticket_id,
        participant_id=holder.participant_id,
        evening_id=holder.evening_id,
        version=version,
        code=code,
        link=None,
        issued_at=work.now,
    )
    work.emit(message, core_event(message, holder.venue), subject=subject, cause=cause)
    feed = FeedTicketIssued(
        ticket_id=ticket_id,
        evening_id=holder.evening_id,
        code=code,
        holder_name=holder.holder_name,
        partner_name=holder.partner_name,
        version=feed_version,
        issued_at=work.now,
    )
    work.emit(feed, feed_to(holder.venue), subject=subject, cause=cause)


def waitlisted(work: UnitOfWork, holder: Newcomer, *, ticket_id: UUID, position: int, cause: Envelope | None) -> None:
    """Tells the house, and no box office, that somebody waits at this place of the line."""
    message = TicketWaitlisted(
        ticket_id=ticket_id,
        participant_id=holder.participant_id,
        evening_id=holder.evening_id,
        version=1,
        position=position,
        link=None,
    )
    work.emit(message, core_event(message, holder.venue), subject=str(ticket_id), cause=cause)


def cancelled(work: UnitOfWork, place: Ended, *, cause: Envelope | None) -> None:
    """Tells the house that a place is gone, and the box office when it knew of it."""
    subject = str(place.ticket_id)
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
    """Tells everybody that somebody went in."""
    subject = str(ticket.ticket_id)
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
        version=ticket.feed_version,
        admitted_at=ticket.admitted_at,
        scanner=scanner,
        entrance=entrance,
    )
    work.emit(feed, feed_to(venue), subject=subject, cause=cause)


def refused(work: UnitOfWork, venue: str, refusal: Refused, *, cause: Envelope | None) -> None:
    """Tells the box office whose scanner it was that a code may not enter."""
    message = AdmissionRefused(
        scan_id=refusal.scan.scan_id,
        evening_id=refusal.scan.evening_id,
        reason=refusal.reason,
        first_admitted_at=refusal.first_admitted_at,
    )
    work.emit(message, feed_to(venue), subject=str(refusal.scan.evening_id), cause=cause)
