"""The system that the storm goes over: servers, two replicas of each service, and proxies on every wire."""

import asyncio
import contextlib
import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import asyncpg

from culture_connect.messaging.addresses import Addresses
from culture_connect.messaging.postgres import connect_to_any
from culture_connect.messaging.topology import NOTIFICATIONS, SERVICES
from culture_connect_cli.stack.local import LocalStack
from culture_connect_cli.stack.ports import choose_ports
from culture_connect_cli.stack.programs import SMTP
from culture_connect_cli.stack.programs import services as service_programs
from tests.storm.replica import Replica
from tests.storm.sabotage import prepare
from tests.support.fault_proxy import FaultProxy, through_any
from tests.support.probes import until

CLONE: Final = Path(__file__).parent.parent.parent
REPLICAS: Final = 2  # of each service
_TIMEOUT: Final = 150.0  # seconds for a look behind the scenes while the database is broken
_READY: Final = 90.0  # seconds for all replicas to be ready

Wires = Mapping[str, FaultProxy]
"""Proxies by the names of their ends, such as `ticketing-2/broker`."""


@dataclass(frozen=True)
class Nodes:
    """The ports of the broker's nodes and of the database's servers on this machine, by their names."""

    brokers: Mapping[str, int]
    databases: Mapping[str, int]


@dataclass(frozen=True)
class Deployment(ABC):
    """All parts by name: replicas (`ticketing-2`), and the wires of each to every broker and database.

    `database_url` is the superuser's, by no wire.
    """

    stack: LocalStack
    replicas: Mapping[str, Replica]
    broker_wires: Wires
    database_wires: Wires
    mail_wire: FaultProxy
    database_url: str

    @abstractmethod
    async def is_durable(self, queue: str) -> bool:
        """Returns whether a queue outlives the faults to come."""

    @abstractmethod
    def keep_server_logs(self, folder: Path) -> None:
        """Copies the logs of broker and database into the folder."""

    def of(self, service: str) -> Sequence[Replica]:
        """The replicas of a service."""
        return [replica for replica in self.replicas.values() if replica.service == service]

    async def rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Looks behind the scenes, by no wire that is broken; waits for a server that is down or stands still."""
        async with asyncio.timeout(_TIMEOUT):
            while True:
                with contextlib.suppress(
                    asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError
                ):
                    async with self.session() as session:
                        return list(await session.fetch(statement, *values, timeout=60))
                await asyncio.sleep(0.5)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the superuser's, who may write also where nobody else may."""
        connection = await connect_to_any(
            Addresses(self.database_url), timeout=10, server_settings={"default_transaction_read_only": "off"}
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
        self.keep_server_logs(folder)

    async def all_ready(self) -> None:
        """Waits until every replica is ready; raises AssertionError with what keeps them."""

        async def problems() -> dict[str, str]:
            told = await asyncio.gather(*(replica.problem() for replica in self.replicas.values()))
            return {name: problem for name, problem in zip(self.replicas, told, strict=True) if problem}

        await until(problems, lambda found: not found, "every replica to be ready", timeout=_READY)


DeploymentType = TypeVar("DeploymentType", bound=Deployment)


@asynccontextmanager
async def running(deployment: DeploymentType, sabotage: str | None) -> AsyncIterator[DeploymentType]:
    """The replicas run, and are ready at first; one that ends by itself is started again."""
    if sabotage is not None:
        async with deployment.session() as session:
            await prepare(sabotage, session)
    async with AsyncExitStack() as exits:
        for replica in deployment.replicas.values():
            exits.callback(replica.kill)
            replica.start()
        keeping = asyncio.create_task(_keep_running(deployment.replicas.values()))
        exits.callback(keeping.cancel)
        await deployment.all_ready()
        yield deployment


async def connect(
    exits: AsyncExitStack, stack: LocalStack, nodes: Nodes, sabotage: str | None
) -> tuple[Mapping[str, Replica], Wires, Wires, FaultProxy]:
    """Replicas that do not run yet, their wires to brokers and databases, and that to the mail server."""

    async def proxies(ports: Mapping[str, int]) -> dict[str, FaultProxy]:
        return {
            f"{name}/{node}": await exits.enter_async_context(FaultProxy(port))
            for name in names
            for node, port in ports.items()
        }

    ports = {name: int(port) for name, port in json.loads((stack.home.folder / "ports.json").read_text()).items()}
    programs = {program.name: program for program in service_programs(stack.home, ports)}
    names = [f"{service}-{number}" for service in SERVICES for number in range(1, REPLICAS + 1)]
    mail_wire = await exits.enter_async_context(FaultProxy(ports[SMTP]))
    broker_wires, database_wires = await proxies(nodes.brokers), await proxies(nodes.databases)
    # Last: the wires have their ports now, and take none of these, which are bound later.
    own_ports = choose_ports(names)
    replicas = {}
    for name in names:
        service = name.rpartition("-")[0]
        brokers = [broker_wires[f"{name}/{node}"] for node in nodes.brokers]
        databases = [database_wires[f"{name}/{node}"] for node in nodes.databases]
        wanted = "?target_session_attrs=read-write" if len(databases) > 1 else ""
        told = {
            "DATABASE_URL": through_any(_secret(stack, service, "database_url"), databases) + wanted,
            "CORE_URL": through_any(_secret(stack, service, "core_url"), brokers),
            "HTTP_PORT": str(own_ports[name]),
        }
        if service == NOTIFICATIONS:
            told |= {"SMTP_PORT": str(mail_wire.port)}
        else:
            told |= {"EDGE_URL": through_any(_secret(stack, service, "edge_url"), brokers)}
        own = {f"CULTURE_CONNECT_{key}": text for key, text in told.items()}
        folder, environment = stack.home.folder / "run" / name, {**programs[service].environment, **own}
        replicas[name] = Replica(name, service, own_ports[name], folder, environment, sabotage)
    return replicas, broker_wires, database_wires, mail_wire


def _secret(stack: LocalStack, service: str, field: str) -> str:
    return (stack.home.secrets / service / f"culture_connect_{field}").read_text().strip()


async def _keep_running(replicas: Iterable[Replica]) -> None:
    """Starts again what ended by itself, as Kubernetes would."""
    while True:
        await asyncio.sleep(0.5)
        for replica in replicas:
            replica.keep_running()
