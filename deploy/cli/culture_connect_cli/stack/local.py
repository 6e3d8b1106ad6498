"""The whole system on this machine: PostgreSQL, RabbitMQ, a mailbox and the services, each in its own process."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Self

from culture_connect.messaging.topology import ADMINISTRATOR, OPERATOR
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.private_files import replace_json
from culture_connect_cli.secrets.installation import DATABASE, SUPERUSER
from culture_connect_cli.services import SERVICES
from culture_connect_cli.stack import programs
from culture_connect_cli.stack.home import Home
from culture_connect_cli.stack.orphans import terminate_orphans
from culture_connect_cli.stack.ports import LOOPBACK
from culture_connect_cli.stack.postgres.root import claim_root_data_folder, root_data_folder, server_account
from culture_connect_cli.stack.postgres.server import Postgres
from culture_connect_cli.stack.preparation import add_box_office_accounts, prepare_database, prepare_external_broker
from culture_connect_cli.stack.program import Program
from culture_connect_cli.stack.programs import MAILBOX, SMTP
from culture_connect_cli.stack.rabbitmq.node import Node
from culture_connect_cli.stack.rabbitmq.process import PORTS as BROKER_PORTS
from culture_connect_cli.stack.rabbitmq.process import is_installed
from culture_connect_cli.stack.rabbitmq.provider import Way, private_rabbitmq
from culture_connect_cli.stack.secrets import StackSecrets
from culture_connect_cli.stack.servers import ExternalServers, PostgresServer, PrivatePostgres, RabbitMQServer
from culture_connect_cli.stack.supervisor import Component, supervise

Name = str
"""The name of a component: `postgres`, `rabbitmq`, `mailbox` or a service."""

_PORTS = ("postgres", *(f"rabbitmq-{name}" for name in BROKER_PORTS), MAILBOX, SMTP, *SERVICES)


def _ignore(_: str) -> None:
    """Drops a message."""


class LocalStack:
    """`async with LocalStack() as stack:` starts everything and stops it at the end; the data is kept.

    `home` is its folder (default: see `Home`). `supervised` restarts components that end by themselves. With
    `durable=False` PostgreSQL does not wait for the disk. With `serving=False` the services are prepared but not
    started. `postgres_folder` is the folder of PostgreSQL's data (default: below `home`, or `root_data_folder` for
    root). `database` is started and stopped instead of the stack's own PostgreSQL. `report` receives messages for
    people. Entering raises StackError and its subclasses.
    """

    postgres: PostgresServer
    rabbitmq: RabbitMQServer

    def __init__(
        self,
        home: Path | None = None,
        *,
        supervised: bool = True,
        durable: bool = True,
        serving: bool = True,
        postgres_folder: Path | None = None,
        database: PrivatePostgres | None = None,
        report: Callable[[str], None] = _ignore,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.home = Home(home) if home else Home.default()
        self._secrets = StackSecrets(self.home)
        self._external = ExternalServers.read(environment)
        self._broker_way = Way.read(environment)
        self._database = database
        self._supervised = supervised
        self._durable = durable
        self._serving = serving
        self._uses_root_folder = postgres_folder is None and server_account() is not None
        default = root_data_folder(self.home.folder) if self._uses_root_folder else self.home.folder / "postgres"
        self._postgres_folder = postgres_folder or default
        self._report = report
        self._ports: dict[str, int] = {}
        self._components: dict[str, Component] = {}
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def urls(self) -> dict[str, str]:
        """Addresses by name, without secrets: the services, `mailbox`, `console`."""
        urls = {name: f"http://{LOOPBACK}:{self._ports[name]}" for name in (*SERVICES, MAILBOX)}
        return {**urls, "console": self.rabbitmq.management_url}

    @property
    def database_url(self) -> str:
        """The superuser's URL of the services' database."""
        return self.postgres.url(DATABASE)

    @property
    def broker(self) -> Broker:
        """The broker with its administrator's login."""
        server = self.rabbitmq
        return Broker(server.management_url, server.username, server.password, server.host, server.port)

    @property
    def tokens(self) -> dict[str, str]:
        """Bearer tokens of the HTTP APIs: `programme`, `operator`, `box-office.<venue>`."""
        return self._secrets.tokens

    @property
    def operator_login(self) -> tuple[str, str]:
        """Username and password of the broker's console."""
        return OPERATOR, self._secrets.broker_password(OPERATOR)

    @property
    def accounts(self) -> dict[str, dict[str, str]]:
        """Username, password and vhost by account, as in stack.json, with accounts that were added meanwhile."""
        return self.home.recorded_accounts()

    async def __aenter__(self) -> Self:
        self.home.lock()
        try:
            await self._start_everything()
        except BaseException:
            await self._stop_everything()
            raise
        if self._supervised:
            self._supervisor = asyncio.create_task(supervise(self._components, self._report))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop_everything()

    async def start(self, name: Name) -> None:
        """Starts a component that was killed or stopped, on the same port; returns when it is ready."""
        component = self._components[name]
        await asyncio.to_thread(component.process.start)
        component.enabled = True

    async def stop(self, name: Name) -> None:
        """Stops a component gracefully; the supervisor does not restart it."""
        component = self._components[name]
        component.enabled = False
        await asyncio.to_thread(component.process.stop)

    async def kill(self, name: Name) -> None:
        """Sends SIGKILL, as a crash. The supervisor restarts the component; without one, `start` does."""
        await asyncio.to_thread(self._components[name].process.kill)

    async def _start_everything(self) -> None:
        await asyncio.to_thread(self._terminate_orphans)
        self._ports = self.home.ports(_PORTS)
        if self._database:
            self._ports["postgres"] = self._database.port
        self._provision()
        services = programs.services(self.home, self._ports)
        mailbox = programs.mailbox(self.home, self._ports)
        self._components[MAILBOX] = Component(mailbox)
        await _all(self._start_broker(), self._start_database(services), asyncio.to_thread(mailbox.start))
        if self._serving:
            self._report("Servers are ready; the services start.")
            self._components |= {program.name: Component(program) for program in services}
            await _all(*(asyncio.to_thread(program.start) for program in services))
        self._describe()

    async def _stop_everything(self) -> None:
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
            self._supervisor = None
        # The services first, then the servers they use.
        services = [component for name, component in self._components.items() if name in SERVICES]
        servers = [component for name, component in self._components.items() if name not in SERVICES]
        for group in (services, servers):
            await _all(*(asyncio.to_thread(component.process.stop) for component in group))
        self._components.clear()
        self.home.unlock()

    async def _start_broker(self) -> None:
        if self._external.rabbitmq:
            self.rabbitmq = await prepare_external_broker(self._external.rabbitmq, self._secrets)
        else:
            if not is_installed() and self._broker_way is not Way.DOCKER:
                self._report("RabbitMQ is not installed on this machine: it is installed now, or run in Docker.")
            self._report("RabbitMQ starts; this takes about ten seconds.")
            node = await asyncio.to_thread(
                private_rabbitmq,
                self._broker_folder,
                way=self._broker_way,
                password=self._secrets.broker_password(ADMINISTRATOR),
                log=self.home.logs / "rabbitmq.log",
                definitions=self._secrets.definitions,
                ports={name: self._ports[f"rabbitmq-{name}"] for name in BROKER_PORTS},
                tls=self._secrets.tls,
            )
            self.rabbitmq = node
            self._components["rabbitmq"] = Component(node)
            await asyncio.to_thread(node.start)
            self._ports |= {f"rabbitmq-{name}": port for name, port in node.ports.items()}
            self.home.remember_ports(self._ports)
        self._provision()
        await add_box_office_accounts(self.broker, self.home)

    async def _start_database(self, services: list[Program]) -> None:
        if self._external.postgres:
            self.postgres = self._external.postgres
        else:
            server = self._database or self._own_database()
            self.postgres = server
            self._components["postgres"] = Component(server)
            await asyncio.to_thread(server.start)
        await prepare_database(self.postgres, self._secrets)
        self._provision()
        await _all(*(asyncio.to_thread(program.run, "migrate") for program in services))

    def _own_database(self) -> Postgres:
        password = self._secrets.database_password(SUPERUSER)
        if self._uses_root_folder:
            claim_root_data_folder(self._postgres_folder, password)
        return Postgres(
            self._postgres_folder,
            password=password,
            log=self.home.logs / "postgres.log",
            port=self._ports["postgres"],
            durable=self._durable,
        )

    def _terminate_orphans(self) -> None:
        # Before ports are chosen, since their ports are reused.
        ports = dict.fromkeys(_PORTS, 0)
        known = [programs.mailbox(self.home, ports), *programs.services(self.home, ports)]
        terminate_orphans(known, self._broker_folder, self._postgres_folder, self._report)

    @property
    def _broker_folder(self) -> Path:
        return self.home.folder / "rabbitmq"

    def _provision(self) -> None:
        database = f"{LOOPBACK}:{self._ports['postgres']}"
        broker = f"{LOOPBACK}:{self._ports['rabbitmq-amqp']}"
        if self._external.postgres:
            database = self._external.postgres.address
        if self._external.rabbitmq:
            broker = f"{self._external.rabbitmq.host}:{self._external.rabbitmq.port}"
        self._secrets.provision(database=database, broker=broker)

    @property
    def _amqps(self) -> dict[str, Any]:
        """The TLS port and the authority to trust; empty for an external broker."""
        if not isinstance(self.rabbitmq, Node):
            return {}
        return {"tls_port": self.rabbitmq.tls_port, "ca_file": str(self.rabbitmq.ca_file)}

    def _describe(self) -> None:
        people = {
            name: {"username": name, "password": self._secrets.broker_password(name), "vhost": vhost}
            for name, vhost in ((ADMINISTRATOR, "/"), (OPERATOR, "/"))
        }
        description: dict[str, Any] = {
            "amqp": {
                "host": self.rabbitmq.host,
                "port": self.rabbitmq.port,
                "management_url": self.rabbitmq.management_url,
                **self._amqps,
            },
            "database_url": self.database_url,
            "http": {service: self.urls[service] for service in SERVICES},
            "mailbox_url": self.urls[MAILBOX],
            "accounts": {**self.accounts, **people},
            "tokens": self.tokens,
        }
        replace_json(self.home.stack_file, description)


async def _all(*work: Coroutine[Any, Any, None]) -> None:
    """Waits for all work, also when some of it fails or we are cancelled, and then raises the first error.

    Threads cannot be cancelled: a process that a forgotten thread starts would not be stopped.
    """
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.shield(asyncio.gather(*tasks))
    finally:
        if tasks:
            await asyncio.wait(tasks)
