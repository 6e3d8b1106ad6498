"""May this code enter? (allocation rules, "Door")"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ticketing.domain.tickets import TicketState


class Refusal(StrEnum):
    """Why a code was refused at the door; the words of the public contract."""

    UNKNOWN_CODE = "unknown-code"
    WRONG_EVENING = "wrong-evening"
    CANCELLED = "cancelled"
    PASSED_ON = "passed-on"
    ALREADY_ADMITTED = "already-admitted"


@dataclass(frozen=True, slots=True)
class Scan:
    """A code held before a scanner. `ticket_id` is what a valid signature vouches for, None when it is not valid."""

    scan_id: str
    evening_id: UUID
    ticket_id: UUID | None
    scanned_at: datetime
    scanner: str

    @property
    def turn(self) -> tuple[datetime, str]:
        """Of two scans of one code the smaller one counts: the earlier, then by scanner; else the one told first."""
        return self.scanned_at, self.scanner


@dataclass(frozen=True, slots=True)
class TicketAtDoor:
    """The ticket behind a code, as it was before the scan; `admitted_by` let its holder in."""

    ticket_id: UUID
    evening_id: UUID
    venue: str
    state: TicketState
    admitted_by: Scan | None = None
    passed_on: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """The door opens. `overtaken` is the scan that counted until this earlier one was told: a double entry."""

    scan: Scan
    ticket_id: UUID
    overtaken: Scan | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The door stays shut; `first_admitted_at` is set when somebody went in with this code before."""

    scan: Scan
    reason: Refusal
    first_admitted_at: datetime | None = None


Verdict = Entry | Refused


def judge(venue: str, scans: Sequence[Scan], tickets: Mapping[UUID, TicketAtDoor]) -> list[Verdict]:
    """Judges the scans of one venue's door, the earliest first: a code admits once.

    Scanners that were offline tell theirs later, and the earliest scan counts, whenever it is told.
    """
    tickets = dict(tickets)
    verdicts = []
    for scan in sorted(scans, key=lambda each: each.turn):
        verdict = _verdict(venue, scan, tickets.get(scan.ticket_id) if scan.ticket_id else None)
        if isinstance(verdict, Entry):
            ticket = tickets[verdict.ticket_id]
            tickets[ticket.ticket_id] = replace(ticket, state=TicketState.ADMITTED, admitted_by=scan)
        verdicts.append(verdict)
    return verdicts


def _verdict(venue: str, scan: Scan, ticket: TicketAtDoor | None) -> Verdict:
    if ticket is None or ticket.state is TicketState.WAITING:
        return Refused(scan, Refusal.UNKNOWN_CODE)
    if (ticket.venue, ticket.evening_id) != (venue, scan.evening_id):
        return Refused(scan, Refusal.WRONG_EVENING)
    if ticket.state is TicketState.CANCELLED:
        return Refused(scan, Refusal.PASSED_ON if ticket.passed_on else Refusal.CANCELLED)
    if ticket.state is TicketState.ADMITTED and ticket.admitted_by is not None:
        if scan.turn >= ticket.admitted_by.turn:
            return Refused(scan, Refusal.ALREADY_ADMITTED, ticket.admitted_by.scanned_at)
        return Entry(scan, ticket.ticket_id, overtaken=ticket.admitted_by)
    return Entry(scan, ticket.ticket_id)
