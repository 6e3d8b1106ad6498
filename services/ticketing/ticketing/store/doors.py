"""Scans at the door and the tickets behind them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.door import Entry, Scan, TicketAtDoor
from ticketing.domain.tickets import TicketState

_LOCK_SCANS = text("select pg_advisory_xact_lock(hashtext(current_schema() || '.scans'), hashtext(:venue))")

_LOCK_EVENINGS = text(
    """
    select evening_id from evenings
    where evening_id in (select evening_id from tickets where ticket_id = any(:tickets))
    order by evening_id for no key update
    """
)

_RECORDED = text(
    """
    select scan_id, evening_id, ticket_id, scanned_at, scanner, entrance, refusal, first_admitted_at
    from scans where venue = :venue and scan_id = any(:scan_ids)
    """
)

_TICKETS = text(
    """
    select t.ticket_id, t.evening_id, e.venue, t.state, t.reason = 'passed-on' as passed_on, s.scan_id, s.scanned_at,
        s.scanner
    from tickets t join evenings e using (evening_id)
    left join scans s on s.venue = e.venue and s.ticket_id = t.ticket_id and s.refusal is null
    where t.ticket_id = any(:tickets)
    """
)

_ADMIT = text(
    """
    update tickets t
    set state = 'admitted', admitted_at = entering.admitted_at, version = t.version + 1,
        feed_version = t.feed_version + 1
    from unnest(cast(:tickets as uuid[]), cast(:moments as timestamptz[])) as entering (ticket_id, admitted_at)
    where t.ticket_id = entering.ticket_id
    returning t.ticket_id, t.evening_id, t.participant_id, t.version, t.feed_version, t.admitted_at
    """
)

_OVERTAKE = text(
    """
    update scans set refusal = 'already-admitted', first_admitted_at = earlier.scanned_at
    from unnest(cast(:scan_ids as text[]), cast(:moments as timestamptz[])) as earlier (scan_id, scanned_at)
    where scans.venue = :venue and scans.scan_id = earlier.scan_id
    """
)

_RECORD = text(
    """
    insert into scans (
        venue, scan_id, evening_id, ticket_id, scanned_at, scanner, entrance, refusal, first_admitted_at, recorded_at
    )
    select :venue, *, :now from unnest(
        cast(:scan_id as text[]), cast(:evening_id as uuid[]), cast(:ticket_id as uuid[]),
        cast(:scanned_at as timestamptz[]), cast(:scanner as text[]), cast(:entrance as text[]),
        cast(:refusal as text[]), cast(:first_admitted_at as timestamptz[])
    )
    """
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A ticket whose holder just went in."""

    ticket_id: UUID
    evening_id: UUID
    participant_id: UUID | None
    version: int
    feed_version: int
    admitted_at: datetime


@dataclass(frozen=True, slots=True)
class RecordedScan:
    """A scan with its verdict; admitted when there is no refusal."""

    scan_id: str
    evening_id: UUID
    ticket_id: UUID | None
    scanned_at: datetime
    scanner: str
    entrance: str | None
    refusal: str | None
    first_admitted_at: datetime | None


async def lock_scans(work: UnitOfWork, venue: str) -> None:
    """Makes this transaction the only one that records scans of this venue, so that two racing copies are one."""
    await work.execute(_LOCK_SCANS, {"venue": venue})


async def recorded_scans(work: UnitOfWork, venue: str, scan_ids: Collection[str]) -> dict[str, RecordedScan]:
    """Those of the scans that this venue sent before."""
    rows = await work.execute(_RECORDED, {"venue": venue, "scan_ids": list(scan_ids)})
    return {row["scan_id"]: RecordedScan(**row) for row in rows.mappings()}


async def lock_evenings_of(work: UnitOfWork, tickets: Collection[UUID]) -> None:
    """Locks the evenings of these tickets, in the order of their ids, before the tickets themselves are looked at."""
    await work.execute(_LOCK_EVENINGS, {"tickets": list(tickets)})


async def tickets_at_door(work: UnitOfWork, tickets: Collection[UUID]) -> dict[UUID, TicketAtDoor]:
    """Those of the tickets that exist, as they are now."""
    rows = await work.execute(_TICKETS, {"tickets": list(tickets)})
    return {
        row.ticket_id: TicketAtDoor(
            row.ticket_id,
            row.evening_id,
            row.venue,
            TicketState(row.state),
            Scan(row.scan_id, row.evening_id, row.ticket_id, row.scanned_at, row.scanner) if row.scan_id else None,
            row.passed_on is True,
        )
        for row in rows
    }


async def overtake(work: UnitOfWork, venue: str, entries: Sequence[Entry]) -> None:
    """Notes of the scans that these came before that their codes were in already: somebody went in twice."""
    overtaken = [(entry.overtaken.scan_id, entry.scan.scanned_at) for entry in entries if entry.overtaken]
    if overtaken:
        scan_ids, moments = zip(*overtaken, strict=True)
        await work.execute(_OVERTAKE, {"venue": venue, "scan_ids": list(scan_ids), "moments": list(moments)})


async def admit(work: UnitOfWork, entries: Mapping[UUID, datetime]) -> dict[UUID, Admitted]:
    """Lets the holders of these tickets in, each at its moment."""
    rows = await work.execute(_ADMIT, {"tickets": list(entries), "moments": list(entries.values())})
    return {row["ticket_id"]: Admitted(**row) for row in rows.mappings()}


async def record_scans(work: UnitOfWork, venue: str, scans: Sequence[RecordedScan]) -> None:
    """Remembers scans of this venue with their verdicts."""
    if scans:
        columns = {field.name: [getattr(scan, field.name) for scan in scans] for field in fields(RecordedScan)}
        await work.execute(_RECORD, {**columns, "venue": venue, "now": work.now})
