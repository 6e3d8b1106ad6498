"""The system that the storm goes over: servers of its own, two replicas of each service, and proxies on every wire."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from culture_connect.messaging.topology import NOTIFICATIONS, SERVICES
from culture_connect_cli.stack.local import LocalStack
from culture_connect_cli.stack.ports import choose_ports
from culture_connect_cli.stack.postgres.server import Postgres
from culture_connect_cli.stack.programs import SMTP
from culture_connect_cli.stack.programs import services as service_programs
from culture_connect_cli.stack.rabbitmq.process import RabbitMQ
from culture_connect_cli.stack.scratch import scratch_folder
from tests.storm.replica import Replica
from tests.storm.sabotage import prepare
from tests.support.fault_proxy import FaultProxy
from tests.support.probes import until

CLONE: Final = Path(__file__).parent.parent.parent
REPLICAS: Final = 2  # of each service
_TIMEOUT: Final = 150.0  # seconds for a look behind the scenes while the database is broken
_READY: Final = 90.0  # seconds for all replicas to be ready


@dataclass(frozen=True)
class Deployment:
    """All parts by name: replicas (`ticketing-2`), and the wires of each to the broker and the database."""

    stack: LocalStack
    replicas: Mapping[str, Replica]
    broker_wires: Mapping[str, FaultProxy]
    database_wires: Mapping[str, FaultProxy]
    mail_wire: FaultProxy

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

    def of(self, service: str) -> Sequence[Replica]:
        """The replicas of a service."""
        return [replica for replica in self.replicas.values() if replica.service == service]

    async def rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Looks behind the scenes, by no wire that is broken; waits for a server that is down or stands still."""
        async with asyncio.timeout(_TIMEOUT):
            while True:
                with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                    async with self.session() as session:
                        return list(await session.fetch(statement, *values, timeout=60))
                await asyncio.sleep(0.5)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the superuser's, who may write also where nobody else may."""
        connection = await asyncpg.connect(
            self.stack.database_url, timeout=10, server_settings={"default_transaction_read_only": "off"}
        )
        try:
            yield connection
        finally:
            connection.terminate()

    def keep_logs(self, folder: Path) -> None:
        """Copies the logs of every part into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for log in self.stack.home.logs.glob("*.log"):
            shutil.copy(log, folder)
        for name, replica in self.replicas.items():
            shutil.copy(replica.log, folder / f"{name}.log")

    async def all_ready(self) -> None:
        """Waits until every replica is ready; raises AssertionError with what keeps them."""

        async def problems() -> dict[str, str]:
            told = await asyncio.gather(*(replica.problem() for replica in self.replicas.values()))
            return {name: problem for name, problem in zip(self.replicas, told, strict=True) if problem}

        await until(problems, lambda found: not found, "every replica to be ready", timeout=_READY)


@asynccontextmanager
async def deployed(sabotage: str | None = None) -> AsyncIterator[Deployment]:
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
        deployment = await _prepare(exits, stack, sabotage)
        if sabotage is not None:
            async with deployment.session() as session:
                await prepare(sabotage, session)
        for replica in deployment.replicas.values():
            exits.callback(replica.kill)
            replica.start()
        keeping = asyncio.create_task(_keep_running(deployment.replicas.values()))
        exits.callback(keeping.cancel)
        await deployment.all_ready()
        yield deployment


async def _prepare(exits: AsyncExitStack, stack: LocalStack, sabotage: str | None) -> Deployment:
    async def proxy(port: int) -> FaultProxy:
        return await exits.enter_async_context(FaultProxy(port))

    ports = {name: int(port) for name, port in json.loads((stack.home.folder / "ports.json").read_text()).items()}
    programs = {program.name: program for program in service_programs(stack.home, ports)}
    names = [f"{service}-{number}" for service in SERVICES for number in range(1, REPLICAS + 1)]
    mail_wire = await proxy(ports[SMTP])
    broker_wires = {name: await proxy(ports["rabbitmq-amqp"]) for name in names}
    database_wires = {name: await proxy(ports["postgres"]) for name in names}
    # Last: the wires have their ports now, and take none of these, which are bound later.
    own_ports = choose_ports(names)
    replicas = {}
    for name in names:
        service = name.rpartition("-")[0]
        told = {
            "DATABASE_URL": database_wires[name].through(_secret(stack, service, "database_url")),
            "CORE_URL": broker_wires[name].through(_secret(stack, service, "core_url")),
            "HTTP_PORT": str(own_ports[name]),
        }
        if service == NOTIFICATIONS:
            told |= {"SMTP_PORT": str(mail_wire.port)}
        else:
            told |= {"EDGE_URL": broker_wires[name].through(_secret(stack, service, "edge_url"))}
        own = {f"CULTURE_CONNECT_{key}": text for key, text in told.items()}
        folder, environment = stack.home.folder / "run" / name, {**programs[service].environment, **own}
        replicas[name] = Replica(name, service, own_ports[name], folder, environment, sabotage)
    return Deployment(stack, replicas, broker_wires, database_wires, mail_wire)


def _secret(stack: LocalStack, service: str, field: str) -> str:
    return (stack.home.secrets / service / f"culture_connect_{field}").read_text().strip()


async def _keep_running(replicas: Iterable[Replica]) -> None:
    """Starts again what ended by itself, as Kubernetes would."""
    while True:
        await asyncio.sleep(0.5)
        for replica in replicas:
            replica.keep_running()
