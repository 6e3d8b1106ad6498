"""Scan times by our clock: scanners have clocks of their own, and these are fast, slow or reset."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

# A message takes a moment, and some scanners send whole seconds only: less than this is no skew.
NOTICEABLE: Final = timedelta(seconds=2)
# No clock that is looked after is off by more.
PLAUSIBLE_SKEW: Final = timedelta(minutes=5)
# A scanner that was offline over a long weekend has sent its scans by then.
LONGEST_OFFLINE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ScanTime:
    """`at` is the scan by our clock, never in the future; `is_plausible` says that of the scanner's own clock."""

    at: datetime
    is_plausible: bool = True


def correct_scan_time(
    scanned_at: datetime,
    sent_at: datetime | None,
    *,
    is_offline: bool,
    arrived_at: datetime,
    longest_wait: timedelta = timedelta(0),
) -> ScanTime:
    """Corrects `scanned_at` by the scanner's skew: what passed between its `sent_at` and our `arrived_at`.

    A live scan without `sent_at` was sent when it was made. A message may have waited for us as long as `longest_wait`,
    and how much of that is skew nobody can know: it makes no live scan later. An offline one it does, so that in doubt
    the scan that is known counts. What cannot have been, a scan to come or of long ago, counts as of its arrival.
    """
    sent = sent_at or (arrived_at if is_offline else scanned_at)
    behind = arrived_at - sent
    may_have_waited = timedelta(0) < behind <= longest_wait
    if abs(behind) < NOTICEABLE or (may_have_waited and not is_offline):
        behind = timedelta(0)
    # Without its own now, a small skew of a live scanner is left alone: its word is as good as the message was quick.
    at = scanned_at if sent_at is None else scanned_at + behind
    is_possible = arrived_at - LONGEST_OFFLINE <= at <= arrived_at + PLAUSIBLE_SKEW
    if sent_at is None and abs(behind) > PLAUSIBLE_SKEW:
        is_possible = False
    return ScanTime(
        min(at, arrived_at) if is_possible else arrived_at,
        is_possible and (may_have_waited or abs(behind) <= PLAUSIBLE_SKEW),
    )
