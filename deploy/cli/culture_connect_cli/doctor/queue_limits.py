"""How full the queues with a bound are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from culture_connect.messaging.topology import Vhosts, is_of_a_party, party_of
from culture_connect_cli.broker.management import Management
from culture_connect_cli.doctor.check import Finding
from culture_connect_cli.doctor.queues import Row, messages, named, queues

FULL: Final = 0.8
"""The part of its bound from which a queue is worth a word."""

_MIB: Final = 1024 * 1024


async def have_room(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Every queue that holds more than `FULL` of what it may hold, in messages or in bytes."""
    rows = await queues(management, vhosts.core, vhosts.edge)
    return [Finding(what, _cure(row["name"])) for row in rows if (what := _told(row))]


def _told(row: Row) -> str | None:
    level, words = max(_levels(row), default=(0.0, ""))
    # The broker refuses by what is ready; what a reader hoards comes on top of that.
    in_hand = int(row.get("messages_unacknowledged") or 0)
    hoarded = f", {in_hand:,} of them taken and not acknowledged" if in_hand > messages(row) / 2 else ""
    return f"{named(row)} is {level:.0%} full: {words}{hoarded}" if level > FULL else None


def _levels(row: Row) -> Iterator[tuple[float, str]]:
    """How full it is, from 0 to 1, by each of its bounds, with the figures in words."""
    bounds = row.get("effective_policy_definition") or {}
    arguments = row.get("arguments") or {}
    most = _least(bounds.get("max-length"), arguments.get("x-max-length"))
    if most:
        yield messages(row) / most, f"{messages(row):,} of {most:,} messages"
    largest = _least(bounds.get("max-length-bytes"), arguments.get("x-max-length-bytes"))
    if largest:
        held = int(row.get("message_bytes") or 0)
        yield held / largest, f"{held / _MIB:,.1f} of {largest / _MIB:,.1f} MiB"


def _least(*bounds: int | None) -> int | None:
    return min((bound for bound in bounds if bound), default=None)


def _cure(queue: str) -> str:
    if queue.endswith(".dead"):
        return "see to the dead letters; when it is full, later ones wait in the service's outbox"
    if party_of(queue):
        return "see whether the service that reads it is ready and keeps up; when it is full, its party is refused"
    if is_of_a_party(queue):
        return "have the party read its queue; when it is full, what is sent to it waits in the service's outbox"
    return "see whether the service that reads it is ready and keeps up"
