"""The SMTP session on an open connection: one mail after the other, in as few round trips as the server allows."""

import asyncio
import contextlib
import re
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from aiosmtplib import SMTPException, SMTPReadTimeoutError, SMTPServerDisconnected

from notifications.domain.outcomes import (
    DeliveryFault,
    DeliveryOutcome,
    MailDeferred,
    MailRefused,
    MailSent,
    classify_fault,
)
from notifications.rendering.composer import Mail

# RFC 5321, 4.2: three digits, and a hyphen when the reply goes on in the next line. The text is for people.
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:(-)|[ \r]|\Z)(?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?=[ \r]|\Z))?")
_LONGEST_LINE = 8192  # bytes; RFC 5321, 4.5.3.1.5 asks for 512
_LINE_END = re.compile(rb"\r\n|\r|\n")
_CONTROL = re.compile(r"[^\x20-\x7e]")
_LONGEST_ENVELOPE_ID = 100  # RFC 3461, 4.4

_GO_AHEAD = 354
_CLOSING = 421  # RFC 5321, 4.2.1: the server is about to hang up
_QUIT_TIMEOUT = 2.0  # seconds that a server has to answer QUIT
# Replies about the session and its client, whatever command they follow: RFC 5321, 4.2.3; RFC 4954, 6.
_ABOUT_SENDER = frozenset({_CLOSING, 503, 530})


class SmtpReply(NamedTuple):
    """The code of a reply, and its enhanced status code where it has one (RFC 2034)."""

    code: int
    status: str | None = None


@dataclass(frozen=True, slots=True)
class ServerExtensions:
    """The extensions of a server: PIPELINING (RFC 2920), DSN (RFC 3461), SIZE (RFC 1870; bytes, None: any)."""

    pipelining: bool = False
    dsn: bool = False
    size: int | None = None


