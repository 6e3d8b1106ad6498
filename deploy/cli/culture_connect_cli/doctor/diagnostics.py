"""All checks of a running system, each on its own: what one cannot see the others still look at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import httpx

from culture_connect.messaging.topology import NOTIFICATIONS, REGISTRATION, SERVICES
from culture_connect_cli.broker.management import Management
from culture_connect_cli.doctor import broker, certificate, metrics, outbox, queue_limits
from culture_connect_cli.doctor import service as services
from culture_connect_cli.doctor.check import Checked, Finding, check
from culture_connect_cli.doctor.locations import Whereabouts
from culture_connect_cli.doctor.service import Service

_TIMEOUT = 10.0  # seconds


async def examine(
    system: Whereabouts,
    now: datetime,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> list[Checked]:
    """What every check says, the services' first; `now` has a time zone. Raises nothing that a system can cause.

    `transport` is for tests: how services and management API are reached.
    """
    # A proxy from the environment must not stand between us and what we look at.
    async with httpx.AsyncClient(timeout=_TIMEOUT, transport=transport, trust_env=False) as client:
        looks = [_service(name, system, client, now) for name in SERVICES]
        groups = await asyncio.gather(*looks, _broker(system, transport), _outside(system, now))
    return [checked for group in groups for checked in group]


async def _service(name: str, system: Whereabouts, client: httpx.AsyncClient, now: datetime) -> Sequence[Checked]:
    url = system.services.get(name)
    if url is None:
        cure = f"give --{name}-url (or CULTURE_CONNECT_{name.upper()}_URL), or start a local stack"
        return [Checked(f"{name} answers", [Finding(f"it is not known where {name} is", cure)])]
    service = Service(name, url, client, metrics_port=system.metrics_port)
    looks = [
        check(f"{name} answers at {service.address}", services.lives(service), cure=services.START),
        check(f"{name} is ready", services.is_ready(service)),
        _events(service, now),
        check(f"every destination takes the messages of {name}", outbox.take_messages(service)),
        check(f"what {name} tries again succeeds", metrics.retries_succeed(service)),
    ]
    if name == NOTIFICATIONS:
        looks.append(check("the mail server takes letters", metrics.mail_is_taken(service)))
    if name == REGISTRATION:
        looks.append(check("every erasure is in time", metrics.erasures_are_in_time(service)))
    return await asyncio.gather(*looks)


async def _events(service: Service, now: datetime) -> Checked:
    checked = await check(f"the events of {service.name} leave for the broker", metrics.events_leave(service, now))
    if checked.findings or not await metrics.leaves_without_listen(service):
        return checked
    # Nothing is wrong with that, but whoever wonders why an event takes its time should read it somewhere.
    return Checked(f"{checked.well} (through a pooler, without LISTEN: an event waits for up to 1 s)")


async def _outside(system: Whereabouts, now: datetime) -> Sequence[Checked]:
    if system.amqps is None:
        return []
    return [await check("parties accept the broker's certificate", certificate.is_accepted(system.amqps, now))]


async def _broker(system: Whereabouts, transport: httpx.AsyncBaseTransport | None) -> Sequence[Checked]:
    if isinstance(system.broker, str):
        return [Checked("the broker answers", [Finding(f"the broker cannot be looked at: {system.broker}")])]
    vhosts, found = system.broker.vhosts, system.broker
    try:
        management = Management(found.management_url, found.username, found.password, transport=transport)
    except httpx.InvalidURL:
        return [Checked("the broker answers", [Finding("the broker's address is none", broker.START)])]
    async with management:
        return await asyncio.gather(
            check(f"the broker answers at {management.url}", broker.answers(management), cure=broker.START),
            check("the topology is as the code says", broker.is_as_coded(management, vhosts)),
            check("there are no dead letters", broker.has_no_dead_letters(management, vhosts)),
            check("dead letters leave the broker's own worker", broker.hands_dead_letters_on(management, vhosts)),
            check("every queue has room", queue_limits.have_room(management, vhosts)),
            check("every party is heard", broker.hears_every_party(management, vhosts)),
            check("every queue has its leader and quorum", broker.has_its_quorum(management, vhosts)),
        )
