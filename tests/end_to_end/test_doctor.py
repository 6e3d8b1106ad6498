"""`culture-connect doctor` as people run it, on the whole system."""

import asyncio

import pytest

from culture_connect.messaging.topology import SERVICES, dead_queue
from tests.support.command import PATIENCE, culture_connect
from tests.support.probes import until
from tests.support.system import System

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_a_system_that_works_is_well(system: System) -> None:
    await without_dead_letters(system)
    status, printed = await until(lambda: doctor(system), lambda told: told[0] == 0, "all to be well", timeout=60)
    assert printed.endswith("All is well.\n")
    assert len([line for line in printed.splitlines() if line.startswith("ok ")]) == 24
    assert status == 0


async def test_a_service_that_is_stopped_is_named(system: System) -> None:
    async with system.without("ticketing"):
        status, printed = await doctor(system)
    lines = printed.splitlines()
    assert status == 1
    assert f"wrong ticketing does not answer at {system.stack.urls['ticketing']} (ConnectError)" in lines
    assert [line for line in lines if line.startswith("wrong ") and "ticketing" not in line] == []
    assert "ok    registration is ready" in lines
    assert "ok    the topology is as the code says" in lines


async def doctor(system: System) -> tuple[int, str]:
    """Its status and what it printed."""
    command = culture_connect("doctor", home=system.stack.home.folder)
    printed, _ = await asyncio.to_thread(command.communicate, timeout=PATIENCE)
    return command.returncode, printed


async def without_dead_letters(system: System) -> None:
    """Throws away those that other tests have caused."""
    vhosts = system.stack.broker.vhosts
    async with system.stack.broker.management() as management:
        for row in [*await management.get("queues", vhosts.core), *await management.get("queues", vhosts.edge)]:
            if row["name"] in map(dead_queue, SERVICES):
                await management.delete("queues", row["vhost"], row["name"], "contents")
