"""All checks of a running system. Each runs on its own, so one that fails does not stop the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import httpx

from culture_connect_cli.broker.management import Management
from culture_connect_cli.doctor import broker, certificate, metrics, outbox, queue_limits
from culture_connect_cli.doctor import service as services
from culture_connect_cli.doctor.check import CheckResult, Finding, check
from culture_connect_cli.doctor.locations import SystemLocations
from culture_connect_cli.doctor.service import Service
from culture_connect_cli.services import NOTIFICATIONS, REGISTRATION, SERVICES, url_variable

_TIMEOUT = 10.0  # seconds


async def run_checks(
    system: SystemLocations,
    now: datetime,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> list[CheckResult]:
    """The results of all checks, the services' first; `now` has a time zone. Raises nothing that a system can cause.

    `transport` replaces the connection to services and management API in tests.
    """
    # A proxy from the environment must not answer for the system.
    async with httpx.AsyncClient(timeout=_TIMEOUT, transport=transport, trust_env=False) as client:
        services = [_service(name, system, client, now) for name in SERVICES]
        groups = await asyncio.gather(*services, _broker(system, transport), _certificate(system, now))
    return [result for group in groups for result in group]


async def _service(
    name: str, system: SystemLocations, client: httpx.AsyncClient, now: datetime
) -> Sequence[CheckResult]:
    url = system.services.get(name)
    if url is None:
        remedy = f"give --{name}-url (or {url_variable(name)}), or start a local stack"
        return [CheckResult(f"{name} answers", [Finding(f"the address of {name} is not known", remedy)])]
    service = Service(name, url, client, metrics_port=system.metrics_port)
    checks = [
        check(f"{name} answers at {service.address}", services.check_liveness(service), remedy=services.START),
        check(f"{name} is ready", services.check_readiness(service)),
        _events(service, now),
        check(f"every destination takes the messages of {name}", outbox.check_destinations(service)),
        check(f"what {name} tries again succeeds", metrics.check_retries(service)),
    ]
    if name == NOTIFICATIONS:
        checks.append(check("the mail server takes letters", metrics.check_mail_server(service)))
    if name == REGISTRATION:
        checks.append(check("every erasure is in time", metrics.check_erasures(service)))
    return await asyncio.gather(*checks)


async def _events(service: Service, now: datetime) -> CheckResult:
    result = await check(f"the events of {service.name} leave for the broker", metrics.check_outbox_age(service, now))
    if result.findings or not await metrics.polls_database(service):
        return result
    # Not a problem, but it explains why an event may take longer.
    return CheckResult(f"{result.passed} (through a pooler, without LISTEN: an event waits for up to 1 s)")


async def _certificate(system: SystemLocations, now: datetime) -> Sequence[CheckResult]:
    if system.amqps is None:
        return []
    return [await check("clients accept the broker's certificate", certificate.check_certificate(system.amqps, now))]


async def _broker(system: SystemLocations, transport: httpx.AsyncBaseTransport | None) -> Sequence[CheckResult]:
    if isinstance(system.broker, str):
        return [CheckResult("the broker answers", [Finding(f"the broker cannot be checked: {system.broker}")])]
    vhosts, found = system.broker.vhosts, system.broker
    try:
        management = Management(found.management_url, found.username, found.password, transport=transport)
    except httpx.InvalidURL:
        return [CheckResult("the broker answers", [Finding("the broker's address is invalid", broker.START)])]
    async with management:
        return await asyncio.gather(
            check(
                f"the broker answers at {management.url}", broker.check_broker_answers(management), remedy=broker.START
            ),
            check("the topology is as the code says", broker.check_topology(management, vhosts)),
            check("there are no dead letters", broker.check_dead_letters(management, vhosts)),
            check("dead letters leave the broker's own worker", broker.check_dead_letter_worker(management, vhosts)),
            check("every queue has room", queue_limits.check_queue_limits(management, vhosts)),
            check("every client is heard", broker.check_inbound_queues(management, vhosts)),
            check("every queue has its leader and quorum", broker.check_quorum(management, vhosts)),
            check("the broker's feature flags are on", broker.check_feature_flags(management)),
        )
