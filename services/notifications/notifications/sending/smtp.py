"""One line to the mail server, kept open from letter to letter."""

import contextlib
from dataclasses import dataclass, field
from typing import Literal

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from notifications.rendering.letters import Mail
from notifications.sending.outcomes import Deferred, Outcome, Refused, Sent

Tls = Literal["none", "starttls", "tls"]

LETTERS_PER_LINE = 100  # servers grow suspicious of lines that never end
_CLOSING = 421  # RFC 5321, 4.2.1: the server is about to hang up


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where the mail server is, and how to speak to it.

    `hello` is the name we give (RFC 5321, 4.1.1.1), `timeout` seconds for one step of the dialogue.
    """

    host: str
    port: int
    tls: Tls = "none"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    hello: str = "localhost"
    timeout: float = 20.0


class SmtpLine:
    """Sends one letter after the other. Connects when it has to, and again after anything went wrong."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._client: SMTP | None = None
        self._letters = 0

    async def send(self, mail: Mail) -> Outcome:
        """One dialogue (RFC 5321, 3.3); never raises for what a server or a line does."""
        reused = self._client is not None and self._client.is_connected
        outcome = await self._dialogue(mail)
        # A server may hang up a line that was idle: that says nothing about its health.
        if reused and isinstance(outcome, Deferred) and outcome.server_away and not outcome.may_have_arrived:
            await self.close()
            outcome = await self._dialogue(mail)
        self._letters += 1
        if (isinstance(outcome, Deferred) and outcome.server_away) or self._letters >= LETTERS_PER_LINE:
            await self.close()
        return outcome

    async def close(self) -> None:
        """Hangs up, politely where the server still listens."""
        client, self._client, self._letters = self._client, None, 0
        if client is None:
            return
        try:
            with contextlib.suppress(SMTPException, OSError):
                await client.quit(timeout=2)
        finally:
            client.close()

    async def _dialogue(self, mail: Mail) -> Outcome:
        handing_over = False
        try:
            client = await self._connected()
            await client.mail(mail.sender)
            await client.rcpt(mail.recipient)
            handing_over = True
            await client.data(mail.message)
        except (SMTPRecipientRefused, SMTPDataError) as error:
            await self._reset()
            return _answer_to_letter(error)
        except SMTPResponseException as error:
            # Greeting, login, sender: the server refuses us, not this letter.
            return Deferred(f"smtp-{error.code}", server_away=True)
        except (SMTPException, OSError) as error:
            return Deferred(type(error).__name__, server_away=True, may_have_arrived=handing_over)
        return Sent()

    async def _connected(self) -> SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        server = self._server
        self._client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            local_hostname=server.hello,
            timeout=server.timeout,
        )
        self._letters = 0
        await self._client.connect()
        return self._client

    async def _reset(self) -> None:
        """Makes the line ready for the next letter, or gives it up."""
        try:
            if self._client is not None:
                await self._client.rset()
        except (SMTPException, OSError):
            await self.close()


def _answer_to_letter(error: SMTPRecipientRefused | SMTPDataError) -> Outcome:
    """5xx is for good, 4xx for now (RFC 5321, 4.2.1)."""
    reason = f"smtp-{error.code}"
    if 500 <= error.code < 600:
        return Refused(reason)
    return Deferred(reason, server_away=error.code == _CLOSING)
