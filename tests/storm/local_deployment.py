"""The system on this machine: one broker and one database, which are processes that can be paused and killed."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from culture_connect_cli.stack.local import LocalStack
from culture_connect_cli.stack.postgres.server import Postgres
from culture_connect_cli.stack.rabbitmq.process import RabbitMQ
from culture_connect_cli.stack.scratch import scratch_folder
from tests.storm.deployment import CLONE, Deployment, Nodes, connect, running
from tests.storm.kinds import BROKER, DATABASE


class LocalDeployment(Deployment):
    """One server of each kind."""

    @property
    def broker(self) -> RabbitMQ:
        """The node, which is a process of this machine."""
        assert isinstance(self.stack.rabbitmq, RabbitMQ), "the storm pauses the broker's process: install its package"
        return self.stack.rabbitmq

    @property
    def database(self) -> Postgres:
        """The server, which is a process of this machine."""
        assert isinstance(self.stack.postgres, Postgres)
        return self.stack.postgres

    async def is_durable(self, queue: str) -> bool:
        """RabbitMQ 3.10 forgets a queue made some three seconds before a crash; see the guide on running it."""
        registers = (self.broker.folder / "data").glob("**/quorum/*/names.dets")
        return any(queue.encode() in register.read_bytes() for register in registers)

    def keep_server_logs(self, folder: Path) -> None:
        """The stack has copied them already."""


@asynccontextmanager
async def deployed(sabotage: str | None = None) -> AsyncIterator[LocalDeployment]:
    """Everything runs while the block does; `sabotage` is the promise that the services break, see that module."""
    async with AsyncExitStack() as exits:
        scratch = exits.enter_context(scratch_folder(CLONE / "tests" / "storm"))
        stack = LocalStack(
            scratch / "stack",
            supervised=False,
            durable=False,
            serving=False,
            postgres_folder=scratch / "postgres",
            environment={},
        )
        await exits.enter_async_context(stack)
        ports = json.loads((stack.home.folder / "ports.json").read_text())
        nodes = Nodes({BROKER: int(ports["rabbitmq-amqp"])}, {DATABASE: int(ports["postgres"])})
        deployment = LocalDeployment(stack, *await connect(exits, stack, nodes, sabotage), stack.database_url)
        yield await exits.enter_async_context(running(deployment, sabotage))
