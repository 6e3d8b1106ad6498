"""Scans at the door and the tickets behind them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.admissions import EntryGranted, Scan, ScannedTicket
from ticketing.domain.tickets import TicketState
from ticketing.store.rows import columns_of, fetch_all, names_of

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
    select scan_id, evening_id, ticket_id, code_hash, scanned_at, sent_at, offline,
        coalesce(counted_at, scanned_at) as counted_at, clock_implausible, scanner, entrance, refusal,
        first_admitted_at, double_entry
    from scans where venue = :venue and scan_id = any(:scan_ids)
    """
)

_TICKETS = text(
    """
    select t.ticket_id, t.evening_id, e.venue, t.state, t.reason = 'passed-on' as passed_on, t.ended_at,
        t.generation, t.replaced_at, s.scan_id, coalesce(s.counted_at, s.scanned_at) as counted_at, s.scanner, s.offline
    from tickets t join evenings e using (evening_id)
    left join scans s on s.ticket_id = t.ticket_id and s.refusal is null
    where t.ticket_id = any(:tickets)
    """
)

# A ticket that was cancelled since stays so, since another may have its seat: that its holder is in, its scan says. The
# box office gets both, so that the last it receives is what holds.
_ADMIT = text(
    """
    update tickets t
    set state = case when t.state = 'cancelled' then t.state else 'admitted' end,
        admitted_at = case when t.state = 'cancelled' then t.admitted_at else entering.admitted_at end,
        version = t.version + 1, feed_version = t.feed_version + case when t.state = 'cancelled' then 2 else 1 end
    from unnest(cast(:tickets as uuid[]), cast(:moments as timestamptz[])) as entering (ticket_id, admitted_at)
    where t.ticket_id = entering.ticket_id
    returning t.ticket_id, t.evening_id, t.participant_id, t.version, t.feed_version, entering.admitted_at,
        t.reason as cancelled_as
    """
)

_MARK_DOUBLE_ENTRIES = text(
    """
    update scans set refusal = 'already-admitted', first_admitted_at = earlier.counted_at, double_entry = true
    from unnest(cast(:tickets as uuid[]), cast(:moments as timestamptz[])) as earlier (ticket_id, counted_at)
    where scans.ticket_id = earlier.ticket_id and scans.refusal is null
    """
)

# The answer to the scan that is overtaken opens no door when its request is repeated.
_DELETE_ANSWERS = text(
    """
    delete from idempotency_keys
    where body ->> 'ticket_id' = any(cast(cast(:tickets as uuid[]) as text[])) and body ->> 'outcome' = 'admitted'
    """
)

_RECORD = text(
    """
    insert into scans (
        venue, scan_id, evening_id, ticket_id, code_hash, scanned_at, sent_at, offline, counted_at, clock_implausible,
        scanner, entrance, refusal, first_admitted_at, double_entry, recorded_at
    )
    select :venue, *, :now from unnest(
        cast(:scan_id as text[]), cast(:evening_id as uuid[]), cast(:ticket_id as uuid[]),
        cast(:code_hash as bytea[]), cast(:scanned_at as timestamptz[]), cast(:sent_at as timestamptz[]),
        cast(:offline as boolean[]), cast(:counted_at as timestamptz[]), cast(:clock_implausible as boolean[]),
        cast(:scanner as text[]), cast(:entrance as text[]), cast(:refusal as text[]),
        cast(:first_admitted_at as timestamptz[]), cast(:double_entry as boolean[])
    )
    """
)


@dataclass(frozen=True, slots=True)
class AdmittedTicket:
    """A ticket whose holder went in; `cancelled_as` is why it was cancelled since, before the scan arrived."""

    ticket_id: UUID
    evening_id: UUID
    participant_id: UUID | None
    version: int
    feed_version: int
    admitted_at: datetime
    cancelled_as: str | None


