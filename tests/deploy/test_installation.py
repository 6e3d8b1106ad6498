"""A broker that starts with the secrets of an installation, as the one in a container does."""

import json
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError

from culture_connect.messaging.topology import Vhosts
from culture_connect_cli import secret_files, topology
from culture_connect_cli.accounts import add_account, list_accounts, remove_account
from culture_connect_cli.broker import Broker, find_broker
from culture_connect_cli.stack import RabbitMQServer
from culture_connect_cli.stack.infrastructure import private_rabbitmq

SERVICES_ON_THE_EDGE = {"registration", "ticketing"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets."""
    made = tmp_path_factory.mktemp("secrets")
    secret_files.deal_out(made, secret_files.Addresses())
    return made


@pytest.fixture(scope="module")
def server(folder: Path, scratch: Path) -> Iterator[RabbitMQServer]:
    """A node of its own: these accounts have other passwords than those of the tests."""
    definitions = json.loads((folder / secret_files.BROKER / secret_files.DEFINITIONS_FILE).read_text())
    password = (folder / secret_files.OPERATORS / "administrator").read_text()
    node = private_rabbitmq(
        scratch / "installation", password=password, log=scratch / "installation.log", definitions=definitions
    )
    node.start()
    yield node
    node.kill()
    node.stop()


@pytest.fixture
def broker(server: RabbitMQServer, folder: Path) -> Broker:
    """The same, found as the `tools` container finds it."""
    return find_broker(
        environment={
            "CULTURE_CONNECT_MANAGEMENT_URL": server.management_url,
            "CULTURE_CONNECT_MANAGEMENT_PASSWORD_FILE": str(folder / secret_files.OPERATORS / "administrator"),
            "CULTURE_CONNECT_AMQP": f"{server.host}:{server.port}",
        },
        advertise="bus.example:5671",
    )


async def test_the_broker_is_as_the_code_says_after_its_first_start(broker: Broker) -> None:
    async with broker.management() as management:
        assert await topology.verify(management, Vhosts()) == []
        assert await topology.apply(management, Vhosts()) == []


@pytest.mark.parametrize("service", ["registration", "ticketing", "notifications"])
async def test_every_service_gets_in_with_its_own_files(service: str, folder: Path, server: RabbitMQServer) -> None:
    urls = {path.name: path.read_text() for path in (folder / service).glob("culture_connect_*_url")}
    assert ("culture_connect_edge_url" in urls) == (service in SERVICES_ON_THE_EDGE)
    for name in urls.keys() - {"culture_connect_database_url"}:
        here = urls[name].replace("rabbitmq:5672", f"{server.host}:{server.port}")
        async with await aio_pika.connect(here, timeout=10) as connection, connection.channel() as channel:
            if name == "culture_connect_core_url":
                await channel.declare_queue(f"{service}.events", passive=True)


async def test_there_is_no_account_that_everybody_knows(server: RabbitMQServer) -> None:
    with pytest.raises(AMQPError):
        await aio_pika.connect(server.url("guest", "guest"), timeout=10)


async def test_a_party_is_told_where_it_connects_not_where_we_do(broker: Broker) -> None:
    party = await add_account(broker, "box-office", "paard")
    assert (party.host, party.port) == ("bus.example", 5671)
    assert [(state.name, state.complete) for state in await list_accounts(broker)] == [("paard", True)]
    async with broker.management() as management:
        assert await topology.verify(management, Vhosts()) == []
    await remove_account(broker, "box-office", "paard")
    async with broker.management() as management:
        assert await topology.verify(management, Vhosts()) == []
