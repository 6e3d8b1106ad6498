"""Migration of external clients' queues to other arguments, which a queue cannot change. No message is lost."""

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
from culture_connect_cli.topology.queue_replacement import QueueInUseError, QueueReplacement

DRAIN_TIMEOUT: Final = 30.0
"""Seconds in which a service may empty a queue whose sender is blocked."""


@dataclass(frozen=True, slots=True)
class MigrationResult:
    """The result for one queue: made anew (`skipped` is None), or the reason why it was skipped."""

    queue: str
    skipped: str | None = None


async def migrate(
    broker: Broker, management: Management, *, drain_timeout: float = DRAIN_TIMEOUT
) -> list[MigrationResult]:
    """Makes every client queue with outdated arguments anew, one after the other.

    An inbound queue is emptied by its service first, within `drain_timeout` seconds; meanwhile the client is refused
    and keeps its messages. The messages of an outbound queue move into the new queue. To be called after
    `apply_topology`, and again after an interruption. Raises BrokerError, as `Management` does.
    """
    found = await management.get("definitions")
    wanted = known_topology(found, broker.vhosts)
    outdated = {queue.name for queue in outdated_queues(wanted, found)}
    names = sorted(outdated | _interrupted(wanted, found))
    if not names:
        return []
    accounts = {row["name"] for row in found["users"]}
    try:
        async with await aio_pika.connect(broker.amqp_url(broker.vhosts.edge), timeout=10) as connection:
            return [
                await _replace(
                    QueueReplacement(management, connection, wanted, name, accounts),
                    name,
                    name in outdated,
                    drain_timeout,
                )
                for name in names
            ]
    except (AMQPError, ConnectionError, TimeoutError) as error:
        reason = f"the connection with the broker broke ({type(error).__name__}); run this again"
        raise BrokerUnreachableError(reason) from error


async def _replace(
    replacement: QueueReplacement, name: str, is_outdated: bool, drain_timeout: float
) -> MigrationResult:
    try:
        if party_of(name):
            await replacement.replace_inbound(drain_timeout)
        else:
            await replacement.replace_outbound(is_outdated=is_outdated)
    except QueueInUseError as error:
        return MigrationResult(name, str(error))
    return MigrationResult(name)


def _interrupted(wanted: Topology, found: Definitions) -> set[str]:
    """The queues with a holding queue that an interrupted run left."""
    queues = {row["name"] for row in found["queues"] if row["vhost"] in wanted.vhosts}
    return {origin for name in queues if (origin := held_for(name)) in queues and origin is not None}
