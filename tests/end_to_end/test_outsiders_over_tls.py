"""The whole system over amqps: HR systems with what `account add` printed and nothing else, and a service."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aio_pika
import pika
import pytest
from yarl import URL

from culture_connect_cli.stack import programs
from culture_connect_cli.stack.ports import free_port
from culture_connect_cli.stack.rabbitmq.node import Node
from tests.support.command import culture_connect, printed_values
from tests.support.probes import until
from tests.support.system import System, in_days

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


def enrolment(partner: str) -> bytes:
    """One employee who takes part from a day on."""
    employee = {"employee_ref": "E-1", "given_name": "Sanne", "family_name": "Visser", "starts_on": str(in_days(90))}
    return json.dumps({**employee, "email": f"sanne@{partner}.example"}).encode()


async def onboarded(system: System, partner: str) -> Mapping[str, str]:
    """Returns the values printed for the HR system of a new partner, by label."""
    await system.register(partner, places=5)
    command = culture_connect("account", "add", "hr", partner, home=system.stack.home.folder)
    output, _ = await asyncio.to_thread(command.communicate, timeout=120)
    assert command.returncode == 0, output
    return printed_values(output)


async def test_aio_pika_enrols_somebody_over_tls(system: System) -> None:
    told = await onboarded(system, "secure")
    async with await aio_pika.connect(f"{told['with TLS']}?cafile={told['trusting']}", timeout=10) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(told["publish to exchange"], ensure=False)
        await exchange.publish(
            aio_pika.Message(enrolment("secure"), message_id="over-tls", type="enrolment.requested"),
            told["with routing key"],
        )
        queue = await channel.get_queue(told["consume from queue"], ensure=False)
        message = await until(lambda: queue.get(no_ack=True, fail=False), bool, "the receipt", timeout=30)
    assert message is not None
    receipt: dict[str, Any] = json.loads(message.body)
    assert (receipt["message_id"], receipt["outcome"]) == ("over-tls", "scheduled")


async def test_pika_enrols_somebody_over_tls(system: System) -> None:
    told = await onboarded(system, "blocking")

    def enrol_and_hear() -> dict[str, Any]:
        parameters = pika.URLParameters(told["with TLS"])
        parameters.ssl_options = pika.SSLOptions(ssl.create_default_context(cafile=told["trusting"]), told["host"])
        connection = pika.BlockingConnection(parameters)
        channel = connection.channel()
        channel.confirm_delivery()
        properties = pika.BasicProperties(message_id="over-tls", type="enrolment.requested", delivery_mode=2)
        channel.basic_publish(
            told["publish to exchange"], told["with routing key"], enrolment("blocking"), properties, mandatory=True
        )
        _, _, body = next(channel.consume(told["consume from queue"], auto_ack=True, inactivity_timeout=30))
        connection.close()
        assert body is not None, "no receipt within 30 s"
        received: dict[str, Any] = json.loads(body)
        return received

    receipt = await asyncio.to_thread(enrol_and_hear)
    assert (receipt["message_id"], receipt["outcome"]) == ("over-tls", "scheduled")


async def test_a_replica_of_a_service_joins_over_amqps(system: System) -> None:
    home = system.stack.home
    broker = system.stack.rabbitmq
    assert isinstance(broker, Node)
    secrets = home.secrets / "ticketing"

    def over_tls(name: str) -> str:
        plain = URL((secrets / f"culture_connect_{name}").read_text(encoding="utf-8"))
        return str(plain.with_scheme("amqps").with_port(broker.tls_port))

    told = {
        "CULTURE_CONNECT_CORE_URL": over_tls("core_url"),
        "CULTURE_CONNECT_EDGE_URL": over_tls("edge_url"),
        "CULTURE_CONNECT_BROKER_CA_FILE": str(secrets / "ca.pem"),
    }
    ports = {**json.loads((home.folder / "ports.json").read_text()), "ticketing": free_port()}
    (first,) = (each for each in programs.services(home, ports) if each.name == "ticketing")
    replica = replace(
        first,
        folder=home.folder / "run" / "ticketing-amqps",
        log=home.logs / "ticketing-amqps.log",
        environment={**first.environment, **told},
    )
    try:
        await asyncio.to_thread(replica.start)  # returns when it is ready: database, broker, consumers
    finally:
        await asyncio.to_thread(replica.stop)
