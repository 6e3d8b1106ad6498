"""Services over amqps: they work as in clear, believe the right broker only, and say what is wrong in time."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import uuid4

import aiormq
import httpx
import psutil
import pytest
import uvloop
from yarl import URL

from culture_connect.messaging import core_event
from culture_connect.messaging.addresses import split_addresses
from culture_connect.messaging.connection import close_connection, connect, connected, with_authority
from culture_connect.messaging.errors import BrokerNotTrusted
from culture_connect_cli.stack import RabbitMQServer
from culture_connect_cli.stack.rabbitmq.node import Node
from tests.messaging.kit import BusUrls, Kit, erasure
from tests.support.bus import Bus
from tests.support.certificates import Authority
from tests.support.fault_proxy import FaultProxy
from tests.support.probes import eventually, until


@pytest.fixture
def node(rabbitmq: RabbitMQServer) -> Node:
    """The broker of these tests, when it is one of our own."""
    if not isinstance(rabbitmq, Node):
        pytest.skip("the broker that the environment names has a certificate of somebody else")
    return rabbitmq


@pytest.fixture
def secure(node: Node) -> Callable[[str], str]:
    """Makes an address in clear one of amqps, without the authority to trust."""
    return lambda url: str(URL(url).with_scheme("amqps").with_host("localhost").with_port(node.tls_port))


@pytest.fixture
def trusted(node: Node, bus: Bus, secure: Callable[[str], str]) -> str:
    """The administrator's address over amqps, with the authority to trust."""
    return with_authority(secure(bus.administrator_url("edge")), node.ca_file)


