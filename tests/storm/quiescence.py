"""Waiting until everything that was said has had its effect."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from culture_connect.messaging.topology import SERVICES
from culture_connect_cli.broker.management import BrokerError
from tests.storm.deployment import Deployment
from tests.storm.hr import HrSystem

_LOOK: Final = 1.0  # seconds between two looks
_CALM: Final = 4  # looks in a row that find nothing
# What was put off is to be sent soon; a timer is for another day.
_OUTBOX: Final = "select count(*) from {service}.outbox where coalesce(due_at, now()) < now() + interval '10 minutes'"
_RETRIES: Final = "select count(*) from {service}.retries"
_LETTERS: Final = """
    select count(*) from notifications.letters
    where state = 'sending' or state = 'planned' and due_at <= now() and wanted_at <= now()
"""


async def wait_for_quiet(deployment: Deployment, systems: Sequence[HrSystem], *, longest: float) -> dict[str, int]:
    """Waits until nothing is left to do, and that holds for some looks; returns what is left after `longest` s."""
    deadline, calm = time.monotonic() + longest, 0
    left: dict[str, int] = {}
    while calm < _CALM:
        left = await _left(deployment, systems)
        calm = 0 if left else calm + 1
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(_LOOK)
    return left


async def _left(deployment: Deployment, systems: Sequence[HrSystem]) -> dict[str, int]:
    """Returns the work still to be done, by place, without zeros."""
    counts: dict[str, int] = {}
    for service in SERVICES:
        for name, statement in (("outbox", _OUTBOX), ("retries", _RETRIES)):
            [row] = await deployment.rows(statement.format(service=service))
            counts[f"rows in {service}.{name}"] = int(row[0])
    [row] = await deployment.rows(_LETTERS)
    counts["letters to send"] = int(row[0])
    try:
        async with deployment.stack.broker.management() as management:
            queues = await management.get("queues")
    except BrokerError:
        return {"a broker that does not answer": 1}
    for queue in queues:
        if not queue["name"].endswith(".dead"):
            counts[f"messages in {queue['vhost']}/{queue['name']}"] = int(queue.get("messages", 0))
    for system in systems:
        answered = system.receipts()
        open_ = [each for each in [*(sent.id for sent in system.sent), *system.refused] if each not in answered]
        counts[f"messages of {system.staff.partner} without receipt"] = len(open_)
    return {name: count for name, count in counts.items() if count}
