"""An installation that has nothing to do: what its processes hold, and what each further partner adds."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

import httpx
import psutil

from culture_connect.messaging.topology import enrolments_queue
from tests.benchmarks.queues import Watch
from tests.benchmarks.results import Line, Results, Sample, Size
from tests.benchmarks.service_environment import Surroundings

QUIET = 10.0  # seconds over which the processor time of an idle installation is measured
SETTLE = 10.0  # seconds after a change, in which the broker writes its logs


async def idle(where: Surroundings, partners: int) -> Results:
    """Starts all three services with no partner and then with so many; raises RuntimeError on others' servers.

    Memory is the proportional set size: pages that processes share count once.
    """
    if len(where.server_processes) < 2:
        raise RuntimeError("the memory of servers is measured on embedded ones: let the environment name none")
    async with AsyncExitStack() as stack:
        pids = dict(where.server_processes)
        for name in ("registration", "ticketing", "notifications"):
            served = await stack.enter_async_context(where.service(name))
            pids[name] = served.pid
            if name == "registration":
                base = served.base
        await asyncio.sleep(SETTLE)
        alone, alone_cpu = _memory(pids), await _cpu(where)
        slugs = [f"idle-{number}" for number in range(partners)]
        await where.add_partners(slugs)
        await asyncio.sleep(SETTLE)
        with_queues = _memory(pids)
        await _register(where, base, slugs)
        await asyncio.sleep(SETTLE)
        consumed, consumed_cpu = _memory(pids), await _cpu(where)
    added = {name: max(0.0, seconds - alone_cpu.get(name, 0.0)) / partners for name, seconds in consumed_cpu.items()}
    return Results(
        lines=[
            # Not rates: for each second, the processor time it takes.
            Line("idle, an installation", "seconds", [Sample(1, 1.0, alone_cpu)]),
            Line("idle, a partner", "seconds", [Sample(1, 1.0, added)]),
        ],
        sizes=[
            *(Size(f"idle {name}", value) for name, value in alone.items()),
            Size("RabbitMQ, queues of a partner", _each(with_queues, alone, "RabbitMQ", partners)),
            Size("RabbitMQ, connection of a partner", _each(consumed, with_queues, "RabbitMQ", partners)),
            Size("registration, a partner", _each(consumed, with_queues, "registration", partners)),
        ],
    )


def _each(after: Mapping[str, int], before: Mapping[str, int], name: str, partners: int) -> int:
    return max(0, after[name] - before[name]) // partners


def _memory(pids: Mapping[str, int]) -> dict[str, int]:
    found = {}
    for name, pid in pids.items():
        process = psutil.Process(pid)
        found[name] = sum(each.memory_full_info().pss for each in (process, *process.children(recursive=True)))
    return found


async def _cpu(where: Surroundings) -> dict[str, float]:
    before = where.clock.read()
    await asyncio.sleep(QUIET)
    return {name: seconds / QUIET for name, seconds in where.clock.since(before).items()}


async def _register(where: Surroundings, base: str, slugs: list[str]) -> None:
    headers = {"Authorization": f"Bearer {where.token}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False, timeout=60) as client:
        for slug in slugs:
            new = {"slug": slug, "name": f"Werkgever {slug}", "places": 50, "language": "nl"}
            (await client.post("/partners", json=new)).raise_for_status()
    async with where.channel(where.edge()) as channel:
        for slug in slugs:
            await Watch(channel).until_consumed(enrolments_queue(slug))
