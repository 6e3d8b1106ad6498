"""Tickets and waiting places, and what their holders may do with them (allocation rules, "Changes")."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from ticketing.domain.refusals import Refusal, Refused


class TicketState(StrEnum):
    """Where a ticket is in its life; a waiting place is a ticket without a seat."""

    WAITING = "waiting"
    ISSUED = "issued"
    ADMITTED = "admitted"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class EveningAhead:
    """What decides whether anything about an evening's tickets may still change."""

    evening_id: UUID
    venue: str
    day: date
    starts_at: datetime
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A participant as far as one evening is concerned; `active` on its day, and of a partner that takes part."""

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


def check_ahead(evening: EveningAhead, now: datetime) -> None:
    """Raises Refused when the evening was called off or has begun: its tickets stay as they are."""
    if evening.cancelled:
        raise Refused(Refusal.EVENING_CANCELLED)
    if now >= evening.starts_at:
        raise Refused(Refusal.EVENING_BEGUN)


def check_asking(evening: EveningAhead, person: Person | None, now: datetime) -> Person:
    """Who may ask: a candidate of the evening ("Candidates"), until it begins. Raises Refused."""
    check_ahead(evening, now)
    if person is None:
        raise Refused(Refusal.UNKNOWN_PARTICIPANT)
    if not person.active:
        raise Refused(Refusal.NOT_ACTIVE)
    return person


def check_declining(evening: EveningAhead, place: Place, now: datetime) -> bool:
    """Whether there is something to give up: False when it was declined before. Raises Refused where it cannot be.

    A waiting place can be declined like a ticket; neither once the doors have opened.
    """
    if place.state is TicketState.CANCELLED and place.reason == "declined":
        return False
    if place.state is TicketState.ADMITTED:
        raise Refused(Refusal.ALREADY_ADMITTED)
    check_ahead(evening, now)
    if place.state is TicketState.CANCELLED:
        raise Refused(Refusal.TICKET_ENDED)
    return True


def check_giving(evening: EveningAhead, place: Place, now: datetime) -> None:
    """Whether this is a ticket that may still be passed on ("Changes", passing on). Raises Refused."""
    if place.state is TicketState.ADMITTED:
        raise Refused(Refusal.ALREADY_ADMITTED)
    check_ahead(evening, now)
    if place.state is TicketState.CANCELLED:
        raise Refused(Refusal.TICKET_ENDED)
    if place.state is TicketState.WAITING:
        raise Refused(Refusal.NO_SEAT)


def check_receiving(place: Place, colleague: Person | None, colleagues: Place | None) -> Person:
    """The colleague, if the ticket may be passed on to them ("Changes", passing on). Raises Refused.

    `colleagues` is the ticket or waiting place that the colleague has for the evening.
    """
    if colleague is None or colleague.partner != place.partner:
        raise Refused(Refusal.STRANGER)
    if colleague.participant_id == place.participant_id:
        raise Refused(Refusal.ONESELF)
    if not colleague.active:
        raise Refused(Refusal.COLLEAGUE_NOT_ACTIVE)
    if colleagues is not None and colleagues.state in (TicketState.ISSUED, TicketState.ADMITTED):
        raise Refused(Refusal.COLLEAGUE_HAS_TICKET)
    return colleague
