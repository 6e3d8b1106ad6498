"""The servers that tests run on when `CULTURE_CONNECT_TEST_SERVERS` is `containers`."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import asyncpg
import pytest

from culture_connect_cli.stack.containers import LABEL
from culture_connect_cli.stack.scratch import scratch_folder
from tests.containers.engine import docker
from tests.support.certificates import Authority
from tests.support.servers.postgres import ContainerPostgres
from tests.support.servers.rabbitmq import ContainerRabbitMQ
from tests.support.servers.selection import POSTGRES_VERSIONS

pytestmark = pytest.mark.timeout(240)

PASSWORD = "of-the-container"

KILLED_RUN = f"""
import os, signal, sys
from pathlib import Path
from culture_connect_cli.stack.scratch import scratch_folder
from tests.support.servers.postgres import ContainerPostgres
with scratch_folder(Path(sys.argv[1])) as folder:
    ContainerPostgres(folder / "db", version="18", password="{PASSWORD}", log=folder / "log").start()
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(params=POSTGRES_VERSIONS)
def database(request: pytest.FixtureRequest, scratch: Path) -> Iterator[ContainerPostgres]:
    """A server of each version."""
    version = request.param
    with ContainerPostgres(
        scratch / f"postgres-{version}", version=version, password=PASSWORD, log=scratch / f"postgres-{version}.log"
    ) as server:
        yield server


@pytest.fixture
def broker(scratch: Path) -> Iterator[ContainerRabbitMQ]:
    """A node with a certificate."""
    tls = Authority.make(scratch / "authority-of-container").tls
    with ContainerRabbitMQ(scratch / "broker", password=PASSWORD, log=scratch / "broker.log", tls=tls) as node:
        yield node


async def value(server: ContainerPostgres, statement: str) -> object:
    """The first value of a query, on a connection of its own."""
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def belonging_to(folder: Path) -> list[str]:
    """Ids of the containers that are labelled with a folder below this one."""
    listed = docker("ps", "--all", f"--filter=label={LABEL}", f'--format={{{{.ID}}}} {{{{.Label "{LABEL}"}}}}')
    pairs = (line.partition(" ") for line in listed.splitlines())
    return [identifier for identifier, _, owner in pairs if Path(owner).is_relative_to(folder.resolve())]


def described(folder: Path) -> dict[str, object]:
    """The engine's description of the only container of a folder."""
    [identifier] = belonging_to(folder)
    [description] = json.loads(docker("inspect", identifier))
    return dict(description)


def published(folder: Path) -> set[str]:
    """The addresses of this machine at which the container of a folder is reached."""
    ports = described(folder)["NetworkSettings"]["Ports"]  # type: ignore[index]
    return {each["HostIp"] for bound in ports.values() for each in bound or ()}


async def test_a_database_has_its_data_after_a_kill_and_after_a_stop(
    database: ContainerPostgres, request: pytest.FixtureRequest
) -> None:
    version = str(await value(database, "show server_version"))
    assert version.split(".")[0] == request.node.callspec.params["database"]
    assert await value(database, "show fsync") == "off"
    await value(database, "create table kept as select 7 as number")
    for end in (database.kill, database.stop):
        await asyncio.to_thread(end)
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the engine pleases
            await value(database, "select 1")
        await asyncio.to_thread(database.start)
        assert await value(database, "select number from kept") == 7


def test_a_database_is_reached_on_loopback_only_and_its_password_is_in_no_description(
    database: ContainerPostgres, scratch: Path, request: pytest.FixtureRequest
) -> None:
    folder = scratch / f"postgres-{request.node.callspec.params['database']}"
    assert published(folder) == {"127.0.0.1"}
    assert PASSWORD not in json.dumps(described(folder))


async def test_a_broker_has_its_messages_and_ports_after_a_kill_and_after_a_stop(broker: ContainerRabbitMQ) -> None:
    ports = dict(broker.ports)
    async with await aio_pika.connect(broker.url()) as connection:
        channel = await connection.channel()
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"7", delivery_mode=2), "kept")
    # In this order: a queue that is some seconds old at a kill is not persisted yet.
    for end in (broker.stop, broker.kill):
        await asyncio.to_thread(end)
        assert not broker.is_running
        await asyncio.to_thread(broker.start)
        assert broker.ports == ports
        async with await aio_pika.connect(broker.url()) as connection:
            queue = await (await connection.channel()).get_queue("kept", ensure=False)
            message = await queue.get()
            assert message.body == b"7"
            await message.reject(requeue=True)


def test_a_broker_is_reached_on_loopback_only_and_its_password_is_in_no_description(
    broker: ContainerRabbitMQ,
) -> None:
    assert published(broker.folder) == {"127.0.0.1"}
    assert PASSWORD not in json.dumps(described(broker.folder))
    assert "Server startup complete" in broker.log.read_text(encoding="utf-8", errors="replace")


def test_the_containers_of_a_killed_run_are_removed_by_the_next_one(tmp_path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, str(tmp_path)], capture_output=True, text=True, check=False
    )
    left = Path(killed.stdout.strip())
    assert len(belonging_to(left)) == 1, killed.stderr
    with scratch_folder(tmp_path):
        assert belonging_to(left) == []
