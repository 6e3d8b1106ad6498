"""A real mail server on loopback that can be told to be unfriendly."""

import asyncio
import ssl
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

OK = "250 OK"


@dataclass(frozen=True)
class Received:
    """A mail that came through the whole dialogue, whatever was answered at its end."""

    recipient: str
    message: bytes
    line: str

    @property
    def mail(self) -> EmailMessage:
        """As a mail program reads it; anything wrong with it fails."""
        read = message_from_bytes(self.message, policy=policy.default)
        assert isinstance(read, EmailMessage)
        assert [defect for part in read.walk() for defect in part.defects] == []
        return read

    @property
    def message_id(self) -> str:
        """The Message-ID as it was sent."""
        return str(self.mail["Message-ID"])


class MailServer:
    """Takes mail on a port that stays the same when it is stopped and started again.

    `from_`, `to` and `take` are asked for the answer to a sender, a recipient, and a whole mail; an answer "drop"
    breaks the connection instead. `tls` protects the line from the first byte, `starttls` when it is asked for; with
    `login`, a user and a password, nobody sends without them.
    """

    def __init__(
        self,
        *,
        pipelining: bool = True,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        mechanisms: frozenset[str] = frozenset({"PLAIN", "LOGIN"}),
    ) -> None:
        self._pipelining = pipelining
        self._tls = tls
        self._starttls = starttls
        self._login = login
        self._without = {"PLAIN", "LOGIN"} - mechanisms
        self.logins: list[str] = []
        self.received: list[Received] = []
        self.port = 0
        self.from_: Callable[[str], str] = lambda _: OK
        self.to: Callable[[str], str] = lambda _: OK
        self.take: Callable[[str], str] = lambda _: OK
        self._held: str | None = None
        self._released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Transport] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        await self.stop()

    async def start(self) -> None:
        """Takes connections."""
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol, "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Breaks all connections and refuses new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.hang_up()

    def hang_up(self) -> None:
        """Breaks all connections and takes new ones, as servers do with idle lines."""
        for line in list(self._lines):
            line.abort()
        self._lines.clear()

    def hold(self, recipient: str) -> None:
        """Takes whole mails to this address without answering, until `release`."""
        self._held = recipient

    def release(self) -> None:
        """Answers what was held, and everything from now on."""
        self._held = None
        self._released.set()

    @property
    def recipients(self) -> list[str]:
        """To whom mails came, in their order."""
        return [each.recipient for each in self.received]

    def of(self, recipient: str) -> list[Received]:
        """The mails to this address."""
        return [each for each in self.received if each.recipient == recipient]

    def _protocol(self) -> SMTP:
        with warnings.catch_warnings():
            # It does not see TLS that was there before it, and thinks of the passwords.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
            return SMTP(
                self,
                hostname="mail.example",
                timeout=60,
                tls_context=self._starttls,
                require_starttls=self._starttls is not None,
                auth_required=self._login is not None,
                auth_require_tls=self._tls is None,
                auth_exclude_mechanism=self._without,
                authenticator=self._authenticate,
            )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, given: LoginPassword
    ) -> AuthResult:
        self.logins.append(mechanism)
        return AuthResult(success=(given.login.decode(), given.password.decode()) == self._login, handled=False)

    # Called by aiosmtpd

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Lists the extensions. aiosmtpd takes commands in groups, but does not say so."""
        session.host_name = hostname
        return ["250-mail.example", *(["250-PIPELINING"] if self._pipelining else []), *responses[1:]]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """The answer to a sender."""
        self._lines.add(cast(asyncio.Transport, server.transport))  # uvloop's is none by inheritance
        envelope.mail_from = address
        return self._answer(server, self.from_(address))

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """The answer to a recipient."""
        answer = self._answer(server, self.to(address))
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The answer to a whole mail."""
        [recipient] = envelope.rcpt_tos
        content = envelope.original_content
        assert isinstance(content, bytes)
        self.received.append(Received(recipient, content, str(session.peer)))
        if recipient == self._held:
            await self._released.wait()
        return self._answer(server, self.take(recipient))

    def _answer(self, server: Any, answer: str) -> str:
        if answer == "drop":
            server.transport.abort()
            return OK
        return answer


def once(answer: str) -> Callable[[str], str]:
    """This answer the first time, and a friendly one afterwards."""
    answers = [answer]
    return lambda _: answers.pop() if answers else OK
