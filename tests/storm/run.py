"""One storm from beginning to end: load, breaks, quiet, checks."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from tests.storm.deployment import deployed
from tests.storm.faults import Faults
from tests.storm.final_checks import check_everything
from tests.storm.injection import Breaking, targets
from tests.storm.kinds import KINDS
from tests.storm.load import PARTNERS, Load
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
        targets=targets(list(PARTNERS)),
        alone=options.alone,
        kinds=[KINDS[name] for name in options.kinds],
    )
    async with AsyncExitStack() as exits:
        async with _timed(outcome, "starting"):
            deployment = await exits.enter_async_context(deployed(options.sabotage))
            client = await exits.enter_async_context(httpx.AsyncClient(trust_env=False))
            load = await Load.prepared(deployment, client, options.seed, people=options.people, pace=options.pace)
            for reader in load.readers:
                await exits.enter_async_context(reader)
        faults = Faults(deployment, {each.staff.partner: each.reader for each in load.systems})
        async with _background(watch_sales(deployment, outcome.findings)), _timed(outcome, "breaking"):
            loading = asyncio.create_task(load.run(outcome.findings))
            exits.callback(loading.cancel)
            await Breaking(deployment, faults, outcome).all(planned)
            await asyncio.sleep(options.calm)
            load.stop.set()
            await loading
        async with _timed(outcome, "checking"):
            await check_everything(deployment, client, load, outcome)
        if options.logs is not None:
            deployment.keep_logs(options.logs)
    return outcome


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
