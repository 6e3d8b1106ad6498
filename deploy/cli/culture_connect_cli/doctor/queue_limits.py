"""Check of the queues with a length limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from culture_connect.messaging.topology import Vhosts, is_of_a_party, party_of
from culture_connect_cli.broker.management import Management
from culture_connect_cli.doctor.check import Finding
from culture_connect_cli.doctor.queues import Row, list_queues, message_count, queue_name

FULL: Final = 0.8
"""The part of its limit from which a queue is a finding."""

_MIB: Final = 1024 * 1024


async def check_queue_limits(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Queues that hold more than `FULL` of their limit in messages or bytes."""
    rows = await list_queues(management, vhosts.core, vhosts.edge)
    return [Finding(what, _remedy(row["name"])) for row in rows if (what := _describe(row))]


def _describe(row: Row) -> str | None:
    level, words = max(_levels(row), default=(0.0, ""))
    # The limit counts ready messages only; unacknowledged ones come on top.
    unacknowledged = int(row.get("messages_unacknowledged") or 0)
    suffix = (
        f", {unacknowledged:,} of them taken and not acknowledged" if unacknowledged > message_count(row) / 2 else ""
    )
    return f"{queue_name(row)} is {level:.0%} full: {words}{suffix}" if level > FULL else None


def _levels(row: Row) -> Iterator[tuple[float, str]]:
    """The fill level (from 0 to 1) for each limit, with a description."""
    policy = row.get("effective_policy_definition") or {}
    arguments = row.get("arguments") or {}
    limit = _lowest(policy.get("max-length"), arguments.get("x-max-length"))
    if limit:
        yield message_count(row) / limit, f"{message_count(row):,} of {limit:,} messages"
    byte_limit = _lowest(policy.get("max-length-bytes"), arguments.get("x-max-length-bytes"))
    if byte_limit:
        size = int(row.get("message_bytes") or 0)
        yield size / byte_limit, f"{size / _MIB:,.1f} of {byte_limit / _MIB:,.1f} MiB"


def _lowest(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit), default=None)


def _remedy(queue: str) -> str:
    if queue.endswith(".dead"):
        return "see to the dead letters; when it is full, later ones wait in the service's outbox"
    if party_of(queue):
        return "see whether the service that reads it is ready and keeps up; when it is full, its client is refused"
    if is_of_a_party(queue):
        return "have the client read its queue; when it is full, its messages wait in the service's outbox"
    return "see whether the service that reads it is ready and keeps up"
