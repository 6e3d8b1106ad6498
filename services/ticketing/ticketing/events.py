"""Every event that ticketing publishes, to the other services and to box offices, named by its type.

Each is emitted in the transaction that made it true. Box offices receive no waiting places and no participant ids,
and count versions of a ticket on their own (`feed_version`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from culture_connect.contracts import (
    AdmissionRefused,
    CancellationReason,
    Envelope,
    ErasureCompleted,
    FeedTicketAdmitted,
    FeedTicketCancelled,
    FeedTicketIssued,
    InvitationExtended,
    Message,
    TicketAdmitted,
    TicketCancelled,
    TicketIssued,
    TicketOffered,
    TicketWaitlisted,
)
from culture_connect.messaging import UnitOfWork, core_event, feed_to
from ticketing.domain.admissions import EntryDenied
from ticketing.store.admissions import AdmittedTicket
from ticketing.store.evenings import EveningEvent
from ticketing.store.feeds import FeedTicket
from ticketing.store.offers import OfferedTicket
from ticketing.store.seat_requests import Invitation
from ticketing.store.seats import EndedPlace
from ticketing.tickets.links import PageLink


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """A ticket that its holder has now; `passed_on_by` is the colleague who gave it."""

    ticket_id: UUID
    evening_id: UUID
    venue: str
    participant_id: UUID
    holder_name: str
    partner_name: str
    code: str
    version: int = 1
    feed_version: int = 1
    issued_at: datetime | None = None
    passed_on_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class WaitlistedPlace:
    """A place on the waiting list, with its position from 1."""

    ticket_id: UUID
    evening_id: UUID
    venue: str
    participant_id: UUID
    position: int
    version: int = 1


def invitation_extended(work: UnitOfWork, invitation: Invitation, link: PageLink, *, cause: Envelope | None) -> None:
    """Publishes that a participant may request a seat, on the page behind the link."""
    message = InvitationExtended(
        participant_id=invitation.participant_id,
        evening_id=invitation.evening_id,
        link=link.url,
        address_sha256=_hex(link.address_sha256),
    )
    _to_services(work, message, invitation.venue, invitation.evening_id, cause)


def ticket_issued(work: UnitOfWork, ticket: IssuedTicket, link: PageLink, *, cause: Envelope | None) -> None:
    """Publishes that somebody has a seat, to the other services and to the box office."""
    issued_at = ticket.issued_at or work.now
    message = TicketIssued(
        ticket_id=ticket.ticket_id,
        participant_id=ticket.participant_id,
        evening_id=ticket.evening_id,
        version=ticket.version,
        code=ticket.code,
        link=link.url,
        issued_at=issued_at,
        passed_on_by=ticket.passed_on_by,
        address_sha256=_hex(link.address_sha256),
    )
    _to_services(work, message, ticket.venue, ticket.ticket_id, cause)
    listed = FeedTicket(
        ticket.ticket_id,
        ticket.evening_id,
        ticket.venue,
        ticket.code,
        ticket.feed_version,
        issued_at,
        ticket.holder_name,
        ticket.partner_name,
    )
    ticket_listed(work, listed, cause=cause)


def ticket_listed(work: UnitOfWork, ticket: FeedTicket, *, cause: Envelope | None) -> None:
    """Publishes to the box office what leads to the ticket's present state; the last event has its `feed_version`."""
    if ticket.reason is None:
        issued = FeedTicketIssued(
            ticket_id=ticket.ticket_id,
            evening_id=ticket.evening_id,
            code=ticket.code,
            holder_name=ticket.holder_name,
            partner_name=ticket.partner_name,
            version=ticket.feed_version if ticket.admitted_at is None else ticket.feed_version - 1,
            issued_at=ticket.issued_at,
        )
        _to_box_office(work, issued, ticket.venue, ticket.ticket_id, cause)
    if ticket.admitted_at is not None:
        _admission_in_feed(
            work,
            ticket,
            ticket.venue,
            admitted_at=ticket.admitted_at,
            scanner=ticket.scanner or "-",
            entrance=ticket.entrance,
            cancelled_as=ticket.reason,
            cause=cause,
        )
    if ticket.reason is not None:
        _cancellation_in_feed(work, ticket, ticket.venue, ticket.reason, cause)


def ticket_waitlisted(work: UnitOfWork, place: WaitlistedPlace, link: PageLink, *, cause: Envelope | None) -> None:
    """Publishes that somebody has a place on the waiting list."""
    message = TicketWaitlisted(
        ticket_id=place.ticket_id,
        participant_id=place.participant_id,
        evening_id=place.evening_id,
        version=place.version,
        position=place.position,
        link=link.url,
        address_sha256=_hex(link.address_sha256),
    )
    _to_services(work, message, place.venue, place.ticket_id, cause)


