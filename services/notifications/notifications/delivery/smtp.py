"""One line to the mail server, kept open from letter to letter."""

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException, SMTPServerDisconnected

from notifications.delivery.outcomes import Deferred, Outcome, Refused
from notifications.delivery.pipeline import Abilities, Dialogue
from notifications.domain.faults import Fault
from notifications.rendering.composer import Mail
from notifications.rendering.sanitize import UnusableAddressError, ascii_address

Tls = Literal["none", "starttls", "tls"]

LETTERS_PER_LINE = 100  # servers grow suspicious of lines that never end


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where the mail server is, and how to speak to it.

    `tls` is what protects the line: nothing, STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314); the certificate
    has to be the host's, vouched for by an authority that this machine knows or by one in `ca_file` (PEM). `hello` is
    the name we give (RFC 5321, 4.1.1.1), `timeout` seconds for one step of the dialogue.
    """

    host: str
    port: int
    tls: Tls = "none"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    hello: str = "localhost"
    timeout: float = 20.0


class SmtpLine:
    """Sends one letter after the other. Connects when it has to, and again after anything went wrong."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._dialogue: Dialogue | None = None
        self._letters = 0

    async def send(self, mail: Mail) -> Outcome:
        """One dialogue (RFC 5321, 3.3); never raises for what a server or a line does."""
        try:
            ascii_address(mail.recipient)
        except UnusableAddressError:
            return Refused("unusable-address", Fault.ADDRESS)
        reused = self._dialogue is not None and self._dialogue.open
        outcome = await self._attempt(mail)
        # A server may hang up a line that was idle: that says nothing about its health.
        if reused and isinstance(outcome, Deferred) and outcome.server_away and not outcome.may_have_arrived:
            await self.close()
            outcome = await self._attempt(mail)
        self._letters += 1
        if (isinstance(outcome, Deferred) and outcome.server_away) or self._letters >= LETTERS_PER_LINE:
            await self.close()
        return outcome

    async def close(self) -> None:
        """Hangs up, politely where the server still listens."""
        dialogue, self._dialogue, self._letters = self._dialogue, None, 0
        if dialogue is not None:
            await dialogue.hang_up()

    async def _attempt(self, mail: Mail) -> Outcome:
        try:
            dialogue = await self._connected()
        except SMTPResponseException as error:
            return Deferred(f"smtp-{error.code}", server_away=True)
        except (SMTPException, OSError) as error:
            return Deferred(_reason_of(error), server_away=True)
        return await dialogue.transfer(mail)

    async def _connected(self) -> Dialogue:
        if self._dialogue is not None and self._dialogue.open:
            return self._dialogue
        await self.close()
        self._dialogue = await _open(self._server)
        return self._dialogue


class _Missing(SMTPException):
    """The server does not offer STARTTLS, or no way to log in that we know."""


async def _open(server: MailServer) -> Dialogue:
    """Connects, greets, protects the line and logs in. Raises SMTPException or OSError for what prevents it."""
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
                raise _Missing("starttls-missing")
            await client.starttls()
            await _greet(client)  # what was said in clear may have been anybody's (RFC 3207, 4.2)
        if server.username is not None:
            await _log_in(client, server.username, server.password or "")
        if not client.is_connected:
            raise SMTPServerDisconnected("Connection lost")
        # From here on the line is the dialogue's: the client takes one answer at a time, and drops what comes with it.
        return Dialogue(cast(asyncio.Transport, client.transport), _abilities(client), server.timeout)
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
    """One try: a server that counts wrong passwords would count every method that is tried."""
    if "plain" in client.server_auth_methods:
        await client.auth_plain(username, password)
    elif "login" in client.server_auth_methods:
        await client.auth_login(username, password)
    else:
        raise _Missing("login-missing")


def _abilities(client: SMTP) -> Abilities:
    size = client.esmtp_extensions.get("size", "")
    return Abilities(
        pipelining=client.supports_extension("pipelining"),
        dsn=client.supports_extension("dsn"),
        # RFC 1870, 4: none or zero is no limit.
        size=int(size) or None if size.isdecimal() else None,
    )


def _reason_of(error: Exception) -> str:
    if isinstance(error, _Missing):
        return error.message
    if isinstance(error, ssl.SSLCertVerificationError) or isinstance(error.__cause__, ssl.SSLCertVerificationError):
        return "certificate-not-trusted"
    return type(error).__name__
