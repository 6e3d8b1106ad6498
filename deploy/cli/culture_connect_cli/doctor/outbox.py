"""Check of the destinations of a service's outbox, from its metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from culture_connect_cli.doctor.check import Finding
from culture_connect_cli.doctor.queues import counted
from culture_connect_cli.doctor.service import Service

ROWS: Final = "culture_connect_outbox_lane_rows"
UNSENDABLE: Final = "culture_connect_outbox_quarantined_rows"

_TOPOLOGY: Final = "`culture-connect topology verify` and `apply`; then `culture-connect outbox release {lane}`"
_WHY: Final[Mapping[str, tuple[str, str]]] = {
    "refused": ("its queue is full", "see that the client reads its queue; its messages wait and are not lost"),
    "unconfirmed": ("its queue does not confirm", "see whether the queue has its leader and quorum, and disk"),
    "unroutable": ("no queue is bound for it", _TOPOLOGY),
    "channel-refused-403": ("the service's account may not write there", _TOPOLOGY),
    "channel-refused-404": ("its exchange does not exist", _TOPOLOGY),
}


async def check_destinations(service: Service) -> Sequence[Finding]:
    """Failing destinations, and messages that can never be sent. Raises CheckError."""
    samples = await service.samples()
    found = [_failing(service.name, labels, count) for labels, count in samples.get(ROWS, ())]
    unsendable = round(sum(count for _, count in samples.get(UNSENDABLE, ())))
    if unsendable:
        remedy = "`culture-connect outbox list` says why; repair the cause before `outbox release`"
        found.append(Finding(f"{service.name}: {counted(unsendable, 'message')} can never be sent", remedy))
    return found


def _failing(service: str, labels: Mapping[str, str], count: float) -> Finding:
    lane, reason = labels["lane"], labels["reason"]
    why, remedy = _WHY.get(reason, (f"the broker says {reason}", f"{service}'s log says more"))
    state = "; it is quarantined and tried every 15 minutes only" if labels["state"] == "quarantined" else ""
    return Finding(
        f"{service}: {counted(round(count), 'message')} for {lane} cannot leave: {why}{state}", remedy.format(lane=lane)
    )
