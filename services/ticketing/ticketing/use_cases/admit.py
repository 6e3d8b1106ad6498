"""Admission: the scans of one venue's door, over the bus or over HTTP."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from culture_connect.contracts import AdmissionRecorded, Envelope
from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.domain.admissions import EntryDenied, EntryGranted, Scan, ScanRefusal, Verdict, is_double_entry, judge
from ticketing.domain.scanner_clocks import correct_scan_time
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
    """Judges these scans of the venue's scanners, in the order in which they arrived, and publishes the verdicts.

    Returns every scan with its verdict. A scan that was sent before has no effect again and the verdict it has; another
    one under its id is refused and not recorded. `causes` are the messages the scans came with, which may have waited
    in a queue as long as `longest_wait`.
    """
    scans = [_read(work, scan, codes, longest_wait) for scan in recorded]
    cause_of = dict(zip(map(id, scans), causes or (), strict=False))
    await admissions.lock_scans(work, venue)
    known = await admissions.recorded_scans(work, venue, {scan.scan_id for scan in scans})
    new: dict[str, RecordedScan] = {}
    reused = []
    for scan in scans:
        first = known.get(scan.scan_id) or new.setdefault(scan.scan_id, scan)
        if not scan.is_repeat_of(first):
            reused.append(scan)
            refusal = EntryDenied(_as_scan(scan), ScanRefusal.SCAN_ID_REUSED)
            events.admission_refused(work, venue, refusal, cause=cause_of.get(id(scan)))

    verdicts = await _judge(work, venue, list(new.values()))
    entries = [verdict for verdict in verdicts if isinstance(verdict, EntryGranted)]
    await admissions.mark_double_entries(work, entries)
    admitted = await admissions.admit(work, {each.ticket_id: each.scan.scanned_at for each in entries})
    for verdict in verdicts:
        scan = new[verdict.scan.scan_id]
        cause = cause_of.get(id(scan))
        if isinstance(verdict, EntryDenied):
            events.admission_refused(work, venue, verdict, cause=cause)
            continue
        ticket = admitted[verdict.ticket_id]
        events.ticket_admitted(work, venue, ticket, scanner=scan.scanner, entrance=scan.entrance, cause=cause)
        if verdict.overtaken is not None:
            double = EntryDenied(verdict.overtaken, ScanRefusal.ALREADY_ADMITTED, verdict.scan.scanned_at)
            events.admission_refused(work, venue, double, cause=cause)
    fresh = {verdict.scan.scan_id: _judged(new[verdict.scan.scan_id], verdict) for verdict in verdicts}
    await admissions.record_scans(work, venue, list(fresh.values()))
    _log_clocks(venue, fresh.values())
    return list(_answers(scans, known | fresh, reused))


def _read(work: UnitOfWork, sent: AdmissionRecorded, codes: Codes, longest_wait: timedelta) -> RecordedScan:
    """Returns the scan before its verdict."""
    code = codes.as_signed(sent.code)
    signed = codes.read(code)
    clock = correct_scan_time(
        sent.scanned_at, sent.sent_at, is_offline=sent.offline, arrived_at=work.now, longest_wait=longest_wait
    )
    return RecordedScan(
        scan_id=sent.scan_id,
        evening_id=sent.evening_id,
        ticket_id=signed.ticket_id if signed else None,
        generation=signed.generation if signed else 1,
        code_hash=codes.hash_of(code),
        scanned_at=sent.scanned_at,
        sent_at=sent.sent_at,
        offline=sent.offline,
        counted_at=clock.at,
        clock_implausible=not clock.is_plausible,
        scanner=sent.scanner,
        entrance=sent.entrance,
    )


def _as_scan(scan: RecordedScan) -> Scan:
    """Returns the scan as the rules of admission need it."""
    return Scan(
        scan.scan_id, scan.evening_id, scan.ticket_id, scan.counted_at, scan.scanner, scan.offline, scan.generation
    )


async def _judge(work: UnitOfWork, venue: str, scans: Sequence[RecordedScan]) -> list[Verdict]:
    named = {scan.ticket_id for scan in scans if scan.ticket_id}
    await admissions.lock_evenings_of(work, named)
    return judge(venue, [_as_scan(scan) for scan in scans], await admissions.scanned_tickets(work, named))


def _judged(scan: RecordedScan, verdict: Verdict) -> RecordedScan:
    double_entry = is_double_entry(verdict)
    if isinstance(verdict, EntryGranted):
        return replace(scan, double_entry=double_entry)
    return replace(scan, refusal=verdict.reason, first_admitted_at=verdict.first_admitted_at, double_entry=double_entry)


def _answers(
    scans: Sequence[RecordedScan], verdicts: dict[str, RecordedScan], reused: Sequence[RecordedScan]
) -> Iterator[RecordedScan]:
    """Returns the answers; a scan under the id of another one learns nothing of that one's ticket."""
    others = set(map(id, reused))
    for scan in scans:
        if id(scan) in others:
            yield replace(scan, ticket_id=None, refusal=ScanRefusal.SCAN_ID_REUSED)
        else:
            yield verdicts[scan.scan_id]


def _log_clocks(venue: str, scans: Iterable[RecordedScan]) -> None:
    """Logs that a scanner's clock needs setting; the box office knows the scanner by its scans."""
    for scan in scans:
        if scan.clock_implausible:
            seconds = round(((scan.sent_at or scan.scanned_at) - scan.counted_at).total_seconds())
            _log.warning("scanner with an implausible clock", venue=venue, offline=scan.offline, ahead_seconds=seconds)