@dataclass(frozen=True, slots=True)
class RecordedScan:
    """A scan with its verdict; admitted when there is no refusal.

    `scanned_at` and `sent_at` are by the scanner's clock, `counted_at` is by ours. `code_hash` is None for scans of
    earlier releases.
    """

    scan_id: str
    evening_id: UUID
    ticket_id: UUID | None
    code_hash: bytes | None
    scanned_at: datetime
    sent_at: datetime | None
    offline: bool
    counted_at: datetime
    clock_implausible: bool
    scanner: str
    entrance: str | None
    refusal: str | None = None
    first_admitted_at: datetime | None = None
    double_entry: bool = False
    # Of the code, for the verdict alone.
    generation: int = 1

    def is_repeat_of(self, first: "RecordedScan") -> bool:
        """Tells whether this is `first` sent another time, and not another scan under its id.

        The moment belongs to it: a scanner that counts from 1 again may read the same ticket a second time.
        """
        if (self.evening_id, self.scanner, self.scanned_at) != (first.evening_id, first.scanner, first.scanned_at):
            return False
        if first.code_hash is None:
            return self.ticket_id == first.ticket_id
        return self.code_hash == first.code_hash


async def lock_scans(work: UnitOfWork, venue: str) -> None:
    """Makes this transaction the only one that records scans of this venue, so that two racing copies are one."""
    await work.execute(_LOCK_SCANS, {"venue": venue})


async def recorded_scans(work: UnitOfWork, venue: str, scan_ids: Collection[str]) -> dict[str, RecordedScan]:
    """Returns those of the scans that this venue sent before."""
    parameters = {"venue": venue, "scan_ids": list(scan_ids)}
    return {scan.scan_id: scan for scan in await fetch_all(work, RecordedScan, _RECORDED, parameters)}


async def lock_evenings_of(work: UnitOfWork, tickets: Collection[UUID]) -> None:
    """Locks the evenings of these tickets, in the order of their ids, before the tickets themselves are read."""
    await work.execute(_LOCK_EVENINGS, {"tickets": list(tickets)})


async def scanned_tickets(work: UnitOfWork, tickets: Collection[UUID]) -> dict[UUID, ScannedTicket]:
    """Returns those of the tickets that exist, as they are now."""
    rows = await work.execute(_TICKETS, {"tickets": list(tickets)})
    return {
        row.ticket_id: ScannedTicket(
            row.ticket_id,
            row.evening_id,
            row.venue,
            TicketState(row.state),
            Scan(row.scan_id, row.evening_id, row.ticket_id, row.counted_at, row.scanner, row.offline)
            if row.scan_id
            else None,
            row.passed_on is True,
            row.ended_at,
            row.generation,
            row.replaced_at,
        )
        for row in rows
    }


async def mark_double_entries(work: UnitOfWork, entries: Sequence[EntryGranted]) -> None:
    """Marks the scans that these overtake as double entries: two people went in with one code."""
    earlier = {entry.ticket_id: entry.scan.scanned_at for entry in entries if entry.overtaken}
    if earlier:
        await work.execute(_MARK_DOUBLE_ENTRIES, {"tickets": list(earlier), "moments": list(earlier.values())})
        await work.execute(_DELETE_ANSWERS, {"tickets": list(earlier)})


async def admit(work: UnitOfWork, entries: Mapping[UUID, datetime]) -> dict[UUID, AdmittedTicket]:
    """Admits the holders of these tickets, each at its moment."""
    if not entries:
        return {}
    parameters = {"tickets": list(entries), "moments": list(entries.values())}
    return {ticket.ticket_id: ticket for ticket in await fetch_all(work, AdmittedTicket, _ADMIT, parameters)}


async def record_scans(work: UnitOfWork, venue: str, scans: Sequence[RecordedScan]) -> None:
    """Records scans of this venue with their verdicts."""
    if scans:
        await work.execute(_RECORD, {**columns_of(scans, names_of(RecordedScan)), "venue": venue, "now": work.now})
