"""A URL with several nodes of a broker: connections are spread, and go to the next node when one fails."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from yarl import URL

from culture_connect.messaging import core_event
from culture_connect.messaging.connection import close_connection, connect, connected
from culture_connect.messaging.outbox.publish_failures import PublishFailed
from culture_connect.messaging.outbox.publisher import Publisher
from tests.messaging.kit import BusUrls, Kit, erasure
from tests.support.bus import Bus
from tests.support.fault_proxy import FaultProxy, through_any
from tests.support.probes import eventually

PARTICIPANTS = [uuid4() for _ in range(50)]


@pytest.fixture
async def nodes(bus: Bus) -> AsyncIterator[Sequence[FaultProxy]]:
    """Three ways to the broker, each of which stands for a node."""
    async with AsyncExitStack() as exits:
        yield [await exits.enter_async_context(FaultProxy(bus.server.port)) for _ in range(3)]


def used(nodes: Sequence[FaultProxy]) -> list[int]:
    return [len(node.links) for node in nodes]


async def test_connections_are_spread_over_the_nodes(bus: Bus, nodes: Sequence[FaultProxy]) -> None:
    url = through_any(bus.administrator_url("edge"), nodes)
    async with AsyncExitStack() as exits:
        for _ in range(6):
            await exits.enter_async_context(connected(url, name="tests"))
        assert used(nodes) == [2, 2, 2]


@pytest.mark.parametrize("fault", ["refuses", "is silent"])
async def test_a_connection_goes_to_the_next_node_when_one(bus: Bus, nodes: Sequence[FaultProxy], fault: str) -> None:
    url = through_any(bus.administrator_url("edge"), nodes)
    for node in nodes[:2]:
        await (node.cut() if fault == "refuses" else node.silence())
    began = time.monotonic()
    for _ in range(3):
        async with connected(url, name="tests"):
            assert used(nodes)[2] == 1
    # Each of the silent ones cost three seconds once.
    assert time.monotonic() - began < 9


async def test_the_next_connections_avoid_a_node_that_fell_silent(bus: Bus, nodes: Sequence[FaultProxy]) -> None:
    url = through_any(bus.administrator_url("edge"), nodes)
    connection = await connect(url, name="tests", heartbeat=1)
    silent = nodes[used(nodes).index(1)]
    await silent.silence()
    async with asyncio.timeout(10):
        await connection.lost.wait()
    await close_connection(connection)
    began = time.monotonic()
    for _ in range(3):
        async with connected(url, name="tests"):
            pass
    assert time.monotonic() - began < 2


async def test_an_error_is_raised_when_no_node_takes_the_connection(bus: Bus, nodes: Sequence[FaultProxy]) -> None:
    for node in nodes:
        await node.cut()
    with pytest.raises(ConnectionError):
        await connect(through_any(bus.administrator_url("edge"), nodes), name="tests")
    for node in nodes:
        await node.mend()
    wrong = str(URL(bus.administrator_url("edge")).with_password("wrong"))
    with pytest.raises(Exception, match="ACCESS_REFUSED"):
        await connect(through_any(wrong, nodes), name="tests")


async def test_a_publisher_goes_to_the_next_node(bus: Bus, nodes: Sequence[FaultProxy]) -> None:
    url = through_any(bus.url("ticketing", "core"), nodes)
    await nodes[0].cut()
    await nodes[1].cut()
    async with Publisher(url, name="tests") as publisher:
        assert publisher.connected
    await nodes[2].cut()
    with pytest.raises(PublishFailed):
        async with Publisher(url, name="tests"):
            pass


async def test_a_replica_goes_on_with_the_nodes_that_are_left(kit: Kit, bus: Bus, nodes: Sequence[FaultProxy]) -> None:
    kit.answer = core_event(erasure(uuid4()), "ticketing")
    urls = BusUrls(through_any(bus.url("ticketing", "core"), nodes), None)
    replica = kit.replica(urls=urls)
    async with replica.running():
        await eventually(replica.problems, [], "problems of the replica")
        for node in nodes[:2]:
            await node.cut()
        for participant in PARTICIPANTS:
            await kit.publish(erasure(participant), id=str(participant))
        await kit.until_handled("ticketing.events")
        await kit.take("registration.events", len(PARTICIPANTS))
        await eventually(replica.problems, [], "problems of the replica")
    assert sorted(await kit.effects()) == sorted(PARTICIPANTS)