@asynccontextmanager
async def another_server(authority: Authority) -> AsyncIterator[str]:
    """A server with this certificate that says nothing beyond its handshake, and its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.tls.certificate, authority.tls.key)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"amqps://somebody:something@localhost:{server.sockets[0].getsockname()[1]}/?cafile={authority.ca_file}"


async def test_a_service_consumes_and_relays_over_amqps(
    kit: Kit, node: Node, bus: Bus, secure: Callable[[str], str]
) -> None:
    participant = uuid4()
    kit.answer = core_event(erasure(participant), "ticketing")
    urls = BusUrls(
        secure(bus.url("ticketing", "core")), secure(bus.url("ticketing", "edge")), broker_ca_file=node.ca_file
    )
    replica = kit.replica(urls=urls)
    async with replica.running():
        await eventually(replica.problems, [], "problems of the replica")
        await kit.publish(erasure(participant), id="over-tls")
        await eventually(kit.effects, [participant], "effects")
        await eventually(kit.outbox_size, 0, "rows in the outbox")

        async def protected() -> set[tuple[str, bool]]:
            answer = await management.get(f"/api/vhosts/{bus.vhost('core')}/connections")
            return {(row["client_properties"].get("connection_name", ""), row["ssl"]) for row in answer.json()}

        async with httpx.AsyncClient(
            base_url=node.management_url, auth=(node.username, node.password), trust_env=False
        ) as management:
            await until(
                protected,
                lambda seen: len({name for name, _ in seen if name.startswith("ticketing")}) >= 2,
                "the connections of consumer and relay",
            )
            assert {secured for name, secured in await protected() if name.startswith("ticketing")} == {True}


async def test_readiness_says_that_the_certificate_is_not_accepted(
    kit: Kit, bus: Bus, secure: Callable[[str], str], tmp_path: Path
) -> None:
    other = Authority.make(tmp_path)
    replica = kit.replica(urls=BusUrls(secure(bus.url("ticketing", "core")), None, broker_ca_file=other.ca_file))
    await kit.emit(erasure(uuid4()))
    async with replica.running():
        problems = await until(
            replica.problems,
            lambda seen: any("consum" in each for each in seen) and any("messages wait" in each for each in seen),
            "problems of consumer and relay",
            timeout=20,
        )
        assert all("its certificate is not accepted: " in each for each in problems), problems
        began = time.monotonic()
    assert time.monotonic() - began < 15, "the service did not stop in time"


async def test_another_authority_is_not_believed(node: Node, trusted: str, tmp_path: Path) -> None:
    other = Authority.make(tmp_path)
    with pytest.raises(BrokerNotTrusted, match="its certificate is not accepted: "):
        await connect(str(URL(trusted).update_query(cafile=str(other.ca_file))), name="tests")


async def test_a_certificate_that_has_ended_is_not_believed(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    authority.issue(now=datetime.now(UTC) - timedelta(days=400))
    async with another_server(authority) as url:
        with pytest.raises(BrokerNotTrusted, match="its certificate is not accepted: certificate has expired"):
            await connect(url, name="tests")


async def test_a_certificate_of_another_host_is_not_believed(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path, hosts=("bus.elsewhere.example",))
    async with another_server(authority) as url:
        with pytest.raises(BrokerNotTrusted, match=r"Hostname mismatch, certificate is not valid for 'localhost'"):
            await connect(url, name="tests")


async def test_the_address_cannot_switch_verification_off(trusted: str, tmp_path: Path) -> None:
    other = Authority.make(tmp_path)
    with pytest.raises(BrokerNotTrusted):
        await connect(str(URL(trusted).update_query(cafile=str(other.ca_file), no_verify_ssl="1")), name="tests")


async def test_a_port_that_speaks_in_clear_is_told(bus: Bus, node: Node) -> None:
    url = str(URL(bus.administrator_url("edge")).with_scheme("amqps"))
    with pytest.raises(BrokerNotTrusted, match="no TLS with it: "):
        await connect(with_authority(url, node.ca_file), name="tests")


async def test_an_authority_that_is_replaced_is_believed_without_a_restart(
    node: Node, trusted: str, tmp_path: Path
) -> None:
    assert node.ca_file is not None
    file = Authority.make(tmp_path).ca_file
    url = str(URL(trusted).update_query(cafile=str(file)))
    with pytest.raises(BrokerNotTrusted):
        await connect(url, name="tests")
    file.write_text(node.ca_file.read_text())
    async with connected(url, name="tests") as connection:
        assert not connection.is_closed


@pytest.mark.parametrize("content", [None, "", "no certificate"])
async def test_an_authority_that_cannot_be_read_is_told(trusted: str, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BrokerNotTrusted, match="the CA file cannot be used"):
        await connect(str(URL(trusted).update_query(cafile=str(file))), name="tests")


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_wire_that_falls_silent_in_the_handshake_is_given_up_with_its_socket(
    node: Node, trusted: str, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    def open_to(port: int) -> int:
        connections = psutil.Process().net_connections("tcp4")
        return sum(1 for each in connections if tuple(each.raddr)[1:] == (port,))

    async def try_it() -> None:
        assert node.tls_port is not None
        async with FaultProxy(node.tls_port) as proxy:
            await proxy.silence(["downstream"])
            url = str(URL(proxy.through(trusted)).with_host("127.0.0.1"))
            port = URL(url).port
            assert port is not None
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                await connect(url, name="tests", timeout=0.5)
            assert time.monotonic() - began < 3
            await eventually(lambda: open_to(port), 0, "sockets left open")

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(try_it())


@pytest.mark.parametrize("bytes_heard", [1, 600, 1200])
async def test_a_handshake_that_is_heard_in_part_ends_in_time(node: Node, trusted: str, bytes_heard: int) -> None:
    assert node.tls_port is not None
    async with FaultProxy(node.tls_port) as proxy:
        await proxy.limit_data(bytes_heard, after="silent", directions=["downstream"])
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await connect(proxy.through(trusted), name="tests", timeout=0.5)
        assert time.monotonic() - began < 3


async def test_a_broker_that_falls_silent_over_amqps_is_given_up(node: Node, trusted: str) -> None:
    assert node.tls_port is not None
    async with FaultProxy(node.tls_port) as proxy:
        connection = await connect(proxy.through(trusted), name="tests", heartbeat=1)
        closed = asyncio.Event()
        connection.close_callbacks.add(lambda *_: closed.set())
        await proxy.silence()
        async with asyncio.timeout(10):
            await closed.wait()
        await close_connection(connection)


async def test_closing_towards_a_silent_broker_over_amqps_ends(node: Node, trusted: str) -> None:
    assert node.tls_port is not None
    async with FaultProxy(node.tls_port) as proxy:
        connection = await connect(proxy.through(trusted), name="tests")
        channel = await connection.channel(publisher_confirms=False)
        await proxy.silence()
        underlay = cast("aiormq.Channel", await channel.get_underlay_channel())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                for _ in range(300):
                    await underlay.basic_publish(bytes(100_000), routing_key="nowhere", wait=False)
        began = time.monotonic()
        await close_connection(connection, timeout=1)
        assert time.monotonic() - began < 4
        assert connection.is_closed


def test_the_authority_of_the_settings_goes_with_amqps_only_and_not_before_one_of_the_address() -> None:
    file = Path("/etc/ssl/bus.pem")
    assert with_authority("amqp://a:b@host/core", file) == "amqp://a:b@host/core"
    assert with_authority("amqps://a:b@host/core", None) == "amqps://a:b@host/core"
    assert URL(with_authority("amqps://a:b@host/core", file)).query["cafile"] == str(file)
    several = split_addresses(with_authority("amqps://a:b@one,two:5671/core?heartbeat=5", file))
    assert [URL(url).query["cafile"] for url in several] == [str(file)] * 2
    assert with_authority("amqps://a:b@host/core?cafile=own.pem", file) == "amqps://a:b@host/core?cafile=own.pem"
