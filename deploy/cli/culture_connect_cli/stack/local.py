"""The whole system on this machine: PostgreSQL, RabbitMQ, a mailbox and three services, each a process of its own."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from culture_connect.messaging.topology import ADMINISTRATOR, OPERATOR, SERVICES
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.secrets.provisioning import DATABASE, SUPERUSER
from culture_connect_cli.stack import programs as installation
from culture_connect_cli.stack.home import Home, write_whole
from culture_connect_cli.stack.orphans import end_leftovers
from culture_connect_cli.stack.ports import LOOPBACK
from culture_connect_cli.stack.postgres.server import Postgres, claim_seat, seat_for_root, server_account
from culture_connect_cli.stack.program import Program
from culture_connect_cli.stack.programs import MAILBOX, SMTP, Vault
from culture_connect_cli.stack.provisioning import open_box_offices, prepare_database, prepare_given_broker
from culture_connect_cli.stack.rabbitmq import process as rabbitmq
from culture_connect_cli.stack.rabbitmq.node import Node
from culture_connect_cli.stack.rabbitmq.process import PORTS as BROKER_PORTS
from culture_connect_cli.stack.rabbitmq.provider import private_rabbitmq
from culture_connect_cli.stack.servers import Given, PostgresServer, RabbitMQServer
from culture_connect_cli.stack.supervisor import Part, supervise

Name = Literal["postgres", "rabbitmq", "mailbox", "registration", "ticketing", "notifications"]

_PORTS = ("postgres", *(f"rabbitmq-{name}" for name in BROKER_PORTS), MAILBOX, SMTP, *SERVICES)


def _silent(_: str) -> None:
    return


class LocalStack:
    """`async with LocalStack() as stack:` starts everything, and stops it at the end; data is kept for the next time.

    `home` is its folder (default: see `Home`). `supervised` starts again what dies by itself. With `durable=False`
    PostgreSQL does not wait for the disk. With `serving=False` the services are made ready to be started by somebody
    else. `postgres_folder` is where PostgreSQL's data goes, instead of below `home` or, for root, of `seat_for_root`.
    `say` hears in plain words what happens. Entering raises StackError and its kinds.
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
        say: Callable[[str], None] = _silent,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.home = Home(home) if home else Home.default()
        self._vault = Vault(self.home)
        self._given = Given.read(environment)
        self._supervised = supervised
        self._durable = durable
        self._serving = serving
        self._has_seat = postgres_folder is None and server_account() is not None
        own = seat_for_root(self.home.folder) if self._has_seat else self.home.folder / "postgres"
        self._postgres_folder = postgres_folder or own
        self._say = say
        self._ports: dict[str, int] = {}
        self._parts: dict[str, Part] = {}
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def urls(self) -> dict[str, str]:
        """Addresses by name, without secrets: the services, `mailbox`, `console`."""
        programs = {name: f"http://{LOOPBACK}:{self._ports[name]}" for name in (*SERVICES, MAILBOX)}
        return {**programs, "console": self.rabbitmq.management_url}

    @property
    def database_url(self) -> str:
        """The services' database, as superuser."""
        return self.postgres.url(DATABASE)

    @property
    def broker(self) -> Broker:
        """The broker as its administrator, as the account functions want it."""
        server = self.rabbitmq
        return Broker(server.management_url, server.username, server.password, server.host, server.port)

    @property
    def tokens(self) -> dict[str, str]:
        """Bearer tokens of the HTTP APIs: `programme`, `operator`, `box-office.<venue>`."""
        return self._vault.tokens

    @property
    def operator_login(self) -> tuple[str, str]:
        """User and password of the broker's console."""
        return OPERATOR, self._vault.broker_password(OPERATOR)

    @property
    def accounts(self) -> dict[str, dict[str, str]]:
        """Username, password and vhost by account, as in stack.json; those that were added meanwhile are there too."""
        return self.home.recorded_accounts()

    async def __aenter__(self) -> Self:
        self.home.take()
        try:
            await self._start_everything()
        except BaseException:
            await self._stop_everything()
            raise
        if self._supervised:
            self._supervisor = asyncio.create_task(supervise(self._parts, self._say))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop_everything()

    async def start(self, name: Name) -> None:
        """Starts a part that was killed or stopped, on the same port; returns when it is ready."""
        part = self._parts[name]
        await asyncio.to_thread(part.what.start)
        part.wanted = True

    async def stop(self, name: Name) -> None:
        """Stops a part properly; the supervisor leaves it alone from then on."""
        part = self._parts[name]
        part.wanted = False
        await asyncio.to_thread(part.what.stop)

    async def kill(self, name: Name) -> None:
        """SIGKILL, as a crash. A supervisor brings it back; without one, `start` does."""
        await asyncio.to_thread(self._parts[name].what.kill)

    async def _start_everything(self) -> None:
        await asyncio.to_thread(self._end_leftovers)
        self._ports = self.home.ports(_PORTS)
        self._deal_out()
        services = installation.services(self.home, self._ports)
        mailbox = installation.mailbox(self.home, self._ports)
        self._parts[MAILBOX] = Part(mailbox)
        await _all(self._start_broker(), self._start_database(services), asyncio.to_thread(mailbox.start))
        if self._serving:
            self._say("Servers are ready; the services start.")
            self._parts |= {program.name: Part(program) for program in services}
            await _all(*(asyncio.to_thread(program.start) for program in services))
        self._describe()

    async def _stop_everything(self) -> None:
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
            self._supervisor = None
        # First those who use, then what is used.
        users = [part for name, part in self._parts.items() if name in SERVICES]
        used = [part for name, part in self._parts.items() if name not in SERVICES]
        for group in (users, used):
            await _all(*(asyncio.to_thread(part.what.stop) for part in group))
        self._parts.clear()
        self.home.release()

    async def _start_broker(self) -> None:
        if self._given.rabbitmq:
            self.rabbitmq = await prepare_given_broker(self._given.rabbitmq, self._vault)
        else:
            if not rabbitmq.is_installed():
                self._say("RabbitMQ is not installed on this machine: it is looked for elsewhere, or installed now.")
            self._say("RabbitMQ starts; this takes about ten seconds.")
            node = await asyncio.to_thread(
                private_rabbitmq,
                self._broker_folder,
                password=self._vault.broker_password(ADMINISTRATOR),
                log=self.home.logs / "rabbitmq.log",
                definitions=self._vault.definitions,
                ports={name: self._ports[f"rabbitmq-{name}"] for name in BROKER_PORTS},
                tls=self._vault.tls,
            )
            self.rabbitmq = node
            self._parts["rabbitmq"] = Part(node)
            await asyncio.to_thread(node.start)
            self._ports |= {f"rabbitmq-{name}": port for name, port in node.ports.items()}
            self.home.remember_ports(self._ports)
        self._deal_out()
        await open_box_offices(self.broker, self.home)

    async def _start_database(self, services: list[Program]) -> None:
        if self._given.postgres:
            self.postgres = self._given.postgres
        else:
            password = self._vault.database_password(SUPERUSER)
            if self._has_seat:
                claim_seat(self._postgres_folder, password)
            server = Postgres(
                self._postgres_folder,
                password=password,
                log=self.home.logs / "postgres.log",
                port=self._ports["postgres"],
                durable=self._durable,
            )
            self.postgres = server
            self._parts["postgres"] = Part(server)
            await asyncio.to_thread(server.start)
        await prepare_database(self.postgres, self._vault)
        self._deal_out()
        await _all(*(asyncio.to_thread(program.run, "migrate") for program in services))

    def _end_leftovers(self) -> None:
        # Before ports are chosen: theirs are wanted again.
        ports = dict.fromkeys(_PORTS, 0)
        programs = [installation.mailbox(self.home, ports), *installation.services(self.home, ports)]
        end_leftovers(programs, self._broker_folder, self._postgres_folder, self._say)

    @property
    def _broker_folder(self) -> Path:
        return self.home.folder / "rabbitmq"

    def _deal_out(self) -> None:
        database = f"{LOOPBACK}:{self._ports['postgres']}"
        broker = f"{LOOPBACK}:{self._ports['rabbitmq-amqp']}"
        if self._given.postgres:
            database = self._given.postgres.address
        if self._given.rabbitmq:
            broker = f"{self._given.rabbitmq.host}:{self._given.rabbitmq.port}"
        self._vault.deal_out(database=database, broker=broker)

    @property
    def _amqps(self) -> dict[str, Any]:
        """Where amqps is spoken, and the authority to trust; nothing for a broker that is not ours."""
        if not isinstance(self.rabbitmq, Node):
            return {}
        return {"tls_port": self.rabbitmq.tls_port, "ca_file": str(self.rabbitmq.ca_file)}

    def _describe(self) -> None:
        people = {
            name: {"username": name, "password": self._vault.broker_password(name), "vhost": vhost}
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
        write_whole(self.home.stack_file, description)


async def _all(*work: Coroutine[Any, Any, None]) -> None:
    """Waits for all of it, also when some of it fails or we are cancelled, and then raises what came first.

    Work in threads cannot be broken off: what a forgotten thread starts, nobody would stop.
    """
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.shield(asyncio.gather(*tasks))
    finally:
        if tasks:
            await asyncio.wait(tasks)
