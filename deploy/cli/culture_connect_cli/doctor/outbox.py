"""What the figures of a service tell of the destinations that do not take its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from culture_connect_cli.doctor.check import Finding
from culture_connect_cli.doctor.samples import read
from culture_connect_cli.doctor.service import Service

ROWS: Final = "culture_connect_outbox_lane_rows"
UNSENDABLE: Final = "culture_connect_outbox_quarantined_rows"

_TOPOLOGY: Final = "`culture-connect topology verify` and `apply`; then `culture-connect outbox release {lane}`"
_WHY: Final[Mapping[str, tuple[str, str]]] = {
    "refused": ("its queue is full", "see that the party reads its queue; what is sent to it waits and is not lost"),
    "unconfirmed": ("its queue does not confirm", "see whether the queue has its leader and quorum, and disk"),
    "unroutable": ("no queue is bound for it", _TOPOLOGY),
    "channel-refused-403": ("the service's account may not write there", _TOPOLOGY),
    "channel-refused-404": ("its exchange does not exist", _TOPOLOGY),
}


async def take_messages(service: Service) -> Sequence[Finding]:
    """Every destination in trouble, and messages that can never be sent. Raises CannotLook."""
    samples = await read(service)
    found = [_in_trouble(service.name, labels, count) for labels, count in samples.get(ROWS, ())]
    unsendable = round(sum(count for _, count in samples.get(UNSENDABLE, ())))
    if unsendable:
        cure = "`culture-connect outbox list` says why; what is sent again by `outbox release` must be mended first"
        found.append(Finding(f"{service.name}: {_messages(unsendable)} can never be sent", cure))
    return found


def _in_trouble(service: str, labels: Mapping[str, str], count: float) -> Finding:
    lane, reason = labels["lane"], labels["reason"]
    why, cure = _WHY.get(reason, (f"the broker says {reason}", f"{service}'s log says more"))
    state = "; it is quarantined and tried every 15 minutes only" if labels["state"] == "quarantined" else ""
    return Finding(
        f"{service}: {_messages(round(count))} for {lane} cannot leave: {why}{state}", cure.format(lane=lane)
    )


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
