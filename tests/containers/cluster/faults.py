"""Faults of a cluster: of one node of the broker at a time, and of one server of the database."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from tests.containers.cluster.compose import BROKERS, DATABASES
from tests.containers.cluster.deployment import ClusterDeployment
from tests.storm.external_clients import QueueReader
from tests.storm.faults import Faults, insist
from tests.storm.schedule import Break
from tests.support.probes import until

_STOP: Final = "20"  # seconds for a proper end
_FOLLOWS: Final = 60.0  # seconds for a server to follow the primary


class ClusterFaults(Faults):
    """See `Faults`. A break of a node is mended when every queue has all its members again."""

    def __init__(self, deployment: ClusterDeployment, readers: Mapping[str, QueueReader]) -> None:
        super().__init__(deployment, readers)
        self._whole = deployment.whole
        self._leader = deployment.leader
        self._cluster = deployment.cluster

    @asynccontextmanager
    async def kill_queue_leader(self, planned: Break) -> AsyncIterator[None]:
        """SIGKILL to the node that leads the queue."""
        leaders: list[str] = []

        async def find() -> None:
            leaders.append(await self._leader(planned.target))

        await insist(find)
        await self._cluster.docker("kill", leaders[-1])
        try:
            yield
        finally:
            await self._start(leaders[-1])

    @asynccontextmanager
    async def stop_node(self, planned: Break) -> AsyncIterator[None]:
        await self._cluster.docker("stop", planned.target, "--time", _STOP)
        try:
            yield
        finally:
            await self._start(planned.target)

    @asynccontextmanager
    async def pause_node(self, planned: Break) -> AsyncIterator[None]:
        """Connections stay and nothing answers."""
        await self._cluster.docker("pause", planned.target)
        try:
            yield
        finally:
            await self._cluster.docker("unpause", planned.target)
            await self._whole()

    @asynccontextmanager
    async def cut_off_node(self, planned: Break) -> AsyncIterator[None]:
        """The other two do not reach it, clients do: it has to stop by itself."""
        await self._cluster.cut_off(planned.target)
        try:
            yield
        finally:
            await self._cluster.join(planned.target)
            await self._whole()

    @asynccontextmanager
    async def rolling_restart(self, _: Break) -> AsyncIterator[None]:
        """One node after the other, each when the one before is a member of every queue again."""
        for node in BROKERS:
            await self._cluster.docker("stop", node, "--time", _STOP)
            await self._start(node)
        yield

    @asynccontextmanager
    async def fail_over_database(self, planned: Break) -> AsyncIterator[None]:
        """The primary is killed, or ends properly by the script; a standby is promoted; the old one comes back."""
        old = await self._cluster.primary()
        if planned.choice < 0.5:
            await self._cluster.docker("kill", old)
        new = await self._cluster.promote()
        assert new != old, f"{old} was to be replaced"
        try:
            yield
        finally:
            await self._cluster.docker("start", old)
            await self._followed_by(old)

    @asynccontextmanager
    async def stop_standby(self, planned: Break) -> AsyncIterator[None]:
        """The other standby answers commits meanwhile."""
        primary = await self._cluster.primary()
        standby = [name for name in DATABASES if name != primary][int(planned.choice * 2)]
        await self._cluster.docker("stop", standby, "--time", _STOP)
        try:
            yield
        finally:
            await self._cluster.docker("start", standby)
            await self._followed_by(standby)

    async def _start(self, node: str) -> None:
        await self._cluster.docker("start", node)
        await self._whole()

    async def _followed_by(self, name: str) -> None:
        async def followers() -> set[str]:
            return await self._cluster.followers(await self._cluster.primary())

        await until(followers, lambda found: name in found, f"{name} to follow the primary", timeout=_FOLLOWS)
