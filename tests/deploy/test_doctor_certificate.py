"""The doctor checks the certificate that external clients see."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from culture_connect_cli.broker.connection import Amqps, amqps_of
from culture_connect_cli.doctor.certificate import check_certificate
from culture_connect_cli.doctor.check import CheckError
from culture_connect_cli.stack.ports import free_port
from tests.support.certificates import Authority

NOW = datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path / "authority", now=NOW)


@asynccontextmanager
async def server(authority: Authority, *, trusting: Path | None = None) -> AsyncIterator[Amqps]:
    """A server with the certificate, and where it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.tls.certificate, authority.tls.key)
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield Amqps("localhost", port, trusting or authority.ca_file)


async def said(authority: Authority, at: datetime, *, trusting: Path | None = None) -> Sequence[str]:
    async with server(authority, trusting=trusting) as amqps:
        found = await check_certificate(amqps, at)
        return [finding.what.replace(f"localhost:{amqps.port}", "HERE") for finding in found]


async def test_a_certificate_with_time_left_is_well(authority: Authority) -> None:
    assert await said(authority, NOW) == []
    assert await said(authority, NOW + timedelta(days=350)) == []


@pytest.mark.parametrize(("days", "left"), [(352, "12 days"), (363.5, "1 day"), (364.5, "0 days")])
async def test_a_certificate_that_ends_soon_is_told(authority: Authority, days: float, left: str) -> None:
    assert await said(authority, NOW + timedelta(days=days)) == [f"the broker's certificate at HERE expires in {left}"]


async def test_a_certificate_that_parties_do_not_accept_is_told(authority: Authority, tmp_path: Path) -> None:
    other = Authority.make(tmp_path / "other")
    [what] = await said(authority, NOW, trusting=other.ca_file)
    assert what.startswith("clients do not accept the broker's certificate at HERE: ")
    authority.issue(now=NOW - timedelta(days=400))
    [what] = await said(authority, NOW)
    assert what == "clients do not accept the broker's certificate at HERE: certificate has expired"


async def test_nobody_there_and_no_file_are_told(authority: Authority, tmp_path: Path) -> None:
    nobody = Amqps("localhost", free_port(), authority.ca_file)
    with pytest.raises(CheckError, match=r"the broker does not speak TLS at localhost:\d+ \(ConnectionRefusedError\)"):
        await check_certificate(nobody, NOW)
    async with server(authority, trusting=tmp_path / "nowhere.pem") as amqps:
        with pytest.raises(CheckError, match="FileNotFoundError"):
            await check_certificate(amqps, NOW)


def test_an_address_without_a_port_has_the_usual_one() -> None:
    assert amqps_of("bus.example", None) == Amqps("bus.example", 5671)
    assert amqps_of("bus.example:5673", Path("ca.pem")) == Amqps("bus.example", 5673, Path("ca.pem"))
    assert amqps_of(None, Path("ca.pem")) is None