def ticket_offered(work: UnitOfWork, offer: OfferedTicket, link: PageLink, *, cause: Envelope | None) -> None:
    """Publishes that somebody offers their ticket to a colleague, who may accept it behind the link."""
    message = TicketOffered(
        offer_id=offer.offer_id,
        ticket_id=offer.ticket_id,
        participant_id=offer.colleague_id,
        holder_id=offer.holder_id,
        evening_id=offer.evening_id,
        link=link.url,
        address_sha256=_hex(link.address_sha256),
    )
    _to_services(work, message, offer.venue, offer.ticket_id, cause)


def ticket_cancelled(work: UnitOfWork, place: EndedPlace, *, cause: Envelope | None) -> None:
    """Publishes that a ticket or waiting place ended; to the box office only if it was a ticket."""
    # Of a holder who was erased before, the other services have nothing left.
    if place.participant_id is not None:
        message = TicketCancelled(
            ticket_id=place.ticket_id,
            participant_id=place.participant_id,
            evening_id=place.evening_id,
            version=place.version,
            reason=CancellationReason(place.reason),
        )
        _to_services(work, message, place.venue, place.ticket_id, cause)
    if place.code is not None:
        _cancellation_in_feed(work, place, place.venue, place.reason, cause)


def ticket_admitted(
    work: UnitOfWork, venue: str, ticket: AdmittedTicket, *, scanner: str, entrance: str | None, cause: Envelope | None
) -> None:
    """Publishes that the holder of a ticket went in.

    Of a ticket that was cancelled since, only to its box office, and the cancellation again after it: for the other
    services that has the last word already.
    """
    if ticket.participant_id is not None and ticket.cancelled_as is None:
        message = TicketAdmitted(
            ticket_id=ticket.ticket_id,
            participant_id=ticket.participant_id,
            evening_id=ticket.evening_id,
            version=ticket.version,
            admitted_at=ticket.admitted_at,
        )
        _to_services(work, message, venue, ticket.ticket_id, cause)
    _admission_in_feed(
        work,
        ticket,
        venue,
        admitted_at=ticket.admitted_at,
        scanner=scanner,
        entrance=entrance,
        cancelled_as=ticket.cancelled_as,
        cause=cause,
    )
    if ticket.cancelled_as is not None:
        _cancellation_in_feed(work, ticket, venue, ticket.cancelled_as, cause)


def admission_refused(work: UnitOfWork, venue: str, denied: EntryDenied, *, cause: Envelope | None) -> None:
    """Publishes to the box office of the scanner that a code may not enter."""
    message = AdmissionRefused(
        scan_id=denied.scan.scan_id,
        evening_id=denied.scan.evening_id,
        reason=denied.reason,
        first_admitted_at=denied.first_admitted_at,
    )
    _to_box_office(work, message, venue, denied.scan.evening_id, cause)


def evening_listed(work: UnitOfWork, evening: EveningEvent, *, cause: Envelope | None) -> None:
    """Publishes an evening, as registration published it, to the box office of its venue."""
    _to_box_office(work, evening, evening.venue, evening.evening_id, cause)


def erasure_completed(work: UnitOfWork, participant_id: UUID, *, cause: Envelope | None) -> None:
    """Publishes that ticketing erased a participant."""
    _to_services(work, ErasureCompleted(participant_id=participant_id), "ticketing", participant_id, cause)


class _InFeed(Protocol):
    """A ticket with the version of the last event about it in its box office's feed."""

    @property
    def ticket_id(self) -> UUID: ...
    @property
    def evening_id(self) -> UUID: ...
    @property
    def feed_version(self) -> int: ...


def _admission_in_feed(
    work: UnitOfWork,
    ticket: _InFeed,
    venue: str,
    *,
    admitted_at: datetime,
    scanner: str,
    entrance: str | None,
    cancelled_as: str | None,
    cause: Envelope | None,
) -> None:
    """Publishes the admission, with the version before that of a cancellation that follows it."""
    message = FeedTicketAdmitted(
        ticket_id=ticket.ticket_id,
        evening_id=ticket.evening_id,
        version=ticket.feed_version if cancelled_as is None else ticket.feed_version - 1,
        admitted_at=admitted_at,
        scanner=scanner,
        entrance=entrance,
    )
    _to_box_office(work, message, venue, ticket.ticket_id, cause)


def _cancellation_in_feed(work: UnitOfWork, ticket: _InFeed, venue: str, reason: str, cause: Envelope | None) -> None:
    message = FeedTicketCancelled(
        ticket_id=ticket.ticket_id,
        evening_id=ticket.evening_id,
        version=ticket.feed_version,
        reason=CancellationReason(reason),
    )
    _to_box_office(work, message, venue, ticket.ticket_id, cause)


def _to_services(work: UnitOfWork, message: Message, scope: str, subject: UUID, cause: Envelope | None) -> None:
    work.emit(message, core_event(message, scope), subject=str(subject), cause=cause)


def _to_box_office(work: UnitOfWork, message: Message, venue: str, subject: UUID, cause: Envelope | None) -> None:
    work.emit(message, feed_to(venue), subject=str(subject), cause=cause)


def _hex(digest: bytes | None) -> str | None:
    return digest.hex() if digest else None
