"""`culture-connect doctor` as people run it, on the whole system."""

import asyncio
from collections.abc import Sequence

import pytest

from culture_connect.messaging.topology import SERVICES, dead_queue
from tests.support.command import TIMEOUT, culture_connect
from tests.support.probes import until
from tests.support.system import System

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_a_system_that_works_is_well(system: System) -> None:
    status, lines = await until(lambda: doctor(system), lambda told: told[0] == 0, "all to be well", timeout=60)
    assert lines[-1] == "All is well."
    assert len([line for line in lines if line.startswith("ok ")]) == 26
    assert "ok    clients accept the broker's certificate" in lines
    assert status == 0


async def test_a_service_that_is_stopped_is_named_and_nothing_else(system: System) -> None:
    async with system.without("ticketing"):
        status, lines = await until(
            lambda: doctor(system), lambda told: not beside_ticketing(told[1]), "nothing else to be wrong", timeout=60
        )
    assert status == 1
    assert f"wrong ticketing does not answer at {system.stack.urls['ticketing']} (ConnectError)" in lines
    assert "ok    registration is ready" in lines
    assert "ok    the topology is as the code says" in lines


def beside_ticketing(lines: Sequence[str]) -> list[str]:
    """Returns the findings that have nothing to do with the service that was stopped."""
    return [line for line in lines if line.startswith("wrong ") and "ticketing" not in line]


async def doctor(system: System) -> tuple[int, list[str]]:
    """Its status and the lines that it printed, once the dead letters of other tests are thrown away.

    Some of these come back later: another test held them when it killed the broker.
    """
    await without_dead_letters(system)
    command = culture_connect("doctor", home=system.stack.home.folder)
    printed, _ = await asyncio.to_thread(command.communicate, timeout=TIMEOUT)
    return command.returncode, printed.splitlines()


async def without_dead_letters(system: System) -> None:
    """Throws away those that other tests have caused."""
    vhosts = system.stack.broker.vhosts
    async with system.stack.broker.management() as management:
        for row in [*await management.get("queues", vhosts.core), *await management.get("queues", vhosts.edge)]:
            if row["name"] in map(dead_queue, SERVICES):
                await management.delete("queues", row["vhost"], row["name"], "contents")
