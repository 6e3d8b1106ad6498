"""Breaks come when they were planned, each on what no other has meanwhile."""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Final

from culture_connect.messaging.topology import NOTIFICATIONS, REGISTRATION, SERVICES, events_queue
from tests.storm.deployment import Deployment
from tests.storm.detection import IN_TIME, first_named, said
from tests.storm.faults import Faults
from tests.storm.findings import NAMED, RUN
from tests.storm.kinds import BROKER, DATABASE, EVERY_KIND, MAIL
from tests.storm.outcome import StormOutcome
from tests.storm.replica import Replica
from tests.storm.schedule import Break, Broken

_LATEST: Final = 120.0  # seconds that a break may need to be done and undone, beside its own


def targets(
    partners: Sequence[str],
    *,
    brokers: Sequence[str] = (BROKER,),
    databases: Sequence[str] = (DATABASE,),
) -> dict[str, Sequence[str]]:
    """The names of what can be broken, by what a kind is a break of; the nodes of a cluster have names of their own."""
    replicas = [f"{service}-{number}" for service in SERVICES for number in (1, 2)]
    return {
        "replica": replicas,
        "broker-wire": [f"{name}/{node}" for name in replicas for node in brokers],
        "database-wire": [f"{name}/{node}" for name in replicas for node in databases],
        "partner": partners,
        "service": SERVICES,
        "node": brokers,
        "queue": [events_queue(service) for service in SERVICES],
    }


class Breaking:
    """Does the breaks of a plan to the deployment, and writes down in the outcome what was done and who named it."""

    def __init__(self, deployment: Deployment, faults: Faults, outcome: StormOutcome) -> None:
        self._deployment = deployment
        self._faults = faults
        self._outcome = outcome
        self._free: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def all(self, planned: Sequence[Break]) -> None:
        """Returns when the last is mended."""
        started = time.monotonic()
        delay = 0.0  # what breaks that had to wait have cost those after them
        together: list[asyncio.Task[None]] = []
        for each in planned:
            if each.alone:
                await asyncio.gather(*together)
                together.clear()
                delay = max(delay, time.monotonic() - started - each.at)
            await asyncio.sleep(max(0.0, each.at + delay - (time.monotonic() - started)))
            task = asyncio.create_task(self._do(each))
            together.append(task)
            if each.alone:
                await task
        await asyncio.gather(*together)

    async def _do(self, planned: Break) -> None:
        kind = EVERY_KIND[planned.kind]
        try:
            async with AsyncExitStack() as held:
                for each in kind.touches(planned.target):
                    await held.enter_async_context(self._free[each])
                async with asyncio.timeout(planned.seconds + _LATEST):
                    await (self._do_alone(planned) if planned.alone else self._break(planned))
        except Exception as error:
            self._outcome.findings.add(
                RUN, f"break {planned.number} ({planned.kind} of {planned.target}): {type(error).__name__} {error}"
            )

    async def _break(self, planned: Break) -> None:
        _say(f"{planned.number:3} {planned.kind} of {planned.target} for {planned.seconds:g} s")
        begin = datetime.now(UTC)
        async with self._faults.done(planned):
            await asyncio.sleep(planned.seconds)
        self._outcome.breaks.append(Broken(planned, begin, datetime.now(UTC)))

    async def _do_alone(self, planned: Break) -> None:
        """Breaks what is well, and looks who says so."""
        await self._deployment.all_ready()
        affected = self._affected(planned)
        before = await said(self._deployment, affected)
        breaking = asyncio.create_task(self._break(planned))
        named = await first_named(self._deployment, affected, before)
        self._outcome.named[planned.kind] = named
        if not any(each.after <= IN_TIME for each in named):
            self._outcome.findings.add(
                NAMED, f"{planned.kind} of {planned.target} was named by nobody within {IN_TIME:g} s"
            )
        await breaking

    def _affected(self, planned: Break) -> list[Replica]:
        """Those whose readiness and figures are looked at."""
        kind, name = EVERY_KIND[planned.kind], planned.target.partition("/")[0]
        if name in self._deployment.replicas:
            return [self._deployment.replicas[name]]
        if kind.resource == MAIL:
            return list(self._deployment.of(NOTIFICATIONS))
        if kind.of == "partner":
            return list(self._deployment.of(REGISTRATION))
        return list(self._deployment.replicas.values())


def _say(words: str) -> None:
    print(f"{datetime.now():%H:%M:%S} {words}", file=sys.stderr, flush=True)  # noqa: T201, DTZ005 - for who watches
