"""Servers and databases of a benchmark run, and the processes that are measured on them."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote, urlsplit

import aio_pika
import asyncpg
import httpx
from aio_pika.abc import AbstractChannel
from joserfc.jwk import OKPKey

from culture_connect.messaging.topology import SERVICES, Vhosts
from culture_connect_cli.broker.management import Management
from culture_connect_cli.stack import ExternalServers, Postgres, PostgresServer, RabbitMQServer
from culture_connect_cli.stack.rabbitmq.provider import private_rabbitmq
from culture_connect_cli.stack.scratch import scratch_folder
from culture_connect_cli.topology.apply import apply_topology
from tests.benchmarks.cpu import CpuClock
from tests.support.hashes import HASH_KEY

CLONE = Path(__file__).parent.parent.parent
STARTING = 60.0  # seconds a service may take

_STORED = """
    select coalesce(sum(pg_total_relation_size(pg_class.oid)), 0) from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = $1 and relkind = 'r' and relname not in ('outbox', 'outbox_lanes', 'leases')
"""


@dataclass(frozen=True)
class Servers:
    """The servers, as their administrators reach them; process ids of those that this run started."""

    postgres_url: str
    management_url: str
    amqp_url: str
    processes: dict[str, int]


@contextlib.contextmanager
def servers(*, durable: bool) -> Iterator[Servers]:
    """The servers that the environment names, else embedded ones; `durable=False` turns fsync of the database off."""
    given = ExternalServers.read()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch_folder(CLONE))
        postgres: PostgresServer | None = given.postgres
        rabbitmq: RabbitMQServer | None = given.rabbitmq
        pids = {}
        if postgres is None:
            postgres = own = Postgres(
                folder / "postgres", password=secrets.token_hex(), log=folder / "postgres.log", durable=durable
            )
            stack.enter_context(own)
            pids["PostgreSQL"] = own.process.pid
        if rabbitmq is None:
            rabbitmq = node = private_rabbitmq(
                folder / "rabbitmq", password=secrets.token_hex(), log=folder / "rabbitmq.log"
            )
            stack.enter_context(node)
            pids["RabbitMQ"] = node.processes[0].pid
        yield Servers(postgres.url(), rabbitmq.management_url, rabbitmq.url(vhost="").rstrip("/"), pids)


class Served(NamedTuple):
    """A running service: its base URL and its process."""

    base: str
    pid: int


class Process:
    """A measured process."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self.process = process
        self.name = name

    async def line(self) -> str:
        """The next line that it prints; raises RuntimeError when it ends instead."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended; its errors are above")
        return line.decode().strip()

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL when it does not heed it."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(30):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()

    async def success(self) -> None:
        """Waits for its end; raises RuntimeError when it failed."""
        if await self.process.wait() != 0:
            raise RuntimeError(f"{self.name} ended with status {self.process.returncode}; its errors are above")


class Surroundings:
    """A database with a schema and role for each service, a pair of virtual hosts with everything, both thrown away."""

    def __init__(
        self, where: Servers, *, partners: Sequence[str], venues: Sequence[str], profiles: Path | None = None
    ) -> None:
        self._profiles = profiles
        self.clock = CpuClock(where.processes)
        self.token = secrets.token_urlsafe(32)
        self.door_token = secrets.token_urlsafe(32)
        self._where = where
        self._mark = f"bench_{secrets.token_hex(4)}"
        self._password = secrets.token_hex(16)
        self._vhosts = Vhosts(f"{self._mark}-core", f"{self._mark}-edge")
        self._partners, self._venues = partners, venues
        self._stack = contextlib.AsyncExitStack()
        self._folder = Path(tempfile.mkdtemp(prefix="culture-connect-bench-"))

    async def __aenter__(self) -> Self:
        self._stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
        await self._stack.enter_async_context(self._virtual_hosts())
        await self._stack.enter_async_context(self._database())
        for service in SERVICES:
            await (await self._start(service, "-m", service, "migrate", env=self._environment(service))).success()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def core(self) -> str:
        """The AMQP URL of the core, as the administrator."""
        return f"{self._where.amqp_url}/{quote(self._vhosts.core, safe='')}"

    def edge(self) -> str:
        """The AMQP URL of the edge, as the administrator."""
        return f"{self._where.amqp_url}/{quote(self._vhosts.edge, safe='')}"

    def database_url(self, role: str) -> str:
        """The database as the role of a service, or of the plain line."""
        host = urlsplit(self._where.postgres_url)
        return f"postgresql://{self._mark}_{role}:{self._password}@{host.hostname}:{host.port}/{self._mark}"

    @contextlib.asynccontextmanager
    async def channel(self, url: str) -> AsyncIterator[AbstractChannel]:
        """A channel in confirm mode on a connection of its own."""
        async with await aio_pika.connect(url) as connection, connection.channel() as channel:
            yield channel

    @contextlib.asynccontextmanager
    async def service(self, name: str, **settings: str) -> AsyncIterator[Served]:
        """Runs a service in a process of its own until the block ends; gives where it is when it is ready."""
        environment = self._environment(name) | settings
        base = f"http://127.0.0.1:{environment['CULTURE_CONNECT_HTTP_PORT']}"
        # Profiled, a service is two or three times slower: the figures then say where, not how fast.
        profiler: list[str] = []
        if self._profiles:
            self._profiles.mkdir(parents=True, exist_ok=True)
            profiler = ["-m", "cProfile", "-o", str(self._profiles / f"{name}.prof")]
        process = await self._start(name, *profiler, "-m", name, "serve", env=environment)
        try:
            await _until_ready(base, process)
            yield Served(base, process.process.pid)
        finally:
            await process.stop()

    @contextlib.asynccontextmanager
    async def baseline(self, module: str, *arguments: str) -> AsyncIterator[Process]:
        """Runs one of the baselines in a process of its own until the block ends."""
        process = await self._start(
            module, "-m", f"tests.benchmarks.baselines.{module}", *arguments, env=dict(os.environ)
        )
        try:
            yield process
        finally:
            await process.stop()

    async def _start(self, name: str, *arguments: str, env: dict[str, str]) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=env, stdout=asyncio.subprocess.PIPE
        )
        self.clock.add(name, process.pid)
        return Process(process, name)

    def _environment(self, service: str) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "CULTURE_CONNECT_DATABASE_URL": self.database_url(service),
            "CULTURE_CONNECT_CORE_URL": self.core(),
            "CULTURE_CONNECT_EDGE_URL": self.edge(),
            "CULTURE_CONNECT_HTTP_PORT": str(_free_port()),
            "CULTURE_CONNECT_HASH_KEY": HASH_KEY,
            "CULTURE_CONNECT_TOMBSTONE_KEY": secrets.token_hex(32),
            "CULTURE_CONNECT_TOKENS_FILE": str(self._tokens_file()),
            "CULTURE_CONNECT_LOG_LEVEL": "WARNING",
            "CULTURE_CONNECT_HTTP_LIMIT_TEAM": "off",
            **_extra(service, self._folder),
        }

    def _tokens_file(self) -> Path:
        path = self._folder / "tokens.json"
        scopes = {self.token: ["programme"], self.door_token: [f"box-office:{venue}" for venue in self._venues]}
        entries = [
            {"name": f"bench-{number}", "scopes": each, "sha256": sha256(token.encode()).hexdigest()}
            for number, (token, each) in enumerate(scopes.items())
            if each
        ]
        return _private(path, entries)

    async def add_partners(self, partners: Sequence[str]) -> None:
        """Makes accounts and queues of these partners as well."""
        async with self._management() as management:
            await apply_topology(management, self._vhosts, partners=partners, venues=self._venues)

    @property
    def server_processes(self) -> dict[str, int]:
        """The process ids of the servers that this run started, by name."""
        return self._where.processes

    def _management(self) -> Management:
        login = urlsplit(self._where.amqp_url)
        return Management(self._where.management_url, login.username or "", login.password or "")

    @contextlib.asynccontextmanager
    async def _virtual_hosts(self) -> AsyncIterator[None]:
        async with self._management() as management:
            await apply_topology(management, self._vhosts, partners=self._partners, venues=self._venues)
            try:
                yield
            finally:
                for vhost in (self._vhosts.core, self._vhosts.edge):
                    await management.delete("vhosts", vhost)

    @contextlib.asynccontextmanager
    async def _database(self) -> AsyncIterator[None]:
        admin = await asyncpg.connect(self._where.postgres_url)
        roles = [f"{self._mark}_{service}" for service in (*SERVICES, "plain")]
        await admin.execute(f"create database {self._mark}")
        inside = await asyncpg.connect(self._where.postgres_url, database=self._mark)
        for service, role in zip((*SERVICES, "plain"), roles, strict=True):
            await admin.execute(f"create role {role} login password '{self._password}'")
            await inside.execute(f"create schema {service} authorization {role}")
            await admin.execute(f"alter role {role} set search_path = {service}")
        await inside.close()
        try:
            yield
        finally:
            await admin.execute(f"drop database {self._mark} with (force)")
            for role in roles:
                await admin.execute(f"drop role {role}")
            await admin.close()

    async def stored(self, schema: str) -> int:
        """Bytes of a schema's tables with their indexes, without the outbox, whose rows come and go."""
        ((value,),) = await self.rows(_STORED, schema)
        return int(value)

    async def scalar(self, statement: str) -> int:
        """A count from the database, as its administrator."""
        ((value,),) = await self.rows(statement)
        return int(value)

    async def rows(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Returns rows of the database, as its administrator."""
        connection = await asyncpg.connect(self._where.postgres_url, database=self._mark)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()


def _extra(service: str, folder: Path) -> dict[str, str]:
    if service != "ticketing":
        return {}
    key = _private(folder / "signing-key.json", OKPKey.generate_key("Ed25519").as_dict(private=True))
    return {"CULTURE_CONNECT_SIGNING_KEY_FILE": str(key), "CULTURE_CONNECT_PUBLIC_URL": "http://127.0.0.1"}


def _private(path: Path, content: object) -> Path:
    path.touch(mode=0o600)
    path.write_text(json.dumps(content))
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _until_ready(base: str, process: Process) -> None:
    deadline = time.monotonic() + STARTING
    seen = "no answer"
    async with httpx.AsyncClient(trust_env=False) as client:
        while time.monotonic() < deadline:
            if process.process.returncode is not None:
                raise RuntimeError(f"{process.name} ended with status {process.process.returncode}")
            try:
                response = await client.get(f"{base}/health/ready")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if response.status_code == httpx.codes.OK:
                return
            seen = response.text
            await asyncio.sleep(0.1)
    raise RuntimeError(f"{process.name} was not ready after {STARTING:g} s: {seen}")
