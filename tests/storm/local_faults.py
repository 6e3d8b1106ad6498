"""Faults of one broker and one database, which are processes of this machine."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tests.storm.external_clients import QueueReader
from tests.storm.faults import Faults
from tests.storm.local_deployment import LocalDeployment
from tests.storm.schedule import Break
from tests.support import process_signals


class LocalFaults(Faults):
    """See `Faults`."""

    def __init__(self, deployment: LocalDeployment, readers: Mapping[str, QueueReader]) -> None:
        super().__init__(deployment, readers)
        self._local = deployment

    def pause_broker(self, _: Break) -> AbstractAsyncContextManager[None]:
        return _paused(self._local.broker.processes[0].pid)

    def restart_broker(self, _: Break) -> AbstractAsyncContextManager[None]:
        return self._ended("rabbitmq", self._local.stack.stop)

    def kill_broker(self, _: Break) -> AbstractAsyncContextManager[None]:
        return self._ended("rabbitmq", self._local.stack.kill)

    def pause_database(self, _: Break) -> AbstractAsyncContextManager[None]:
        return _paused(self._local.database.process.pid)

    def kill_database(self, _: Break) -> AbstractAsyncContextManager[None]:
        return self._ended("postgres", self._local.stack.kill)

    @asynccontextmanager
    async def _ended(self, server: str, end: Callable[[str], Awaitable[None]]) -> AsyncIterator[None]:
        await end(server)
        try:
            yield
        finally:
            await self._local.stack.start(server)


@asynccontextmanager
async def _paused(pid: int) -> AsyncIterator[None]:
    process_signals.pause(pid)
    try:
        yield
    finally:
        process_signals.resume(pid)
