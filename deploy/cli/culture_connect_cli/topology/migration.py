"""Queues of parties that have to be made anew, since the arguments of a queue cannot change. No message is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aio_pika
from aio_pika.exceptions import AMQPError

from culture_connect.messaging.topology import Topology, held_for, party_of
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.broker.definitions import Definitions
from culture_connect_cli.broker.management import BrokerUnreachableError, Management
from culture_connect_cli.topology.apply import known_topology
from culture_connect_cli.topology.comparison import outdated_queues
from culture_connect_cli.topology.queue_replacement import Replacement, StillInUseError

PATIENCE: Final = 30.0
"""Seconds in which a service may empty a queue whose sender is kept out."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one queue: made anew (`left` is None), or left as it was and why."""

    queue: str
    left: str | None = None


async def migrate(broker: Broker, management: Management, *, patience: float = PATIENCE) -> list[Outcome]:
    """Makes every queue of a party anew that has other arguments than the code, one after the other.

    A queue that a party fills is waited for, `patience` seconds at most, until its service has emptied it; meanwhile
    the party is refused and keeps its messages. What a party is to read moves into the new queue. To be called after
    `topology.apply`, and again after it when it was broken off. Raises BrokerError, as `Management` does.
    """
    found = await management.get("definitions")
    wanted = known_topology(found, broker.vhosts)
    outdated = {queue.name for queue in outdated_queues(wanted, found)}
    names = sorted(outdated | _half_moved(wanted, found))
    if not names:
        return []
    accounts = {row["name"] for row in found["users"]}
    try:
        async with await aio_pika.connect(broker.amqp_url(broker.vhosts.edge), timeout=10) as connection:
            return [
                await _make_anew(
                    Replacement(management, connection, wanted, name, accounts), name, name in outdated, patience
                )
                for name in names
            ]
    except (AMQPError, ConnectionError, TimeoutError) as error:
        reason = f"the connection with the broker broke ({type(error).__name__}); run this again"
        raise BrokerUnreachableError(reason) from error


async def _make_anew(replacement: Replacement, name: str, is_outdated: bool, patience: float) -> Outcome:
    try:
        if party_of(name):
            await replacement.of_what_a_party_fills(patience)
        else:
            await replacement.of_what_a_party_reads(is_outdated=is_outdated)
    except StillInUseError as reason:
        return Outcome(name, str(reason))
    return Outcome(name)


def _half_moved(wanted: Topology, found: Definitions) -> set[str]:
    """The queues of which an earlier run has left messages in a holding queue."""
    queues = {row["name"] for row in found["queues"] if row["vhost"] in wanted.vhosts}
    return {origin for name in queues if (origin := held_for(name)) in queues and origin is not None}
