"""Admission: the verdict on each scan (allocation rules, "Door")."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from ticketing.domain.tickets import TicketState


class ScanRefusal(StrEnum):
    """The reason why a code was refused at the door, in the words of the public contract."""

    UNKNOWN_CODE = "unknown-code"
    WRONG_EVENING = "wrong-evening"
    CANCELLED = "cancelled"
    PASSED_ON = "passed-on"
    ALREADY_ADMITTED = "already-admitted"
    SCAN_ID_REUSED = "scan-id-reused"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Scan:
    """A code held before a scanner. `ticket_id` and `generation` are those of a valid signature, None when it is not
    valid.

    `scanned_at` is by our clock (`domain.scanner_clocks`). `is_offline` when the scanner judged by itself and
    sends the scan afterwards: whoever it let in is in.
    """

    scan_id: str
    evening_id: UUID
    ticket_id: UUID | None
    scanned_at: datetime
    scanner: str
    is_offline: bool = False
    generation: int = 1

    @property
    def precedence(self) -> tuple[datetime, str]:
        """Of two scans of one code the smaller one counts: the earlier, then by scanner; else the one sent first."""
        return self.scanned_at, self.scanner


@dataclass(frozen=True, slots=True)
class ScannedTicket:
    """The ticket behind a code, as it was before the scan; `admitted_by` let its holder in.

    A ticket that was cancelled has `ended_at`, and `passed_on` when a colleague has the seat since. The code of its
    `generation` is the one that counts, since `replaced_at`.
    """

    ticket_id: UUID
    evening_id: UUID
    venue: str
    state: TicketState
    admitted_by: Scan | None = None
    passed_on: bool = False
    ended_at: datetime | None = None
    generation: int = 1
    replaced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryGranted:
    """The door opens. `overtaken` is the scan that counted until this earlier one arrived: a double entry."""

    scan: Scan
    ticket_id: UUID
    overtaken: Scan | None = None


@dataclass(frozen=True, slots=True)
class EntryDenied:
    """The door stays shut; `first_admitted_at` is set when somebody went in with this code before."""

    scan: Scan
    reason: ScanRefusal
    first_admitted_at: datetime | None = None


Verdict = EntryGranted | EntryDenied


def is_double_entry(verdict: Verdict) -> bool:
    """Tells whether two people went in with one code: only an offline scanner lets in whom another let in before."""
    if isinstance(verdict, EntryGranted):
        return verdict.overtaken is not None
    return verdict.reason is ScanRefusal.ALREADY_ADMITTED and verdict.scan.is_offline


def judge(venue: str, scans: Sequence[Scan], tickets: Mapping[UUID, ScannedTicket]) -> list[Verdict]:
    """Judges the scans of one venue's door, in the order in which they arrived: a code admits once.

    A live scan is judged by what is known when it arrives, whatever its clock says. Scanners that were offline send
    theirs later, and of those the earliest counts, whenever it arrives.
    """
    tickets = dict(tickets)
    verdicts = []
    for scan in _in_order(scans):
        verdict = _verdict(venue, scan, tickets.get(scan.ticket_id) if scan.ticket_id else None)
        if isinstance(verdict, EntryGranted):
            tickets[verdict.ticket_id] = replace(tickets[verdict.ticket_id], admitted_by=scan)
        verdicts.append(verdict)
    return verdicts


def _in_order(scans: Sequence[Scan]) -> Iterator[Scan]:
    """Yields for each code the live scans as they arrived, and the offline ones, among themselves the earliest first.

    Before a live scan come the offline ones that arrived before it or were earlier.
    """
    by_code: dict[UUID | None, list[Scan]] = {}
    for scan in scans:
        by_code.setdefault(scan.ticket_id, []).append(scan)
    for of_code in by_code.values():
        offline = sorted(
            (each for each in enumerate(of_code) if each[1].is_offline), key=lambda each: each[1].precedence
        )
        for place, live in enumerate(of_code):
            if live.is_offline:
                continue
            before = [
                nth
                for nth, (arrived, scan) in enumerate(offline, 1)
                if arrived < place or scan.precedence < live.precedence
            ]
            due = max(before, default=0)
            yield from (scan for _, scan in offline[:due])
            del offline[:due]
            yield live
        yield from (scan for _, scan in offline)


def _verdict(venue: str, scan: Scan, ticket: ScannedTicket | None) -> Verdict:
    if ticket is None or ticket.state is TicketState.WAITING:
        return EntryDenied(scan, ScanRefusal.UNKNOWN_CODE)
    if (ticket.venue, ticket.evening_id) != (venue, scan.evening_id):
        return EntryDenied(scan, ScanRefusal.WRONG_EVENING)
    first = ticket.admitted_by
    if not _was_valid(ticket, scan):
        reason = ScanRefusal.PASSED_ON if ticket.passed_on else ScanRefusal.CANCELLED
        return EntryDenied(scan, reason, first.scanned_at if first else None)
    if not _was_its_code(ticket, scan):
        return EntryDenied(scan, ScanRefusal.REPLACED)
    if first is None:
        return EntryGranted(scan, ticket.ticket_id)
    if scan.is_offline and scan.precedence < first.precedence:
        return EntryGranted(scan, ticket.ticket_id, overtaken=first)
    return EntryDenied(scan, ScanRefusal.ALREADY_ADMITTED, first.scanned_at)


def _was_valid(ticket: ScannedTicket, scan: Scan) -> bool:
    """Tells whether the ticket counted when it was scanned: an offline scan before its end arrives late."""
    if ticket.state is not TicketState.CANCELLED:
        return True
    return scan.is_offline and ticket.ended_at is not None and scan.scanned_at < ticket.ended_at


def _was_its_code(ticket: ScannedTicket, scan: Scan) -> bool:
    """Tells whether it was the ticket's own code when it was scanned, and not one that was replaced before."""
    if scan.generation >= ticket.generation:
        return True
    return scan.is_offline and ticket.replaced_at is not None and scan.scanned_at < ticket.replaced_at
