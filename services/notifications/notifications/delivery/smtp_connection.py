"""A connection to the mail server, kept open from mail to mail."""

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException, SMTPServerDisconnected

from notifications.delivery.smtp_session import ServerExtensions, SmtpSession
from notifications.domain.outcomes import DeliveryFault, DeliveryOutcome, MailDeferred, MailRefused
from notifications.rendering.composer import Mail
from notifications.rendering.sanitize import UnusableAddressError, ascii_address

Tls = Literal["none", "starttls", "tls"]

MAILS_PER_CONNECTION = 100  # servers grow suspicious of connections that never end


@dataclass(frozen=True, slots=True)
class MailServer:
    """The address of the mail server, and the terms of a session with it.

    `tls` protects the connection: none, STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314); the certificate has
    to be the host's, signed by an authority that this machine trusts or by one in `ca_file` (PEM). `hello` is the
    client's name (RFC 5321, 4.1.1.1), `timeout` the seconds for one step of the session.
    """

    host: str
    port: int
    tls: Tls = "none"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    hello: str = "localhost"
    timeout: float = 20.0


class SmtpConnection:
    """Sends one mail after the other. Connects when it has to, and again after anything went wrong."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._session: SmtpSession | None = None
        self._mails = 0

    async def send(self, mail: Mail) -> DeliveryOutcome:
        """Sends one mail; failures of server and connection are outcomes, not exceptions."""
        try:
            ascii_address(mail.recipient)
        except UnusableAddressError:
            return MailRefused("unusable-address", DeliveryFault.ADDRESS)
        reused = self._session is not None and self._session.open
        outcome = await self._attempt(mail)
        # A server may close a connection that was idle: that says nothing about its health.
        if reused and isinstance(outcome, MailDeferred) and outcome.server_away and not outcome.may_have_arrived:
            await self.close()
            outcome = await self._attempt(mail)
        self._mails += 1
        if (isinstance(outcome, MailDeferred) and outcome.server_away) or self._mails >= MAILS_PER_CONNECTION:
            await self.close()
        return outcome

    async def close(self) -> None:
        """Ends the session, with QUIT where the server still listens."""
        session, self._session, self._mails = self._session, None, 0
        if session is not None:
            await session.close()

    async def _attempt(self, mail: Mail) -> DeliveryOutcome:
        try:
            session = await self._connected()
        except SMTPResponseException as error:
            return MailDeferred(f"smtp-{error.code}", server_away=True)
        except (SMTPException, OSError) as error:
            return MailDeferred(_reason_of(error), server_away=True)
        return await session.transfer(mail)

    async def _connected(self) -> SmtpSession:
        if self._session is not None and self._session.open:
            return self._session
        await self.close()
        self._session = await _open(self._server)
        return self._session


class _MissingExtensionError(SMTPException):
    """The server does not offer STARTTLS, or no login method that this client has."""


async def _open(server: MailServer) -> SmtpSession:
    """Connects, greets, starts TLS and logs in. Raises SMTPException or OSError when that fails."""
    client = SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls == "tls",
        start_tls=False,
        local_hostname=server.hello,
        timeout=server.timeout,
        cert_bundle=str(server.ca_file) if server.ca_file is not None else None,
    )
    try:
        await client.connect()
        await _greet(client)
        if server.tls == "starttls":
            if not client.supports_extension("starttls"):
                raise _MissingExtensionError("starttls-missing")
            await client.starttls()
            await _greet(client)  # extensions named in clear may have been anybody's (RFC 3207, 4.2)
        if server.username is not None:
            await _log_in(client, server.username, server.password or "")
        if not client.is_connected:
            raise SMTPServerDisconnected("Connection lost")
        # From here on the transport is the session's: the client takes one answer at a time, and drops all after it.
        return SmtpSession(cast(asyncio.Transport, client.transport), _extensions(client), server.timeout)
    except BaseException:
        client.close()
        raise


async def _greet(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


async def _log_in(client: SMTP, username: str, password: str) -> None:
    """Tries one method: a server that counts wrong passwords would count every method that is tried."""
    if "plain" in client.server_auth_methods:
        await client.auth_plain(username, password)
    elif "login" in client.server_auth_methods:
        await client.auth_login(username, password)
    else:
        raise _MissingExtensionError("login-missing")


def _extensions(client: SMTP) -> ServerExtensions:
    size = client.esmtp_extensions.get("size", "")
    return ServerExtensions(
        pipelining=client.supports_extension("pipelining"),
        dsn=client.supports_extension("dsn"),
        # RFC 1870, 4: none or zero is no limit.
        size=int(size) or None if size.isdecimal() else None,
    )


def _reason_of(error: Exception) -> str:
    if isinstance(error, _MissingExtensionError):
        return error.message
    if isinstance(error, ssl.SSLCertVerificationError) or isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return "certificate-not-trusted"
    return type(error).__name__
