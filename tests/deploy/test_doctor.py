"""`culture-connect doctor` on a real broker, beside which no services run."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import aio_pika
import pytest
from typer.testing import CliRunner

from culture_connect.messaging.topology import DEAD_LETTERS
from culture_connect_cli.accounts import add_account, remove_account
from culture_connect_cli.broker.connection import Broker, find_broker
from culture_connect_cli.doctor import SystemLocations, run_checks
from culture_connect_cli.main import app
from tests.support.probes import eventually

# Counts of a broker as it is installed are up to five seconds old.
pytestmark = pytest.mark.timeout(120)
TIMEOUT = 30

DEAD = "queue ticketing.dead in core holds 1 dead letter"
WAITING = "partner acme's messages wait (1 message): is the partner registered?"


@pytest.fixture
def broker(tools_environment: dict[str, str]) -> Broker:
    """As its administrator sees it."""
    return find_broker(environment=tools_environment)


async def _wrong_with(broker: Broker) -> Sequence[str]:
    checks = await run_checks(SystemLocations({}, broker), datetime.now(UTC))
    told = [finding.what for checked in checks for finding in checked.findings]
    return [what for what in told if not what.startswith("the address of ")]


async def _publish(url: str, exchange: str, routing_key: str) -> None:
    async with await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel()
        await (await channel.get_exchange(exchange, ensure=False)).publish(aio_pika.Message(b"{}"), routing_key)


def test_a_broker_as_it_is_installed_is_well_and_services_that_are_nowhere_are_named(
    tools_environment: dict[str, str],
) -> None:
    result = CliRunner().invoke(app, ["doctor"], env=tools_environment)
    assert result.exit_code == 1
    assert f"ok    the broker answers at {tools_environment['CULTURE_CONNECT_MANAGEMENT_URL']}\n" in result.stdout
    for well in ("the topology is as the code says", "there are no dead letters", "every client is heard"):
        assert f"ok    {well}\n" in result.stdout
    assert "ok    every queue has its leader and quorum\n" in result.stdout
    assert "wrong the address of ticketing is not known\n" in result.stdout
    assert result.stdout.endswith("3 things are wrong.\n")


def test_a_dead_letter_is_found(broker: Broker, tools_environment: dict[str, str]) -> None:
    url = broker.amqp_url(broker.vhosts.core)

    async def put() -> None:
        await _publish(url, DEAD_LETTERS, "ticketing")
        await eventually(lambda: _wrong_with(broker), [DEAD], "what is wrong", timeout=TIMEOUT)

    async def take_away() -> None:
        async with broker.management() as management:
            await management.delete("queues", broker.vhosts.core, "ticketing.dead", "contents")
        await eventually(lambda: _wrong_with(broker), [], "what is wrong", timeout=TIMEOUT)

    asyncio.run(put())
    result = CliRunner().invoke(app, ["doctor"], env=tools_environment)
    assert result.exit_code == 1
    assert f"wrong {DEAD}\n      -> the headers of each say why it is there" in result.stdout
    asyncio.run(take_away())


async def test_messages_of_a_partner_that_nobody_reads_are_found(broker: Broker) -> None:
    account = await add_account(broker, "hr", "acme")
    try:
        await _publish(account.url, account.exchange, account.routing_key)
        await eventually(lambda: _wrong_with(broker), [WAITING], "what is wrong", timeout=TIMEOUT)
    finally:
        await remove_account(broker, "hr", "acme", discard=True)


async def test_what_does_not_belong_on_the_broker_is_found(broker: Broker) -> None:
    async with broker.management() as management:
        await management.post("bindings", "core", "e", "events", "q", "ticketing.dead", body={"routing_key": "x"})
        told = await _wrong_with(broker)
        await management.delete("bindings", "core", "e", "events", "q", "ticketing.dead", "x")
    assert told == ["binding of events to queue ticketing.dead with key 'x' in core does not belong here"]
