"""The private RabbitMQ node: closed to others, apart from the machine's own, and none the worse for a crash."""

from collections.abc import Iterator
from pathlib import Path

import aio_pika
import psutil
import pytest
from aio_pika.abc import AbstractChannel

from culture_connect.messaging.topology import SERVICES, Vhosts, definitions, password_hash
from culture_connect_cli.stack import RabbitMQ
from culture_connect_cli.stack.processes import processes_in

pytestmark = pytest.mark.timeout(240)

PASSWORD = "of ticketing"
QUEUE = "ticketing.events"


@pytest.fixture(scope="module")
def node(scratch: Path) -> Iterator[RabbitMQ]:
    accounts = dict.fromkeys(SERVICES, password_hash(PASSWORD))
    with RabbitMQ(
        scratch / "own-node",
        password="of the administrator",
        log=scratch / "own-node.log",
        definitions=definitions(Vhosts(), users=accounts),
    ) as node:
        yield node


async def publish(channel: AbstractChannel, body: bytes) -> None:
    events = await channel.get_exchange("events", ensure=False)
    message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await events.publish(message, "participant.enrolled.acme", mandatory=True)


def listening(process: psutil.Process) -> set[tuple[str, int]]:
    return {each.laddr for each in process.net_connections("inet") if each.status == "LISTEN" and each.laddr}


async def test_definitions_are_loaded_with_everything_in_them(node: RabbitMQ) -> None:
    async with await aio_pika.connect(node.url("registration", PASSWORD, vhost="core")) as connection:
        await publish(await connection.channel(), b"{}")
    async with await aio_pika.connect(node.url("ticketing", PASSWORD, vhost="core")) as connection:
        queue = await (await connection.channel()).get_queue(QUEUE, ensure=False)
        message = await queue.get()
        assert message.body == b"{}"
        await message.ack()


async def test_a_confirmed_message_survives_a_kill_and_clients_find_the_node_again(node: RabbitMQ) -> None:
    ports = dict(node.ports)
    async with await aio_pika.connect(node.url("registration", PASSWORD, vhost="core")) as connection:
        await publish(await connection.channel(), b'"kept"')
        node.kill()
        assert not node.is_running
    node.start()
    assert node.ports == ports
    async with await aio_pika.connect(node.url("ticketing", PASSWORD, vhost="core")) as connection:
        queue = await (await connection.channel()).get_queue(QUEUE, ensure=False)
        message = await queue.get()
        assert message.body == b'"kept"'
        await message.ack()


def test_the_recorded_process_is_the_node_itself_and_not_a_shell_around_it(node: RabbitMQ) -> None:
    beam, epmd = node.processes
    assert psutil.Process(beam.pid).name() == "beam.smp"
    assert psutil.Process(epmd.pid).name() == "epmd"


def test_it_listens_on_its_own_ports_on_loopback_only(node: RabbitMQ) -> None:
    beam, epmd = (psutil.Process(each.pid) for each in node.processes)
    assert listening(beam) == {("127.0.0.1", port) for name, port in node.ports.items() if name != "epmd"}
    assert {address for address, _ in listening(epmd)} <= {"127.0.0.1", "::1"}


def test_its_secrets_are_for_its_owner_only(node: RabbitMQ) -> None:
    for path in (node.folder / "definitions.json", node.folder / "home" / ".erlang.cookie"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_node_that_a_killed_run_left_behind_is_ended_and_its_data_used(node: RabbitMQ) -> None:
    left_behind = node.processes
    with RabbitMQ(node.folder, password=node.password, log=node.log) as second:
        assert [each.find() for each in left_behind] == [None, None]
        assert second.name == node.name
    assert processes_in(node.folder, {"beam.smp", "epmd"}) == []
