"""Tickets and waiting places, and what their holders may do with them (allocation rules, "Changes")."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from ticketing.domain.refusals import RefusalCode, RequestRefused


class TicketState(StrEnum):
    """The state of a ticket; a waiting place is a ticket without a seat."""

    WAITING = "waiting"
    ISSUED = "issued"
    ADMITTED = "admitted"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class LockedEvening:
    """An evening whose row is locked, with what decides whether its tickets may still change."""

    evening_id: UUID
    venue: str
    day: date
    starts_at: datetime
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Eligibility:
    """A participant's eligibility for one evening: `active` on its day, and of a partner that takes part."""

    participant_id: UUID
    partner: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A ticket or waiting place as it is now; without a participant once that was erased."""

    ticket_id: UUID
    evening_id: UUID
    participant_id: UUID | None
    partner: str
    state: TicketState
    reason: str | None


def check_not_started(evening: LockedEvening, now: datetime) -> None:
    """Raises RequestRefused when the evening was cancelled or has begun: its tickets stay as they are."""
    if evening.cancelled:
        raise RequestRefused(RefusalCode.EVENING_CANCELLED)
    if now >= evening.starts_at:
        raise RequestRefused(RefusalCode.EVENING_BEGUN)


def check_seat_request(evening: LockedEvening, person: Eligibility | None, now: datetime) -> Eligibility:
    """Returns the participant, if they may request a seat: a candidate ("Candidates"), until the evening begins.

    Raises RequestRefused.
    """
    check_not_started(evening, now)
    if person is None:
        raise RequestRefused(RefusalCode.UNKNOWN_PARTICIPANT)
    if not person.active:
        raise RequestRefused(RefusalCode.NOT_ACTIVE)
    return person


def check_decline(evening: LockedEvening, place: Place, now: datetime) -> bool:
    """Tells whether there is something to decline: False when it was declined before. Raises RequestRefused.

    A waiting place can be declined like a ticket; neither once the evening has begun.
    """
    if place.state is TicketState.CANCELLED and place.reason == "declined":
        return False
    if place.state is TicketState.ADMITTED:
        raise RequestRefused(RefusalCode.ALREADY_ADMITTED)
    check_not_started(evening, now)
    if place.state is TicketState.CANCELLED:
        raise RequestRefused(RefusalCode.TICKET_ENDED)
    return True


def check_transfer_from(evening: LockedEvening, place: Place, now: datetime) -> None:
    """Checks that this is a ticket that may still be passed on ("Changes", passing on). Raises RequestRefused."""
    if place.state is TicketState.ADMITTED:
        raise RequestRefused(RefusalCode.ALREADY_ADMITTED)
    check_not_started(evening, now)
    if place.state is TicketState.CANCELLED:
        raise RequestRefused(RefusalCode.TICKET_ENDED)
    if place.state is TicketState.WAITING:
        raise RequestRefused(RefusalCode.NO_SEAT)


def check_transfer_to(place: Place, colleague: Eligibility | None, colleagues: Place | None) -> Eligibility:
    """Returns the colleague, if the ticket may be passed on to them ("Changes", passing on). Raises RequestRefused.

    `colleagues` is the ticket or waiting place that the colleague has for the evening.
    """
    if colleague is None or colleague.partner != place.partner:
        raise RequestRefused(RefusalCode.STRANGER)
    if colleague.participant_id == place.participant_id:
        raise RequestRefused(RefusalCode.ONESELF)
    if not colleague.active:
        raise RequestRefused(RefusalCode.COLLEAGUE_NOT_ACTIVE)
    if colleagues is not None and colleagues.state in (TicketState.ISSUED, TicketState.ADMITTED):
        raise RequestRefused(RefusalCode.COLLEAGUE_HAS_TICKET)
    return colleague
