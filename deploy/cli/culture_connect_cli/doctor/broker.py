"""Checks through the broker's management API, whose counts are up to five seconds old."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from culture_connect.messaging.topology import Vhosts, admissions_queue, dead_queue, enrolments_queue
from culture_connect_cli.broker.definitions import find_clients
from culture_connect_cli.broker.management import Management
from culture_connect_cli.doctor.check import CheckError, Finding
from culture_connect_cli.doctor.queues import Row, counted, get, list_queues, message_count, queue_name
from culture_connect_cli.services import SERVICES
from culture_connect_cli.topology.apply import verify_topology

START: Final = "start it, or correct its address and login; its log says why it stopped"
STUCK: Final = (
    "see `topology verify`, and whether the queue for dead letters is full; if neither is the cause, the broker's "
    "worker has ended: see docs/running.md"
)

MEMBERS: Final = 3  # of a queue, where the broker has as many nodes: `deploy/cluster/rabbitmq.conf`

_MAX_DIFFERENCES: Final = 20  # `topology verify` shows them all
_UNAVAILABLE: Final = {"down", "minority", "stopped", "crashed", "timeout"}  # states of a queue that cannot be used
_COUNTED: Final = 6.0  # seconds after which the counts include a new queue


async def check_broker_answers(management: Management) -> Sequence[Finding]:
    """Checks that the management API answers and accepts the login."""
    overview = await get(management, "overview")
    if isinstance(overview, dict) and "rabbitmq_version" in overview:
        return []
    raise CheckError(f"what answers at {management.url} is no broker")


async def check_topology(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Differences between the broker and the code."""
    try:
        found = await verify_topology(management, vhosts)
    except (ValueError, KeyError, TypeError):
        raise CheckError(f"what answers at {management.url} is no broker") from None
    shown = [Finding(str(difference), difference.remedy.value) for difference in found[:_MAX_DIFFERENCES]]
    more = len(found) - len(shown)
    return [*shown, Finding(f"and {more} more differences", "`culture-connect topology verify`")] if more else shown


async def check_dead_letters(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Dead-letter queues that are not empty."""
    dead = {dead_queue(service) for service in SERVICES}
    remedy = "the headers of each say why it is there and where it came from (cc-dead-reason, cc-dead-queue)"
    return [
        Finding(f"{queue_name(row)} holds {counted(message_count(row), 'dead letter')}", remedy)
        for row in await list_queues(management, vhosts.core, vhosts.edge)
        if row["name"] in dead and message_count(row)
    ]


async def check_dead_letter_worker(
    management: Management, vhosts: Vhosts, *, pause: float = _COUNTED
) -> Sequence[Finding]:
    """Queues whose dead letters stay in the broker's own dead-letter worker.

    They usually leave at once, so a queue that has some is checked again after `pause` seconds.
    """
    rows = await list_queues(management, vhosts.core, vhosts.edge)
    if any(map(_undelivered, rows)):
        await asyncio.sleep(pause)
        rows = await list_queues(management, vhosts.core, vhosts.edge)
    return [
        Finding(
            f"{counted(_undelivered(row), 'dead letter')} of {queue_name(row)} stay in the broker's own worker", STUCK
        )
        for row in rows
        if _undelivered(row)
    ]


def _undelivered(row: Row) -> int:
    return int(row.get("messages_dlx") or 0)


async def check_inbound_queues(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Inbound queues with messages and without a consumer."""
    rows = await list_queues(management, vhosts.edge)
    unread = {row["name"]: row for row in rows if message_count(row) and row.get("consumers") == 0}
    clients = find_clients({"queues": rows}, vhosts)
    found = []
    for partner in clients.partners:
        if row := unread.get(enrolments_queue(partner)):
            waiting = counted(message_count(row), "message")
            what = f"partner {partner}'s messages wait ({waiting}): is the partner registered?"
            found.append(Finding(what, "register it (POST /partners); if it is, see whether registration is ready"))
    for venue in clients.venues:
        if row := unread.get(admissions_queue(venue)):
            what = f"the messages of {venue}'s box office wait ({counted(message_count(row), 'message')})"
            found.append(Finding(what, "see whether ticketing is ready"))
    return found


async def check_quorum(management: Management, vhosts: Vhosts, *, pause: float = _COUNTED) -> Sequence[Finding]:
    """Queues without a leader or without a quorum and, on a cluster, those with a member too few or away.

    A queue that does not report its state, or has too few members, may be new: it is checked again after `pause`
    seconds.
    """
    nodes = await get(management, "nodes")
    wanted = min(len(nodes), MEMBERS)
    rows = await list_queues(management, vhosts.core, vhosts.edge)
    if not all(_reports_state(row) and _members(row) >= wanted for row in rows):
        await asyncio.sleep(pause)
        rows = await list_queues(management, vhosts.core, vhosts.edge)
    return [finding for row in rows if (finding := _quorum_finding(row) or _member_finding(row, wanted))]


def _member_finding(row: Row, wanted: int) -> Finding | None:
    members, online = row.get("members") or [], row.get("online") or []
    if "members" in row and len(members) < wanted:
        what = f"{queue_name(row)} has {counted(len(members), 'member')} and should have {wanted}"
        return Finding(what, "`rabbitmq-queues grow <node> all` adds one; see docs/cluster.md")
    if away := sorted(str(member).partition("@")[2] for member in {*members} - {*online}):
        what = f"{queue_name(row)} is without its member on {', '.join(away)}, and has its quorum"
        return Finding(what, "start the nodes of the broker that are away")
    return None


def _members(row: Row) -> int:
    """The number of members; for a queue that does not tell it, enough."""
    return len(row["members"] or []) if "members" in row else MEMBERS


def _quorum_finding(row: Row) -> Finding | None:
    members, online = row.get("members") or [], row.get("online") or []
    if members and 2 * len(online) <= len(members):
        what = f"{queue_name(row)} has no quorum: {len(online)} of its {len(members)} members are there"
        return Finding(what, "start the nodes of the broker that are away")
    away = "leader" in row and "online" in row and row["leader"] not in online
    if away or row.get("state") in _UNAVAILABLE or not _reports_state(row):
        remedy = "if it stays so, `rabbitmqctl eval` with `ra:trigger_election` gives it one; see docs/running.md"
        return Finding(f"{queue_name(row)} has no leader", remedy)
    return None


async def check_feature_flags(management: Management) -> Sequence[Finding]:
    """Stable feature flags that are off, as they are after an upgrade of the broker: the next one needs them on."""
    flags = await get(management, "feature-flags")
    if not isinstance(flags, list):
        raise CheckError(f"what answers at {management.url} is no broker")
    off = sorted(
        flag["name"] for flag in flags if flag.get("stability") == "stable" and flag.get("state") == "disabled"
    )
    if not off:
        return []
    what = f"{counted(len(off), 'feature flag')} of the broker {'is' if len(off) == 1 else 'are'} off: {', '.join(off)}"
    return [Finding(what, "once every node has the new release: `rabbitmqctl enable_feature_flag all`")]


def _reports_state(row: Row) -> bool:
    """True for a queue with a leader, and for queues of other types."""
    return row.get("type") != "quorum" or "state" in row
