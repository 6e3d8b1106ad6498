"""A private node offers amqps to external clients, with TLS 1.2 or 1.3 and a certificate that is renewed."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pika
import psutil
import pytest
from cryptography import x509

from culture_connect_cli.stack import RabbitMQ, StackError
from culture_connect_cli.stack.processes import processes_in
from tests.support.certificates import Authority
from tests.support.fault_proxy import FaultProxy

pytestmark = pytest.mark.timeout(240)

PASSWORD = "of the administrator"


@pytest.fixture(scope="module")
def authority(scratch: Path) -> Authority:
    return Authority.make(scratch / "amqps-authority")


@pytest.fixture(scope="module")
def node(scratch: Path, authority: Authority) -> Iterator[RabbitMQ]:
    with RabbitMQ(scratch / "amqps", password=PASSWORD, log=scratch / "amqps.log", tls=authority.tls) as node:
        yield node


def port_of(node: RabbitMQ) -> int:
    assert node.tls_port is not None
    return node.tls_port


def url_of(node: RabbitMQ, ca_file: Path) -> str:
    return f"amqps://{node.username}:of%20the%20administrator@localhost:{port_of(node)}/%2F?cafile={ca_file}"


def shake_hands(node: RabbitMQ, context: ssl.SSLContext) -> tuple[str | None, str, int]:
    """Version, cipher and serial number of the certificate."""
    with (
        socket.create_connection((node.host, port_of(node)), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        shown, cipher = wrapped.getpeercert(binary_form=True), wrapped.cipher()
        assert shown is not None
        assert cipher is not None
        return wrapped.version(), cipher[0], x509.load_der_x509_certificate(shown).serial_number


async def test_a_party_with_aio_pika_gets_in(node: RabbitMQ, authority: Authority) -> None:
    async with await aio_pika.connect(url_of(node, authority.ca_file), timeout=10) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await channel.default_exchange.publish(aio_pika.Message(b"over TLS"), queue.name)
        message = await queue.get()
        assert message.body == b"over TLS"


def test_a_party_with_pika_gets_in(node: RabbitMQ, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=authority.ca_file)
    parameters = pika.ConnectionParameters(
        "localhost",
        port_of(node),
        credentials=pika.PlainCredentials(node.username, PASSWORD),
        ssl_options=pika.SSLOptions(context, "localhost"),
    )
    connection = pika.BlockingConnection(parameters)
    assert connection.channel().queue_declare("", exclusive=True).method.message_count == 0
    connection.close()


def test_a_party_that_trusts_another_authority_does_not_believe_the_broker(node: RabbitMQ, scratch: Path) -> None:
    other = Authority.make(scratch / "another-authority")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(node, ssl.create_default_context(cafile=other.ca_file))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken_with_forward_secrecy(
    node: RabbitMQ, authority: Authority, version: ssl.TLSVersion
) -> None:
    context = ssl.create_default_context(cafile=authority.ca_file)
    context.minimum_version = context.maximum_version = version
    spoken, cipher, _ = shake_hands(node, context)
    assert spoken == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
    assert cipher.startswith(("ECDHE-ECDSA-", "TLS_"))


@pytest.mark.parametrize(
    ("version", "ciphers"),
    [
        (ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "NULL:aNULL:@SECLEVEL=0"),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_older_versions_and_weaker_ciphers_are_refused(
    node: RabbitMQ, authority: Authority, version: ssl.TLSVersion, ciphers: str
) -> None:
    context = ssl.create_default_context(cafile=authority.ca_file)
    context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = version
    with pytest.raises(ssl.SSLError, match=r"(?i)alert|handshake"):
        shake_hands(node, context)


def test_a_renewed_certificate_is_shown_to_the_next_connection_without_a_restart(
    node: RabbitMQ, authority: Authority
) -> None:
    context = ssl.create_default_context(cafile=authority.ca_file)
    before = shake_hands(node, context)[2]
    (process,) = node.processes[:1]
    authority.issue()
    node.renew_certificate()
    assert shake_hands(node, context)[2] != before
    assert node.processes[:1] == [process]


async def test_who_connects_and_says_nothing_is_gone_after_some_seconds(node: RabbitMQ) -> None:
    reader, writer = await asyncio.open_connection(node.host, port_of(node))
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(12):
            assert await reader.read() == b""
    writer.close()


async def test_hundreds_who_connect_and_say_nothing_keep_nobody_out(node: RabbitMQ, authority: Authority) -> None:
    silent = await asyncio.gather(*(asyncio.open_connection(node.host, port_of(node)) for _ in range(500)))
    began = time.monotonic()
    async with await aio_pika.connect(url_of(node, authority.ca_file), timeout=10):
        assert time.monotonic() - began < 2
    for _, writer in silent:
        writer.transport.abort()


async def test_a_party_hears_of_a_wire_that_falls_silent_in_the_handshake(node: RabbitMQ, authority: Authority) -> None:
    async with FaultProxy(port_of(node)) as proxy:
        await proxy.silence(["downstream"])
        url = proxy.through(url_of(node, authority.ca_file))
        with pytest.raises(TimeoutError):
            await aio_pika.connect(url, timeout=1)


def test_it_listens_on_loopback_only_in_clear_and_with_tls(node: RabbitMQ) -> None:
    connections = psutil.Process(node.processes[0].pid).net_connections("inet")
    listening = {tuple(each.laddr) for each in connections if each.status == "LISTEN"}
    assert {(node.host, node.port), (node.host, port_of(node))} < listening
    assert {address for address, _ in listening} == {"127.0.0.1"}


def test_the_key_is_for_the_nodes_owner_only(node: RabbitMQ) -> None:
    for path in (node.folder / "tls").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_without_a_certificate_there_is_no_such_listener(tmp_path: Path) -> None:
    node = RabbitMQ(tmp_path, password="x", log=tmp_path / "log")
    assert node.tls_port is None
    assert node.ca_file is None
    with pytest.raises(StackError, match="no certificate"):
        node.renew_certificate()


def test_a_certificate_that_cannot_be_read_is_named_and_nothing_is_left_running(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path / "authority")
    authority.tls.key.unlink()
    node = RabbitMQ(tmp_path / "node", password="x", log=tmp_path / "log", tls=authority.tls)
    with pytest.raises(StackError, match=r"certificate_key\.pem cannot be read"), node:
        pass
    assert processes_in(node.folder, {"epmd", "beam.smp"}) == []
