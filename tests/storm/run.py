"""One storm from beginning to end: load, breaks, quiet, checks."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx

from tests.containers.cluster.compose import BROKERS, DATABASES
from tests.containers.cluster.deployment import deployed_on_cluster
from tests.containers.cluster.faults import ClusterFaults
from tests.storm.deployment import Deployment
from tests.storm.external_clients import QueueReader
from tests.storm.faults import Faults
from tests.storm.final_checks import check_everything
from tests.storm.flow import FlowProbe
from tests.storm.injection import Breaking, targets
from tests.storm.kinds import EVERY_KIND
from tests.storm.load import PARTNERS, Load
from tests.storm.local_deployment import deployed
from tests.storm.local_faults import LocalFaults
from tests.storm.outcome import Options, StormOutcome
from tests.storm.schedule import plan
from tests.storm.seats_check import watch_sales
from tests.support.tasks import end


async def storm(options: Options) -> StormOutcome:
    """Runs it; what is wrong is in the findings."""
    outcome = StormOutcome(options)
    planned = plan(
        options.seed,
        breaks=options.breaks,
        gap=options.gap,
        longest=options.longest,
        targets=_targets(options),
        alone=options.alone,
        kinds=[EVERY_KIND[name] for name in options.kinds],
    )
    async with AsyncExitStack() as exits:
        async with _timed(outcome, "starting"):
            deployment, faulty = await _deployed(exits, options)
            client = await exits.enter_async_context(httpx.AsyncClient(trust_env=False))
            load = await Load.prepared(deployment, client, options.seed, people=options.people, pace=options.pace)
            flow = await FlowProbe.prepared(deployment, load.desk)
            for reader in (*load.readers, flow.reader):
                await exits.enter_async_context(reader)
        faults = faulty({each.staff.partner: each.reader for each in load.systems})
        async with _background(watch_sales(deployment, outcome.findings)), _timed(outcome, "breaking"):
            loading = asyncio.create_task(load.run(outcome.findings))
            exits.callback(loading.cancel)
            flowing = asyncio.create_task(flow.run(load.stop))
            exits.callback(flowing.cancel)
            await Breaking(deployment, faults, outcome).all(planned)
            await asyncio.sleep(options.calm)
            load.stop.set()
            await asyncio.gather(loading, flowing)
        async with _timed(outcome, "checking"):
            await check_everything(deployment, client, load, outcome)
            flow.check(outcome.findings)
            outcome.interruptions = flow.interruptions(outcome.breaks)
        if options.logs is not None:
            deployment.keep_logs(options.logs)
    return outcome


def _targets(options: Options) -> dict[str, Sequence[str]]:
    nodes = {"brokers": BROKERS, "databases": DATABASES} if options.cluster else {}
    return targets(list(PARTNERS), **nodes)


async def _deployed(
    exits: AsyncExitStack, options: Options
) -> tuple[Deployment, Callable[[Mapping[str, QueueReader]], Faults]]:
    """The system, and the maker of its faults."""
    if options.cluster:
        cluster = await exits.enter_async_context(deployed_on_cluster(options.sabotage))
        return cluster, partial(ClusterFaults, cluster)
    local = await exits.enter_async_context(deployed(options.sabotage))
    return local, partial(LocalFaults, local)


@asynccontextmanager
async def _timed(outcome: StormOutcome, part: str) -> AsyncIterator[None]:
    started = time.monotonic()
    yield
    outcome.seconds[part] = round(time.monotonic() - started, 1)


@asynccontextmanager
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end(task)
        if not task.cancelled():
            task.result()  # it ended by an error before
