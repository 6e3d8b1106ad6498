"""The end of a storm: quiet is waited for, and every promise is looked at."""

from datetime import datetime
from typing import Final

import aio_pika
import httpx
from aio_pika.abc import AbstractIncomingMessage

from culture_connect.messaging.topology import CORE, EDGE, NOTIFICATIONS, REGISTRATION, TICKETING, dead_queue
from tests.storm.deployment import Deployment
from tests.storm.findings import DEAD, EMPTY, LOST, RUN
from tests.storm.letters_check import check_letters
from tests.storm.load import Load
from tests.storm.outcome import StormOutcome
from tests.storm.people_check import check_erased, check_other_services, check_receipts, check_registration
from tests.storm.quiescence import wait_for_quiet
from tests.storm.seats_check import check_box_offices, check_seats
from tests.support.probes import until

# Notifications has no queues on the edge.
_DEAD: Final = (
    *((CORE, service) for service in (REGISTRATION, TICKETING, NOTIFICATIONS)),
    *((EDGE, service) for service in (REGISTRATION, TICKETING)),
)


async def check_everything(
    deployment: Deployment, client: httpx.AsyncClient, load: Load, outcome: StormOutcome
) -> None:
    """Adds to the outcome what is wrong, and how much there was of everything."""
    findings = outcome.findings
    try:
        await deployment.all_ready()
    except AssertionError as error:
        findings.add(EMPTY, f"not every replica is ready again: {error}")
    for what, count in (await wait_for_quiet(deployment, load.systems, longest=outcome.options.quiet)).items():
        findings.add(EMPTY, f"{count} {what}")
    for system in load.systems:
        check_receipts(system, findings)
        await check_registration(deployment, system, findings)
    await check_other_services(deployment, findings)
    await check_erased(deployment, load.systems, findings)
    await check_seats(deployment, load.programme, load.guests, findings)
    await check_box_offices(deployment, load.offices, findings)
    outcome.counts |= load.counts()
    outcome.counts |= await check_letters(deployment, client, _mail_was_broken(outcome), findings)
    findings.none_of(RUN, "requests that nobody answered", load.desk.unanswered)
    await _check_dead_letters(deployment, load, outcome)
    outcome.counts |= {
        f"times that {name} ended by itself": len(replica.ended)
        for name, replica in deployment.replicas.items()
        if replica.ended
    }


def _mail_was_broken(outcome: StormOutcome) -> list[tuple[datetime, datetime]]:
    """Returns the times of breaks that end a sender's dialogue: of its process, its database, the mail server."""
    others = ("registration", "ticketing", "full-receipts")
    return [
        (broken.begin, broken.end)
        for broken in outcome.breaks
        if not broken.planned.target.startswith(others) and not broken.planned.kind.startswith(others)
    ]


async def _check_dead_letters(deployment: Deployment, load: Load, outcome: StormOutcome) -> None:
    """Those that cannot be read and have no id to answer to are there, and nothing else is."""
    hopeless = {id_ for system in load.systems for id_ in system.hopeless}
    found: set[str] = set()
    for vhost, service in _DEAD:
        for message in await _dead(deployment, vhost, service):
            found.add(str(message.message_id))
            if message.message_id not in hopeless:
                names = ("cc-dead-queue", "cc-dead-reason", "cc-dead-exception")
                why = " ".join(str(message.headers.get(name)) for name in names)
                outcome.findings.add(DEAD, f"{vhost}/{service}: {why}", [message.message_id])
    outcome.counts["dead letters that are to be there"] = len(found & hopeless)
    outcome.findings.none_of(LOST, "messages without proper id that are no dead letters", hopeless - found)


async def _dead(deployment: Deployment, vhost: str, service: str) -> list[AbstractIncomingMessage]:
    """All that the queue holds; it stays there."""
    found: list[AbstractIncomingMessage] = []

    async def look(message: AbstractIncomingMessage) -> None:
        found.append(message)

    async with await aio_pika.connect(deployment.stack.broker.amqp_url(vhost), timeout=10) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(dead_queue(service), passive=True)
        held = queue.declaration_result.message_count or 0
        await queue.consume(look)
        await until(lambda: len(found) >= held, bool, f"{held} dead letters of {service} in {vhost}", timeout=20)
    return found
