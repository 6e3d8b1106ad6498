"""A broker that starts with the secrets of an installation, as the one in a container does."""

from pathlib import Path

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError

from culture_connect.messaging.topology import Vhosts
from culture_connect_cli.accounts import add_account, list_accounts, remove_account
from culture_connect_cli.broker.connection import Broker, find_broker
from culture_connect_cli.stack import RabbitMQServer
from culture_connect_cli.topology.apply import apply_topology, verify_topology

SERVICES_ON_THE_EDGE = {"registration", "ticketing"}


@pytest.fixture
def broker(tools_environment: dict[str, str]) -> Broker:
    """The broker as the `tools` container finds it."""
    return find_broker(environment=tools_environment, advertise="bus.example:5671")


async def test_the_broker_is_as_the_code_says_after_its_first_start(broker: Broker) -> None:
    async with broker.management() as management:
        assert await verify_topology(management, Vhosts()) == []
        assert await apply_topology(management, Vhosts()) == []


@pytest.mark.parametrize("service", ["registration", "ticketing", "notifications"])
async def test_every_service_gets_in_with_its_own_files(
    service: str, secrets_folder: Path, installed: RabbitMQServer
) -> None:
    urls = {path.name: path.read_text() for path in (secrets_folder / service).glob("culture_connect_*_url")}
    assert ("culture_connect_edge_url" in urls) == (service in SERVICES_ON_THE_EDGE)
    for name in urls.keys() - {"culture_connect_database_url"}:
        here = urls[name].replace("rabbitmq:5672", f"{installed.host}:{installed.port}")
        async with await aio_pika.connect(here, timeout=10) as connection, connection.channel() as channel:
            if name == "culture_connect_core_url":
                await channel.declare_queue(f"{service}.events", passive=True)


async def test_there_is_no_account_that_everybody_knows(installed: RabbitMQServer) -> None:
    with pytest.raises(AMQPError):
        await aio_pika.connect(installed.url("guest", "guest"), timeout=10)


async def test_a_party_is_told_where_it_connects_not_where_we_do(broker: Broker) -> None:
    party = await add_account(broker, "box-office", "paard")
    assert (party.host, party.port) == ("bus.example", 5671)
    assert [(state.name, state.complete) for state in await list_accounts(broker)] == [("paard", True)]
    async with broker.management() as management:
        assert await verify_topology(management, Vhosts()) == []
    await remove_account(broker, "box-office", "paard")
    async with broker.management() as management:
        assert await verify_topology(management, Vhosts()) == []
