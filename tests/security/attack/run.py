"""The attacks one after the other, what the neighbour met meanwhile, and whether all is as before in the end."""

import asyncio
import math
import multiprocessing
from collections.abc import Awaitable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from culture_connect.contracts import Venue
from culture_connect.messaging.topology import SERVICES
from culture_connect_cli.accounts import Credentials, add_account
from culture_connect_cli.broker.management import BrokerError
from culture_connect_cli.doctor import SystemLocations, run_checks
from culture_connect_cli.secrets import tokens
from tests.security.attack import attacks
from tests.security.attack.neighbour import PARTNER, Experience, Neighbour
from tests.security.attack.target import ATTACKER, Target
from tests.storm.deployment import Deployment
from tests.storm.local_deployment import deployed
from tests.support.external_clients import Sending, send_until_confirmed
from tests.support.probes import until
from tests.support.system import evening_on, in_days
from tests.support.tasks import end

SLOWEST: Final = 2.0  # seconds that the neighbour's 99th percentile may take
AFTERWARDS: Final = 60.0  # seconds after which all is as before
_PLACES: Final = {ATTACKER: 200, PARTNER: 100_000}
_TICKET: Final = """
    select ticket_id::text, details ->> 'link' as link
    from notifications.tickets join notifications.contacts c using (participant_id)
    where c.email = $1 and standing = 'issued' and details ->> 'link' is not null
"""


@dataclass
class Met:
    """The waits and failures of the neighbour during one attack, which was made so many `times`."""

    attack: str
    times: int
    experience: Experience
    not_ready: list[str]
    slowest_allowed: float

    @property
    def slowest(self) -> dict[str, float]:
        """The 99th percentiles, in seconds."""
        return {
            name: percentile(values)
            for name, values in (("receipt", self.experience.receipts), ("page", self.experience.pages))
        }

    @property
    def findings(self) -> list[str]:
        """Returns the findings of the run."""
        found = [f"{name}: {number} times" for name, number in self.experience.failed.items()]
        found += [
            f"{name}: 99% within {slow:.1f} s" for name, slow in self.slowest.items() if slow > self.slowest_allowed
        ]
        if not self.experience.receipts or not self.experience.pages:
            found.append("nothing came")
        if not self.times:
            found.append("nothing was done")
        return [f"{self.attack}: {what}" for what in found + self.not_ready]


@dataclass
class AttackOutcome:
    """The result of all attacks; `after` is what was still wrong a minute after the end."""

    met: list[Met] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @property
    def findings(self) -> list[str]:
        """Everything that should not have been."""
        return [finding for met in self.met for finding in met.findings] + self.after


def percentile(values: Sequence[float], part: float = 0.99) -> float:
    """The value that `part` of them do not exceed; infinite for none."""
    return sorted(values)[math.ceil(part * len(values)) - 1] if values else math.inf


async def assail(names: Sequence[str], *, seconds: float, slowest: float = SLOWEST) -> AttackOutcome:
    """Every attack for so many seconds, with the neighbour at work all the time.

    `slowest` is how many seconds the neighbour's 99th percentile may take.
    """
    outcome = AttackOutcome()
    async with AsyncExitStack() as exits:
        deployment = await exits.enter_async_context(deployed())
        client = await exits.enter_async_context(httpx.AsyncClient(trust_env=False))
        target, neighbour = await _prepare(deployment, client)
        await exits.enter_async_context(neighbour.reader)
        pool = exits.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
        stop = asyncio.Event()
        working = asyncio.create_task(neighbour.work(stop))
        exits.callback(working.cancel)
        quiet = await _measured("quiet", asyncio.sleep(seconds, 1), deployment, neighbour, slowest)
        outcome.met.append(quiet)
        before = await _state(deployment)
        for name in names:
            loop = asyncio.get_running_loop()
            attack = loop.run_in_executor(pool, attacks.run, name, target, seconds)
            outcome.met.append(await _measured(name, attack, deployment, neighbour, slowest))
        outcome.after = await _as_before(deployment, before)
        stop.set()
        await working
        await _all_answered(neighbour, outcome)
        outcome.after += [f"{name} ended" for name, each in deployment.replicas.items() if each.ended]
    return outcome


async def _measured(
    name: str, attack: Awaitable[int], deployment: Deployment, neighbour: Neighbour, slowest: float
) -> Met:
    neighbour.measure()
    not_ready: set[str] = set()
    watching = asyncio.create_task(_watch(deployment, not_ready))
    try:
        times = await attack
    finally:
        await end(watching)
    return Met(name, times, neighbour.measure(), sorted(not_ready), slowest)


