"""Letting people in: the scans of one venue's door, over the bus or over HTTP."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from culture_connect.contracts import AdmissionRecorded, Envelope
from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.domain.admissions import Entry, Refusal, Refused, Scan, Verdict, is_double_entry, judge
from ticketing.domain.scanner_clocks import read_clock
from ticketing.store import admissions
from ticketing.store.admissions import RecordedScan
from ticketing.tickets.codes import Codes

_log = structlog.get_logger(__name__)


async def admit(
    work: UnitOfWork,
    venue: str,
    recorded: Sequence[AdmissionRecorded],
    codes: Codes,
    causes: Sequence[Envelope] | None = None,
    *,
    longest_wait: timedelta = timedelta(0),
) -> list[RecordedScan]:
    """Judges these scans of the venue's scanners, told in this order, and tells the house and the box office.

    Returns every scan with its verdict. A scan that was sent before has no effect again and the verdict it has; another
    one under its id is refused and not kept. `causes` are the messages the scans came with, which may have waited for
    us as long as `longest_wait`.
    """
    scans = [_read(work, scan, codes, longest_wait) for scan in recorded]
    cause_of = dict(zip(map(id, scans), causes or (), strict=False))
    await admissions.lock_scans(work, venue)
    known = await admissions.recorded_scans(work, venue, {scan.scan_id for scan in scans})
    new: dict[str, RecordedScan] = {}
    reused = []
    for scan in scans:
        first = known.get(scan.scan_id) or new.setdefault(scan.scan_id, scan)
        if not scan.is_again(first):
            reused.append(scan)
            refusal = Refused(_seen(scan), Refusal.SCAN_ID_REUSED)
            events.refused(work, venue, refusal, cause=cause_of.get(id(scan)))

    verdicts = await _judge(work, venue, list(new.values()))
    entries = [verdict for verdict in verdicts if isinstance(verdict, Entry)]
    await admissions.overtake(work, entries)
    admitted = (
        await admissions.admit(work, {each.ticket_id: each.scan.scanned_at for each in entries}) if entries else {}
    )
    for verdict in verdicts:
        scan = new[verdict.scan.scan_id]
        cause = cause_of.get(id(scan))
        if isinstance(verdict, Refused):
            events.refused(work, venue, verdict, cause=cause)
            continue
        ticket = admitted[verdict.ticket_id]
        events.admitted(work, venue, ticket, scanner=scan.scanner, entrance=scan.entrance, cause=cause)
        if verdict.overtaken is not None:
            double = Refused(verdict.overtaken, Refusal.ALREADY_ADMITTED, verdict.scan.scanned_at)
            events.refused(work, venue, double, cause=cause)
    fresh = {verdict.scan.scan_id: _judged(new[verdict.scan.scan_id], verdict) for verdict in verdicts}
    await admissions.record_scans(work, venue, list(fresh.values()))
    _note_clocks(venue, fresh.values())
    return list(_answers(scans, known | fresh, reused))


def _read(work: UnitOfWork, told: AdmissionRecorded, codes: Codes, longest_wait: timedelta) -> RecordedScan:
    """The scan before its verdict."""
    code = codes.as_signed(told.code)
    signed = codes.read(code)
    clock = read_clock(
        told.scanned_at, told.sent_at, is_offline=told.offline, arrived_at=work.now, longest_wait=longest_wait
    )
    return RecordedScan(
        scan_id=told.scan_id,
        evening_id=told.evening_id,
        ticket_id=signed.ticket_id if signed else None,
        generation=signed.generation if signed else 1,
        code_hash=codes.hash_of(code),
        scanned_at=told.scanned_at,
        sent_at=told.sent_at,
        offline=told.offline,
        counted_at=clock.at,
        clock_implausible=not clock.is_plausible,
        scanner=told.scanner,
        entrance=told.entrance,
    )


def _seen(scan: RecordedScan) -> Scan:
    """The scan as the rules of the door see it."""
    return Scan(
        scan.scan_id, scan.evening_id, scan.ticket_id, scan.counted_at, scan.scanner, scan.offline, scan.generation
    )


async def _judge(work: UnitOfWork, venue: str, scans: Sequence[RecordedScan]) -> list[Verdict]:
    named = {scan.ticket_id for scan in scans if scan.ticket_id}
    await admissions.lock_evenings_of(work, named)
    return judge(venue, [_seen(scan) for scan in scans], await admissions.tickets_at_door(work, named))


def _judged(scan: RecordedScan, verdict: Verdict) -> RecordedScan:
    double_entry = is_double_entry(verdict)
    if isinstance(verdict, Entry):
        return replace(scan, double_entry=double_entry)
    return replace(scan, refusal=verdict.reason, first_admitted_at=verdict.first_admitted_at, double_entry=double_entry)


def _answers(
    scans: Sequence[RecordedScan], verdicts: dict[str, RecordedScan], reused: Sequence[RecordedScan]
) -> Iterator[RecordedScan]:
    """A scan that has another one's id hears nothing of that one's ticket."""
    others = set(map(id, reused))
    for scan in scans:
        if id(scan) in others:
            yield replace(scan, ticket_id=None, refusal=Refusal.SCAN_ID_REUSED)
        else:
            yield verdicts[scan.scan_id]


def _note_clocks(venue: str, scans: Iterable[RecordedScan]) -> None:
    """Has an operator see that a scanner's clock wants setting; whose it is, the box office knows by its scans."""
    for scan in scans:
        if scan.clock_implausible:
            seconds = round(((scan.sent_at or scan.scanned_at) - scan.counted_at).total_seconds())
            _log.warning("scanner with an implausible clock", venue=venue, offline=scan.offline, ahead_seconds=seconds)
