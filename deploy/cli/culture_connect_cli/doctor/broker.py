"""What the broker's management API tells: that it answers, its topology, and queues in trouble.

Its counts are up to five seconds old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from culture_connect.messaging.topology import SERVICES, Vhosts, admissions_queue, dead_queue, enrolments_queue
from culture_connect_cli.broker.definitions import parties_of
from culture_connect_cli.broker.management import Management
from culture_connect_cli.doctor.check import CannotLook, Finding
from culture_connect_cli.doctor.queues import Row, counted, get, messages, named, queues
from culture_connect_cli.topology.apply import verify_topology

START: Final = "start it, or correct its address and login; its log says why it stopped"
STUCK: Final = (
    "see `topology verify`, and whether the queue for dead letters is full; if neither is the cause, the broker's "
    "worker has ended: see docs/running.md"
)

_SHOWN: Final = 20  # differences of the topology; `topology verify` shows them all
_AWAY: Final = {"down", "minority", "stopped", "crashed", "timeout"}  # states of a queue that nobody can use
_COUNTED: Final = 6.0  # seconds after which the broker has counted a new queue


async def answers(management: Management) -> Sequence[Finding]:
    """Whether there is a broker that lets us in."""
    overview = await get(management, "overview")
    if isinstance(overview, dict) and "rabbitmq_version" in overview:
        return []
    raise CannotLook(f"what answers at {management.url} is no broker")


async def is_as_coded(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Every difference between the broker and the code, up to some."""
    try:
        found = await verify_topology(management, vhosts)
    except (ValueError, KeyError, TypeError):
        raise CannotLook(f"what answers at {management.url} is no broker") from None
    shown = [Finding(str(difference), difference.cure.value) for difference in found[:_SHOWN]]
    more = len(found) - len(shown)
    return [*shown, Finding(f"and {more} more differences", "`culture-connect topology verify`")] if more else shown


async def has_no_dead_letters(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Every dead-letter queue that is not empty."""
    dead = {dead_queue(service) for service in SERVICES}
    cure = "the headers of each say why it is there and where it came from (cc-dead-reason, cc-dead-queue)"
    return [
        Finding(f"{named(row)} holds {counted(messages(row), 'dead letter')}", cure)
        for row in await queues(management, vhosts.core, vhosts.edge)
        if row["name"] in dead and messages(row)
    ]


async def hands_dead_letters_on(
    management: Management, vhosts: Vhosts, *, pause: float = _COUNTED
) -> Sequence[Finding]:
    """Every queue of which dead letters stay in the broker's own dead-letter worker.

    They usually leave at once, so what is there is looked at again after `pause` seconds.
    """
    rows = await queues(management, vhosts.core, vhosts.edge)
    if any(map(_held, rows)):
        await asyncio.sleep(pause)
        rows = await queues(management, vhosts.core, vhosts.edge)
    return [
        Finding(f"{counted(_held(row), 'dead letter')} of {named(row)} stay in the broker's own worker", STUCK)
        for row in rows
        if _held(row)
    ]


def _held(row: Row) -> int:
    return int(row.get("messages_dlx") or 0)


async def hears_every_party(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Every inbound queue of a party with messages that nobody reads."""
    rows = await queues(management, vhosts.edge)
    unread = {row["name"]: row for row in rows if messages(row) and row.get("consumers") == 0}
    parties = parties_of({"queues": rows}, vhosts)
    found = []
    for partner in parties.partners:
        if row := unread.get(enrolments_queue(partner)):
            what = (
                f"partner {partner}'s messages wait ({counted(messages(row), 'message')}): is the partner registered?"
            )
            found.append(Finding(what, "register it (POST /partners); if it is, see whether registration is ready"))
    for venue in parties.venues:
        if row := unread.get(admissions_queue(venue)):
            what = f"the messages of {venue}'s box office wait ({counted(messages(row), 'message')})"
            found.append(Finding(what, "see whether ticketing is ready"))
    return found


async def has_its_quorum(management: Management, vhosts: Vhosts, *, pause: float = _COUNTED) -> Sequence[Finding]:
    """Every queue without a leader, or of which too few members are there.

    A queue that says nothing of itself is looked at again after `pause` seconds: it may be new.
    """
    rows = await queues(management, vhosts.core, vhosts.edge)
    if not all(map(_is_heard, rows)):
        await asyncio.sleep(pause)
        rows = await queues(management, vhosts.core, vhosts.edge)
    return [finding for row in rows if (finding := _trouble(row))]


def _trouble(row: Row) -> Finding | None:
    members, online = row.get("members") or [], row.get("online") or []
    if members and 2 * len(online) <= len(members):
        what = f"{named(row)} has no quorum: {len(online)} of its {len(members)} members are there"
        return Finding(what, "start the nodes of the broker that are away")
    away = "leader" in row and "online" in row and row["leader"] not in online
    if away or row.get("state") in _AWAY or not _is_heard(row):
        cure = "if it stays so, `rabbitmqctl eval` with `ra:trigger_election` gives it one; see docs/running.md"
        return Finding(f"{named(row)} has no leader", cure)
    return None


def _is_heard(row: Row) -> bool:
    """Only a queue with a leader tells its state; others than quorum queues do not matter here."""
    return row.get("type") != "quorum" or "state" in row
