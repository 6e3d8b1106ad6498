"""Letting people in: the scans of one venue's door, over the bus or over HTTP."""

from collections.abc import Mapping, Sequence

from culture_connect.contracts import AdmissionRecorded, Envelope
from culture_connect.messaging import UnitOfWork
from ticketing import telling
from ticketing.codes import Codes
from ticketing.domain.door import Entry, Refusal, Refused, Scan, Verdict, judge
from ticketing.store import doors
from ticketing.store.doors import RecordedScan


async def admit(
    work: UnitOfWork,
    venue: str,
    recorded: Sequence[AdmissionRecorded],
    codes: Codes,
    causes: Mapping[str, Envelope] | None = None,
) -> dict[str, RecordedScan]:
    """Judges these scans of the venue's scanners and tells the house and the box office.

    A scan that was sent before has no effect again. Returns every scan asked about, by its id, with the verdict it
    got the first time. `causes` are the messages the scans came with, by scan id.
    """
    await doors.lock_scans(work, venue)
    known = await doors.recorded_scans(work, venue, {scan.scan_id for scan in recorded})
    # Of two copies in one batch the first counts.
    new: dict[str, AdmissionRecorded] = {}
    for scan in recorded:
        if scan.scan_id not in known:
            new.setdefault(scan.scan_id, scan)
    verdicts = await _judge(work, venue, list(new.values()), codes)

    entries = [verdict for verdict in verdicts if isinstance(verdict, Entry)]
    await doors.overtake(work, venue, entries)
    admitted = await doors.admit(work, {each.ticket_id: each.scan.scanned_at for each in entries}) if entries else {}
    for verdict in verdicts:
        scan, cause = new[verdict.scan.scan_id], (causes or {}).get(verdict.scan.scan_id)
        if isinstance(verdict, Refused):
            telling.refused(work, venue, verdict, cause=cause)
            continue
        ticket = admitted[verdict.ticket_id]
        telling.admitted(work, venue, ticket, scanner=scan.scanner, entrance=scan.entrance, cause=cause)
        if verdict.overtaken is not None:
            double = Refused(verdict.overtaken, Refusal.ALREADY_ADMITTED, scan.scanned_at)
            telling.refused(work, venue, double, cause=cause)
    fresh = {verdict.scan.scan_id: _remembered(new[verdict.scan.scan_id], verdict) for verdict in verdicts}
    await doors.record_scans(work, venue, list(fresh.values()))
    return known | fresh


async def _judge(work: UnitOfWork, venue: str, recorded: Sequence[AdmissionRecorded], codes: Codes) -> list[Verdict]:
    scans = [
        Scan(scan.scan_id, scan.evening_id, codes.ticket_of(scan.code), scan.scanned_at, scan.scanner)
        for scan in recorded
    ]
    named = {scan.ticket_id for scan in scans if scan.ticket_id}
    await doors.lock_evenings_of(work, named)
    return judge(venue, scans, await doors.tickets_at_door(work, named))


def _remembered(recorded: AdmissionRecorded, verdict: Verdict) -> RecordedScan:
    return RecordedScan(
        scan_id=recorded.scan_id,
        evening_id=recorded.evening_id,
        ticket_id=verdict.scan.ticket_id,
        scanned_at=recorded.scanned_at,
        scanner=recorded.scanner,
        entrance=recorded.entrance,
        refusal=verdict.reason if isinstance(verdict, Refused) else None,
        first_admitted_at=verdict.first_admitted_at if isinstance(verdict, Refused) else None,
    )
