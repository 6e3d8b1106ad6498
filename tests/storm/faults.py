"""The breaks, each a context manager that makes and undoes it, by the names of `kinds`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final

import asyncpg

from culture_connect.messaging.topology import EDGE, receipts_queue
from culture_connect_cli.broker.management import BrokerError
from tests.storm.deployment import Deployment
from tests.storm.external_clients import QueueReader
from tests.storm.schedule import Break
from tests.support.fault_proxy import BOTH, Direction, FaultProxy

_INSISTING: Final = 60.0  # seconds for a change to be made on a server that is in trouble
_IN_TROUBLE: Final = (BrokerError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_HALF: Final = 6_000  # bytes at most that pass before a half-broken wire ends
_ROOM: Final = 1_000_000  # messages that a receipts queue takes when it is mended
_READING: Final = 3.0  # seconds for what is in it to be read
_TERMINATE: Final = "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1"


class Faults:
    """Breaks the deployment as planned, each kind by the method of its name; `readers` are those of the partners'
    receipts.
    """

    def __init__(self, deployment: Deployment, readers: Mapping[str, QueueReader]) -> None:
        self._deployment = deployment
        self._readers = readers

    def done(self, planned: Break) -> AbstractAsyncContextManager[None]:
        """The break holds while the block runs."""
        method: Callable[[Break], AbstractAsyncContextManager[None]] = getattr(self, planned.kind.replace("-", "_"))
        return method(planned)

    @asynccontextmanager
    async def kill_replica(self, planned: Break) -> AsyncIterator[None]:
        replica = self._deployment.replicas[planned.target]
        replica.kill()
        try:
            yield
        finally:
            replica.start()

    @asynccontextmanager
    async def pause_replica(self, planned: Break) -> AsyncIterator[None]:
        replica = self._deployment.replicas[planned.target]
        replica.pause()
        try:
            yield
        finally:
            replica.resume()

    @asynccontextmanager
    async def silent_wire(self, planned: Break) -> AsyncIterator[None]:
        """Both ways, or one of them."""
        directions: tuple[tuple[Direction, ...], ...] = (("upstream", "downstream"), ("upstream",), ("downstream",))
        wire = self._wire(planned)
        await wire.silence(directions[int(planned.choice * 3)])
        try:
            yield
        finally:
            # Half of the silences end like a failover: what was held never arrives.
            if planned.choice * 6 % 2 < 1:
                await wire.reset()
            await wire.mend()

    @asynccontextmanager
    async def cut_wire(self, planned: Break) -> AsyncIterator[None]:
        wire = self._wire(planned)
        await wire.cut()
        try:
            yield
        finally:
            await wire.mend()

    @asynccontextmanager
    async def half_wire(self, planned: Break) -> AsyncIterator[None]:
        """So many bytes pass, and then the connection ends or is silent, in the middle of whatever it was."""
        wire = self._wire(planned)
        after = "cut" if planned.choice < 0.5 else "silent"
        await wire.limit_data(1 + int(planned.choice * 2 % 1 * _HALF), after="cut" if after == "cut" else "silent")
        try:
            yield
        finally:
            await wire.mend()

    @asynccontextmanager
    async def slow_wire(self, planned: Break) -> AsyncIterator[None]:
        """Late by up to a second, or 20 kB a second."""
        wire = self._wire(planned)
        if planned.choice < 0.5:
            await wire.delay(planned.choice, jitter=planned.choice)
        else:
            await wire.throttle(20_000, directions=BOTH)
        try:
            yield
        finally:
            await wire.mend()

    @asynccontextmanager
    async def read_only_database(self, _: Break) -> AsyncIterator[None]:
        await self._configure("alter system set default_transaction_read_only = on")
        try:
            yield
        finally:
            await self._configure("alter system reset default_transaction_read_only")

    @asynccontextmanager
    async def end_database_sessions(self, planned: Break) -> AsyncIterator[None]:
        await self._deployment.rows(_TERMINATE, planned.target)
        yield

    @asynccontextmanager
    async def full_receipts(self, planned: Break) -> AsyncIterator[None]:
        """The partner does not read, and its queue takes one message."""
        queue, policy = receipts_queue(planned.target), f"storm-{planned.target}"

        async def limit(length: int) -> None:
            body = {
                "pattern": f"^{queue.replace('.', '[.]')}$",
                "definition": {"max-length": length, "overflow": "reject-publish"},
                "priority": 100,
                "apply-to": "queues",
            }
            async with self._deployment.stack.broker.management() as management:
                await management.put("policies", EDGE, policy, body=body)

        async def free() -> None:
            async with self._deployment.stack.broker.management() as management:
                await management.delete("policies", EDGE, policy)

        reader = self._readers[planned.target]
        await reader.pause()
        await insist(partial(limit, 1))
        try:
            yield
        finally:
            # A quorum queue that has no limit any more never tells a channel that it was refusing to go on: it does so
            # when it falls below one (seen on 3.10.8).
            await insist(partial(limit, _ROOM))
            await reader.resume()
            await asyncio.sleep(_READING)
            await insist(free)

    @asynccontextmanager
    async def silent_mail(self, planned: Break) -> AsyncIterator[None]:
        await self._deployment.mail_wire.silence()
        try:
            yield
        finally:
            if planned.choice < 0.5:
                await self._deployment.mail_wire.reset()
            await self._deployment.mail_wire.mend()

    @asynccontextmanager
    async def refused_mail(self, _: Break) -> AsyncIterator[None]:
        await self._deployment.mail_wire.cut()
        try:
            yield
        finally:
            await self._deployment.mail_wire.mend()

    silent_broker_wire = silent_database_wire = silent_wire
    cut_broker_wire = cut_database_wire = cut_wire
    half_broker_wire = half_database_wire = half_wire
    slow_broker_wire = slow_database_wire = slow_wire

    def _wire(self, planned: Break) -> FaultProxy:
        return {**self._deployment.broker_wires, **self._deployment.database_wires}[planned.target]

    async def _configure(self, statement: str) -> None:
        async def change() -> None:
            async with self._deployment.session() as session:
                await session.execute(statement, timeout=10)
                await session.execute("select pg_reload_conf()", timeout=10)

        await insist(change)


async def insist(change: Callable[[], Awaitable[None]]) -> None:
    """Until it is done: the server may be broken otherwise at the same time. Raises TimeoutError."""
    async with asyncio.timeout(_INSISTING):
        while True:
            with contextlib.suppress(*_IN_TROUBLE):
                await change()
                return
            await asyncio.sleep(0.5)
