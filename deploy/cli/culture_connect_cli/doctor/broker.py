"""What the broker's management API tells: that it answers, its topology, and queues in trouble.

Its counts are up to five seconds old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from culture_connect.messaging.topology import SERVICES, Vhosts, admissions_queue, dead_queue, enrolments_queue
from culture_connect_cli import topology
from culture_connect_cli.doctor.findings import CannotLook, Finding
from culture_connect_cli.management import Management
from culture_connect_cli.parties import parties_of

START: Final = "start it, or correct its address and login; its log says why it stopped"

_SHOWN: Final = 20  # differences of the topology; `topology verify` shows them all
_AWAY: Final = {"down", "minority", "stopped", "crashed", "timeout"}  # states of a queue that nobody can use
_COUNTED: Final = 6.0  # seconds after which the broker has counted a new queue

Row = Mapping[str, Any]


async def answers(management: Management) -> Sequence[Finding]:
    """Whether there is a broker that lets us in."""
    overview = await _get(management, "overview")
    if isinstance(overview, dict) and "rabbitmq_version" in overview:
        return []
    raise CannotLook(f"what answers at {management.url} is no broker")


async def is_as_coded(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Every difference between the broker and the code, up to some."""
    try:
        found = await topology.verify(management, vhosts)
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
        Finding(f"{_named(row)} holds {_counted(row, 'dead letter')}", cure)
        for row in await _queues(management, vhosts.core, vhosts.edge)
        if row["name"] in dead and _messages(row)
    ]


async def hears_every_party(management: Management, vhosts: Vhosts) -> Sequence[Finding]:
    """Every inbound queue of a party with messages that nobody reads."""
    rows = await _queues(management, vhosts.edge)
    unread = {row["name"]: row for row in rows if _messages(row) and row.get("consumers") == 0}
    parties = parties_of({"queues": rows}, vhosts)
    found = []
    for partner in parties.partners:
        if row := unread.get(enrolments_queue(partner)):
            what = f"partner {partner}'s messages wait ({_counted(row, 'message')}): is the partner registered?"
            found.append(Finding(what, "register it (POST /partners); if it is, see whether registration is ready"))
    for venue in parties.venues:
        if row := unread.get(admissions_queue(venue)):
            what = f"the messages of {venue}'s box office wait ({_counted(row, 'message')})"
            found.append(Finding(what, "see whether ticketing is ready"))
    return found


async def has_its_quorum(management: Management, vhosts: Vhosts, *, pause: float = _COUNTED) -> Sequence[Finding]:
    """Every queue without a leader, or of which too few members are there.

    A queue that says nothing of itself is looked at again after `pause` seconds: it may be new.
    """
    rows = await _queues(management, vhosts.core, vhosts.edge)
    if not all(map(_is_heard, rows)):
        await asyncio.sleep(pause)
        rows = await _queues(management, vhosts.core, vhosts.edge)
    return [finding for row in rows if (finding := _trouble(row))]


def _trouble(row: Row) -> Finding | None:
    members, online = row.get("members") or [], row.get("online") or []
    if members and 2 * len(online) <= len(members):
        what = f"{_named(row)} has no quorum: {len(online)} of its {len(members)} members are there"
        return Finding(what, "start the nodes of the broker that are away")
    away = "leader" in row and "online" in row and row["leader"] not in online
    if away or row.get("state") in _AWAY or not _is_heard(row):
        cure = "if it stays so, `rabbitmqctl eval` with `ra:trigger_election` gives it one; see docs/running.md"
        return Finding(f"{_named(row)} has no leader", cure)
    return None


def _is_heard(row: Row) -> bool:
    """Only a queue with a leader tells its state; others than quorum queues do not matter here."""
    return row.get("type") != "quorum" or "state" in row


async def _queues(management: Management, *vhosts: str) -> list[Row]:
    rows: list[Row] = []
    for vhost in vhosts:
        answer = await _get(management, "queues", vhost)
        if not isinstance(answer, list):
            raise CannotLook(f"what answers at {management.url} is no broker")
        rows += answer
    return rows


async def _get(management: Management, *path: str) -> Any:
    try:
        return await management.get(*path)
    except ValueError:
        raise CannotLook(f"what answers at {management.url} is no broker") from None


def _messages(row: Row) -> int:
    """How many it holds; a queue that was made just now is not counted yet."""
    return int(row.get("messages", 0))


def _named(row: Row) -> str:
    return f"queue {row['name']} in {row['vhost']}"


def _counted(row: Row, what: str) -> str:
    return f"{_messages(row)} {what}{'' if _messages(row) == 1 else 's'}"
