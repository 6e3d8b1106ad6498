"""Protected lines: who the mail server is, and who we are. When either is in doubt no letter goes out."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvloop

from notifications.delivery.smtp_connection import MailServer as Address
from notifications.delivery.smtp_connection import SmtpConnection, Tls
from notifications.domain.outcomes import DeliveryOutcome, MailDeferred, MailSent
from notifications.rendering.composer import Mail
from tests.service.notifications.mail_server import MailServer
from tests.support.smtp_sink import Sink

MAIL = Mail("avond@cultureconnect.example", "zoe@acme.example", b"Message-ID: <1@cultureconnect.example>\r\n\r\n")
USER, PASSWORD = "letters", "Gr0ene-Draak"
PROTECTED: list[Tls] = ["tls", "starttls"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Returns the authority that signed the mail server's certificate."""
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its certificate, as a file."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def certified(authority: trustme.CA, host: str = "127.0.0.1") -> ssl.SSLContext:
    """The server's side of TLS, as `host`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


def protected(tls: Tls, context: ssl.SSLContext, **others: Any) -> MailServer:
    """A mail server that protects its lines so."""
    return MailServer(tls=context, **others) if tls == "tls" else MailServer(starttls=context, **others)


@asynccontextmanager
async def line_to(server: MailServer | Sink, tls: Tls, **others: Any) -> AsyncIterator[SmtpConnection]:
    """A line that is to be protected so."""
    line = SmtpConnection(Address("127.0.0.1", server.port, tls=tls, timeout=5, **others))
    yield line
    await line.close()


async def sent_to(server: MailServer, tls: Tls, **others: Any) -> DeliveryOutcome:
    """Returns the outcome of a mail over a connection with this protection; it arrived if and only if it was sent."""
    async with line_to(server, tls, **others) as line:
        outcome = await line.send(MAIL)
        assert len(server.received) == (outcome == MailSent())
        return outcome


@pytest.mark.parametrize("tls", PROTECTED)
async def test_a_letter_goes_to_a_server_that_proves_who_it_is(authority: trustme.CA, ca_file: Path, tls: Tls) -> None:
    async with protected(tls, certified(authority)) as server, line_to(server, tls, ca_file=ca_file) as line:
        assert [await line.send(MAIL), await line.send(MAIL)] == [MailSent(), MailSent()]
        assert len({received.line for received in server.received}) == 1


@pytest.mark.parametrize("tls", PROTECTED)
async def test_a_server_that_nobody_known_vouches_for_gets_none(authority: trustme.CA, tls: Tls) -> None:
    async with protected(tls, certified(authority)) as server:
        assert await sent_to(server, tls) == MailDeferred("certificate-not-trusted", server_away=True)


@pytest.mark.parametrize("tls", PROTECTED)
async def test_a_server_that_is_somebody_else_gets_none(authority: trustme.CA, ca_file: Path, tls: Tls) -> None:
    async with protected(tls, certified(authority, "mail.elsewhere.example")) as server:
        outcome = await sent_to(server, tls, ca_file=ca_file)
    assert outcome == MailDeferred("certificate-not-trusted", server_away=True)


async def test_a_letter_never_goes_in_clear_when_the_server_does_not_offer_starttls() -> None:
    async with MailServer() as server:
        assert await sent_to(server, "starttls") == MailDeferred("starttls-missing", server_away=True)


async def test_a_letter_never_goes_in_clear_when_the_server_will_not_begin_tls() -> None:
    def mood(step: str, _argument: str) -> str | None:
        return "454 4.7.0 not now" if step == "STAR" else None

    async with Sink(extensions=["STARTTLS"], mood=mood) as sink, line_to(sink, "starttls") as line:
        assert await line.send(MAIL) == MailDeferred("smtp-454", server_away=True)
        assert sink.heard == [[["EHLO localhost"], ["STARTTLS"]]]


async def test_a_server_that_speaks_no_tls_is_away() -> None:
    async with MailServer() as server:
        outcome = await sent_to(server, "tls")
    assert isinstance(outcome, MailDeferred)
    assert (outcome.server_away, outcome.may_have_arrived) == (True, False)


async def test_a_file_of_authorities_that_is_not_there_is_an_outcome(authority: trustme.CA, tmp_path: Path) -> None:
    async with MailServer(tls=certified(authority)) as server:
        outcome = await sent_to(server, "tls", ca_file=tmp_path / "none.pem")
    assert outcome == MailDeferred("FileNotFoundError", server_away=True)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("tls", PROTECTED)
async def test_who_logs_in_may_send(authority: trustme.CA, ca_file: Path, tls: Tls, mechanism: str) -> None:
    knows = {"login": (USER, PASSWORD), "mechanisms": frozenset({mechanism})}
    async with protected(tls, certified(authority), **knows) as server:
        assert await sent_to(server, tls, ca_file=ca_file, username=USER, password=PASSWORD) == MailSent()
    assert server.logins == [mechanism]


async def test_a_wrong_password_is_tried_once_and_is_no_fault_of_the_letter(
    authority: trustme.CA, ca_file: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="notifications")
    caplog.set_level("DEBUG", logger="asyncio")
    async with MailServer(starttls=certified(authority), login=(USER, PASSWORD)) as server:
        outcome = await sent_to(server, "starttls", ca_file=ca_file, username=USER, password="Grijze-Muis")
    assert outcome == MailDeferred("smtp-535", server_away=True)
    assert server.logins == ["PLAIN"]
    assert "Grijze-Muis" not in caplog.text + "".join(capfd.readouterr())


async def test_a_server_that_wants_a_login_is_away_to_whom_has_none(authority: trustme.CA, ca_file: Path) -> None:
    async with MailServer(starttls=certified(authority), login=(USER, PASSWORD)) as server:
        assert await sent_to(server, "starttls", ca_file=ca_file) == MailDeferred("smtp-530", server_away=True)


async def test_a_server_that_knows_no_login_is_not_told_the_password(authority: trustme.CA, ca_file: Path) -> None:
    async with MailServer(tls=certified(authority), mechanisms=frozenset()) as server:
        outcome = await sent_to(server, "tls", ca_file=ca_file, username=USER, password=PASSWORD)
    assert outcome == MailDeferred("login-missing", server_away=True)
    assert server.logins == []


def test_a_password_is_never_shown() -> None:
    address = Address("127.0.0.1", 587, tls="starttls", username=USER, password=PASSWORD)
    assert PASSWORD not in f"{address!r} {address} {SmtpConnection(address)!r}"


@pytest.mark.parametrize("tls", PROTECTED)
def test_the_loop_that_the_service_runs_on_protects_it_too(authority: trustme.CA, ca_file: Path, tls: Tls) -> None:
    context = certified(authority)

    async def send() -> list[DeliveryOutcome]:
        async with protected(tls, context, login=(USER, PASSWORD)) as server:
            known = {"ca_file": ca_file, "username": USER, "password": PASSWORD}
            return [await sent_to(server, tls, **known)]

    assert uvloop.run(send()) == [MailSent()]
