"""Servers and surroundings for tests. Servers are started by the first test that asks for them, and stopped at the end.

| fixture | scope | what |
|---|---|---|
| `postgres`, `rabbitmq` | session | the servers: named in the environment, processes of this machine, or containers |
| `pgbouncer` | session | a pooler in transaction mode before `postgres`: its port |
| `databases` | session | makes databases: `databases.create(migrated=["ticketing"])`, to be dropped by who made them |
| `database` | function | one with an empty schema and a role for each service |
| `bus` | function | a fresh pair of virtual hosts with topology and accounts: `bus.url("registration", "core")` |
| `surroundings_of` | function | `surroundings_of("ticketing")`: database and bus as one service sees them |
"""

import gc
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from culture_connect_cli.stack import ExternalServers, PostgresServer, RabbitMQServer
from culture_connect_cli.stack.ports import VARIABLE as PORTS
from culture_connect_cli.stack.scratch import scratch_folder
from tests.support.bus import Bus, fresh_bus
from tests.support.certificates import Authority
from tests.support.databases import Database, Databases
from tests.support.pgbouncer import running_pgbouncer
from tests.support.servers import Selection, new_postgres, new_rabbitmq
from tests.support.servers.selection import SelectionError
from tests.support.service_environment import Surroundings

# Generated examples take as long as the machine needs: how busy it is says nothing about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

CLONE = Path(__file__).parent.parent
LONGEST = (
    "storm",
    "end_to_end",
    "chaos",
    "stack",
)  # folders whose tests begin first, so that none is left over at the end


def pytest_configure(config: pytest.Config) -> None:
    """Each process that runs tests has ports of its own to choose from."""
    worker = int(str(getattr(config, "workerinput", {}).get("workerid", "gw0")).removeprefix("gw"))
    first = 20_000 + 2_000 * (worker % 6)
    os.environ[PORTS] = f"{first}-{first + 1_999}"
    try:
        Selection.read()
    except SelectionError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header() -> str:
    """Says which servers the tests use."""
    chosen = Selection.read()
    if not chosen.in_containers:
        return "servers: processes"
    elsewhere = "tests/stack, tests/storm, tests/security/attack: they are about processes, or pause them"
    return f"servers: containers, postgres:{chosen.postgres} (processes in {elsewhere})"


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps tests that share a whole system, or the servers of a module, in one process (pytest-xdist)."""
    tests = CLONE / "tests"
    items.sort(key=lambda item: _place(item.path.relative_to(tests).parts[0]))
    for item in items:
        folder, module = item.path.parent, item.path
        group = folder if folder.name == "end_to_end" else module
        item.add_marker(pytest.mark.xdist_group(str(group.relative_to(CLONE))))


def pytest_collection_finish() -> None:
    """Keeps the garbage collector from what was loaded, as a service does: looking through it takes 0.3 s each time."""
    gc.collect()
    gc.freeze()


def _place(folder: str) -> int:
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for servers, gone at the end of the run or, when that is killed, at the start of the next."""
    with scratch_folder(CLONE) as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A PostgreSQL that survives kills but no power cut: it does not wait for the disk."""
    if given := ExternalServers.read().postgres:
        yield given
        return
    scratch: Path = request.getfixturevalue("scratch")
    password, log = secrets.token_urlsafe(), scratch / "postgres.log"
    with new_postgres(scratch / "postgres", password=password, log=log) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq(request: pytest.FixtureRequest) -> Iterator[RabbitMQServer]:
    """A RabbitMQ with its management API, which counts messages every half second; one of our own speaks amqps too."""
    if given := ExternalServers.read().rabbitmq:
        yield given
        return
    scratch: Path = request.getfixturevalue("scratch")
    server = new_rabbitmq(
        scratch / "rabbitmq",
        password=secrets.token_urlsafe(),
        log=scratch / "rabbitmq.log",
        statistics_interval=500,
        tls=Authority.make(scratch / "authority").tls,
    )
    server.start()
    yield server
    server.kill()  # nothing is to be kept: a proper stop takes seconds
    server.stop()


@pytest.fixture(scope="session")
def pgbouncer(scratch: Path, postgres: PostgresServer) -> Iterator[int]:
    """The port of a pooler in transaction mode, which the roles of the services can log in to."""
    folder = scratch / "pgbouncer"
    folder.mkdir()
    with running_pgbouncer(folder, postgres.url()) as port:
        yield port


@pytest.fixture(scope="session")
def databases(postgres: PostgresServer) -> Iterator[Databases]:
    """See `Databases`."""
    databases = Databases(postgres)
    yield databases
    if ExternalServers.read().postgres:  # one of our own goes with all that is in it
        databases.drop_all()


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    """A database with an empty schema and a role for each service."""
    database = databases.create()
    yield database
    databases.drop(database)


@pytest.fixture
def bus(rabbitmq: RabbitMQServer) -> Iterator[Bus]:
    """A fresh pair of virtual hosts."""
    with fresh_bus(rabbitmq) as bus:
        yield bus


@pytest.fixture
def surroundings_of(databases: Databases, bus: Bus) -> Iterator[Callable[[str], Surroundings]]:
    """Migrated database and bus of a service by its name; several services of a test share the bus."""
    made: list[Database] = []

    def make(service: str) -> Surroundings:
        made.append(databases.create(migrated=[service]))
        return Surroundings(service, made[-1], bus)

    yield make
    for database in made:
        databases.drop(database)