class SmtpSession(asyncio.Protocol):
    """The session after its opening: greeting, EHLO, TLS, login.

    Takes the connection over from the client that opened it; `timeout` is the seconds for one answer.
    """

    def __init__(self, transport: asyncio.Transport, abilities: ServerExtensions, timeout: float) -> None:
        self._transport = transport
        self._abilities = abilities
        self._timeout = timeout
        self._rest = b""
        self._codes: deque[SmtpReply] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._failure: str | None = None  # why no reply will come any more
        self._in_transaction = False
        transport.set_protocol(self)

    @property
    def open(self) -> bool:
        """Returns whether the next mail may go over this connection, as far as is known by now."""
        return self._failure is None and not self._transport.is_closing()

    async def transfer(self, mail: Mail) -> DeliveryOutcome:
        """Does one mail transaction (RFC 5321, 3.3); failures of server and connection are outcomes, not exceptions.

        Raises ValueError for an address that cannot be part of a command.
        """
        if self._abilities.size is not None and len(mail.message) > self._abilities.size:
            return MailRefused("too-large")
        commands = self._envelope(mail)
        self._in_transaction, handed_over = True, False
        try:
            outcome = await self._send_envelope(commands)
            if outcome is None:
                text = as_data(mail.message)
                handed_over = self.open
                outcome = _outcome_of_text(await self._ask(text))
        except (SMTPException, OSError) as error:
            self._break("connection broken")
            return MailDeferred(type(error).__name__, server_away=True, may_have_arrived=handed_over)
        self._in_transaction = False
        return outcome

    async def close(self) -> None:
        """Ends the session: with QUIT, or at once when an answer is still due or the connection is lost."""
        if self._in_transaction or not self.open:
            # What is not written yet must not be: half a mail is none, a whole one may be taken as sent.
            self._transport.abort()
            return
        try:
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(_QUIT_TIMEOUT):
                    await self._ask(b"QUIT\r\n")
        finally:
            self._transport.close()

    def _envelope(self, mail: Mail) -> tuple[bytes, bytes, bytes]:
        sender = f"MAIL FROM:<{mail.sender}>"
        envelope_id = xtext(mail.envelope_id)
        if self._abilities.dsn and 0 < len(envelope_id) <= _LONGEST_ENVELOPE_ID:
            sender += f" RET=HDRS ENVID={envelope_id}"
        return _command(sender), _command(f"RCPT TO:<{mail.recipient}>"), b"DATA\r\n"

    async def _send_envelope(self, commands: tuple[bytes, bytes, bytes]) -> DeliveryOutcome | None:
        """Sends MAIL, RCPT and DATA. Returns None when the server waits for the text, else why it does not get it."""
        if self._codes:
            raise SMTPServerDisconnected("unexpected reply")
        # RFC 2920, 3.1: DATA may only be the last of a group, and each command has its reply whatever came before.
        together = self._abilities.pipelining
        if together:
            self._write(b"".join(commands))
        refusal: DeliveryOutcome | None = None
        try:
            for number, command in enumerate(commands):
                reply = await (self._reply() if together else self._ask(command))
                code = reply.code
                if refusal is None and not _accepted(number, code):
                    refusal = _outcome_of_sender(code) if number == 0 else _outcome_of_mail(reply)
                if code == _CLOSING:
                    self._break("server closing")
                    break
                if refusal is not None and not together:
                    break
            if refusal is not None and self.open:
                await self._reset(waits_for_text=code == _GO_AHEAD)
        except (SMTPException, OSError):
            if refusal is None:
                raise
            self._break("connection broken")  # the answer to the mail holds nevertheless
        return refusal

    async def _reset(self, *, waits_for_text: bool) -> None:
        # RFC 2920, 3.1: a server may ask for the text though it has no recipient for it, and refuse the empty one.
        if waits_for_text:
            await self._ask(b".\r\n")
        if (await self._ask(b"RSET\r\n")).code // 100 != 2:
            self._break("reset refused")

    async def _ask(self, command: bytes) -> SmtpReply:
        self._write(command)
        return await self._reply()

    def _write(self, data: bytes) -> None:
        if not self.open:
            raise SMTPServerDisconnected(self._failure or "closing")
        self._transport.write(data)

    async def _reply(self) -> SmtpReply:
        """Returns the next reply, in the order of the commands."""
        while not self._codes:
            if self._failure is not None:
                raise SMTPServerDisconnected(self._failure)
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._timeout):
                    await self._waiting
            except TimeoutError:
                raise SMTPReadTimeoutError("no reply in time") from None
        return self._codes.popleft()

    # Called by the transport

    def data_received(self, data: bytes) -> None:
        """Collects replies, in whatever pieces they come."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            reply = _REPLY_LINE.match(line)
            if reply is None or len(line) > _LONGEST_LINE:
                self._break("not a reply")
                break
            if not reply[2]:
                self._codes.append(SmtpReply(int(reply[1]), reply[3].decode() if reply[3] else None))
        if len(self._rest) > _LONGEST_LINE:
            self._break("reply too long")
        self._notify()

    def connection_lost(self, exc: Exception | None) -> None:
        """Records the end of the connection, on whichever side."""
        self._break(self._failure or "connection lost")

    def _break(self, failure: str) -> None:
        self._failure = failure
        self._notify()

    def _notify(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def as_data(message: bytes) -> bytes:
    """Returns the message as DATA carries it: line ends CRLF, dots doubled, ended (RFC 5321, 4.5.2 and 4.1.1.4).

    A lone CR or LF is never sent: servers that take one for a line end would read a second mail in the first.
    """
    ends = message.count(b"\r\n")
    if message.count(b"\n") != ends or message.count(b"\r") != ends:
        message = _LINE_END.sub(b"\r\n", message)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"


def xtext(value: str) -> str:
    """Returns ASCII as a parameter of ESMTP carries it (RFC 3461, 4)."""
    return "".join(each if "!" <= each <= "~" and each not in "+=" else f"+{ord(each):02X}" for each in value)


def _command(line: str) -> bytes:
    if _CONTROL.search(line):
        raise ValueError("a command must be printable ASCII")
    return line.encode("ascii") + b"\r\n"


def _accepted(number: int, code: int) -> bool:
    return code == _GO_AHEAD if number == 2 else code // 100 == 2


def _outcome_of_sender(code: int) -> DeliveryOutcome:
    """The server refuses this sender, not this mail."""
    return MailDeferred(f"smtp-{code}", server_away=True)


def _outcome_of_mail(reply: SmtpReply, *, of_text: bool = False) -> DeliveryOutcome:
    """5xx is permanent, 4xx temporary (RFC 5321, 4.2.1); anything else makes no sense here. A full mailbox empties."""
    code, status = reply
    if code in _ABOUT_SENDER or code < 400:
        return MailDeferred(f"smtp-{code}", server_away=True)
    fault = classify_fault(status, code, of_text=of_text)
    if code < 500 or fault is DeliveryFault.MAILBOX_FULL:
        return MailDeferred(f"smtp-{code}", fault=fault)
    # An operator who looks into it needs the exact code of the server.
    return MailRefused(f"smtp-{code}-{status}" if status and fault is DeliveryFault.OTHER else f"smtp-{code}", fault)


def _outcome_of_text(reply: SmtpReply) -> DeliveryOutcome:
    """A server that answers a text with "go ahead" may have taken it."""
    if 300 <= reply.code < 400:
        return MailDeferred(f"smtp-{reply.code}", server_away=True, may_have_arrived=True)
    return MailSent() if reply.code // 100 == 2 else _outcome_of_mail(reply, of_text=True)