async def _watch(deployment: Deployment, not_ready: set[str]) -> None:
    """Notes which replicas say that they are not ready."""
    while True:
        for name, replica in deployment.replicas.items():
            if problem := await replica.problem():
                not_ready.add(f"{name} is not ready: {problem}")
        await asyncio.sleep(1.0)


async def _state(deployment: Deployment) -> set[str]:
    """Returns the doctor's findings, without those about the attackers' own full queues."""
    services = {service: deployment.of(service)[0].url for service in SERVICES}
    found = await run_checks(SystemLocations(services, deployment.stack.broker), datetime.now(UTC))
    said = {finding.what for checked in found for finding in checked.findings}
    return {what for what in said if ATTACKER not in what and "dead letter" not in what}


async def _as_before(deployment: Deployment, before: set[str]) -> list[str]:
    """Returns the findings a minute after the last attack that were not there before the first."""

    async def wrong() -> list[str]:
        not_ready = [f"{name}: {told}" for name, each in deployment.replicas.items() if (told := await each.problem())]
        return not_ready + sorted(await _state(deployment) - before) + await _left(deployment)

    try:
        await until(wrong, lambda left: not left, "all to be as before", timeout=AFTERWARDS)
    except AssertionError as error:
        return [str(error)]
    return []


async def _left(deployment: Deployment) -> list[str]:
    """Queues that still hold something, without those that the attackers read or do not read."""
    try:
        async with deployment.stack.broker.management() as management:
            queues = await management.get("queues")
    except BrokerError as error:
        return [f"broker: {error}"]
    kept = (f"hr.{ATTACKER}.receipts", ".tickets", ".dead")
    return [
        f"{queue['messages']} messages in {queue['name']}"
        for queue in queues
        if queue.get("messages") and not queue["name"].endswith(kept)
    ]


async def _all_answered(neighbour: Neighbour, outcome: AttackOutcome) -> None:
    try:
        await until(lambda: (neighbour.measure(), len(neighbour.sent))[1], lambda open_: not open_, "receipts")
    except AssertionError:
        outcome.after.append(f"{len(neighbour.sent)} messages of the neighbour have no receipt")


async def _prepare(deployment: Deployment, client: httpx.AsyncClient) -> tuple[Target, Neighbour]:
    """Both partners have a participant with a ticket for the same evening."""
    programme = {"authorization": f"Bearer {deployment.stack.tokens['programme']}"}
    url = deployment.of("registration")[0].url

    async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await client.post(f"{url}{path}", json=body, headers=programme, timeout=20)
        assert answer.is_success, answer.text
        return dict(answer.json())

    accounts = {}
    for slug in (ATTACKER, PARTNER):
        season = {"starts_on": str(in_days(0)), "ends_on": str(in_days(400))}
        await post(
            "/partners", {"slug": slug, "name": slug.title(), "places": _PLACES[slug], "language": "nl", **season}
        )
        accounts[slug] = await add_account(deployment.stack.broker, "hr", slug)
        await send_until_confirmed(accounts[slug], [Sending(f"first-{slug}", "enrolment.requested", _first(slug))])
    venue = Venue.PAARD
    evening = await post("/evenings", evening_on(in_days(40), venue=venue, capacity=500) | {"allotments": {}})
    tickets = {slug: await _ticket(deployment, _first(slug)["email"]) for slug in accounts}
    secrets = {slug: ticket["link"].rpartition("/")[2] for slug, ticket in tickets.items()}
    token = tokens.add(deployment.stack.home.secrets, "attacker", [f"partner:{ATTACKER}"], now=datetime.now(UTC))
    target = Target(
        hr=accounts[ATTACKER],
        box_office=_box_office(deployment, venue),
        evening_id=str(evening["evening_id"]),
        ticket_id=tickets[ATTACKER]["ticket_id"],
        partner_token=token,
        secret=secrets[ATTACKER],
        urls={name: replica.url for name, replica in deployment.replicas.items()},
    )
    pages = [f"{replica.url}/my/{secrets[PARTNER]}" for replica in deployment.of("ticketing")]
    return target, Neighbour(accounts[PARTNER], pages, client)


def _first(slug: str) -> dict[str, str]:
    return {
        "employee_ref": "first",
        "given_name": "Fenna",
        "family_name": slug.title(),
        "email": f"first@{slug}.example",
    }


async def _ticket(deployment: Deployment, email: str) -> Mapping[str, str]:
    [row] = await until(lambda: deployment.rows(_TICKET, email), bool, "a ticket's link", timeout=40)
    return dict(row)


def _box_office(deployment: Deployment, venue: str) -> Credentials:
    name = f"box-office.{venue}"
    account, broker = deployment.stack.accounts[name], deployment.stack.broker
    return Credentials(
        name, account["password"], broker.host, broker.port, account["vhost"], name, "admission", f"{name}.tickets"
    )
