"""The dialogue about one mail after the other on an open line, in as few round trips as the server allows."""

import asyncio
import contextlib
import re
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from aiosmtplib import SMTPException, SMTPReadTimeoutError, SMTPServerDisconnected

from notifications.delivery.outcomes import Deferred, Outcome, Refused, Sent
from notifications.domain.faults import Fault, fault_of
from notifications.rendering.composer import Mail

# RFC 5321, 4.2: three digits, and a hyphen when the reply goes on in the next line. The text is for people.
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:(-)|[ \r]|\Z)(?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?=[ \r]|\Z))?")
_LONGEST_LINE = 8192  # bytes; RFC 5321, 4.5.3.1.5 asks for 512
_LINE_END = re.compile(rb"\r\n|\r|\n")
_CONTROL = re.compile(r"[^\x20-\x7e]")
_LONGEST_ENVELOPE_ID = 100  # RFC 3461, 4.4

_GO_AHEAD = 354
_CLOSING = 421  # RFC 5321, 4.2.1: the server is about to hang up
_FAREWELL = 2.0  # seconds that a server has to answer QUIT
# Replies that speak of the dialogue and of who we are, whatever command they follow: RFC 5321, 4.2.3; RFC 4954, 6.
_ABOUT_US = frozenset({_CLOSING, 503, 530})


class Reply(NamedTuple):
    """The code of a reply, and its enhanced status code where it has one (RFC 2034)."""

    code: int
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the server said it can do: PIPELINING (RFC 2920), DSN (RFC 3461), SIZE (RFC 1870; bytes, None: any)."""

    pipelining: bool = False
    dsn: bool = False
    size: int | None = None


class Dialogue(asyncio.Protocol):
    """What is said about mails on a line whose opening is over: greeting, EHLO, TLS, login.

    Takes the line over from whoever opened it; `timeout` is the seconds for one answer.
    """

    def __init__(self, transport: asyncio.Transport, abilities: Abilities, timeout: float) -> None:
        self._transport = transport
        self._abilities = abilities
        self._timeout = timeout
        self._rest = b""
        self._codes: deque[Reply] = deque()
        self._news: asyncio.Future[None] | None = None
        self._trouble: str | None = None  # why nothing more is to be expected
        self._speaking = False
        transport.set_protocol(self)

    @property
    def open(self) -> bool:
        """Whether the next mail may go over this line. A server that hung up shows only when it was heard of."""
        return self._trouble is None and not self._transport.is_closing()

    async def transfer(self, mail: Mail) -> Outcome:
        """One mail transaction (RFC 5321, 3.3); what server and line do is an outcome, not an exception.

        Raises ValueError for an address that cannot be part of a command.
        """
        if self._abilities.size is not None and len(mail.message) > self._abilities.size:
            return Refused("too-large")
        commands = self._envelope(mail)
        self._speaking, handed_over = True, False
        try:
            outcome = await self._introduce(commands)
            if outcome is None:
                text = as_data(mail.message)
                handed_over = self.open
                outcome = _answer_to_text(await self._ask(text))
        except (SMTPException, OSError) as error:
            self._break("broken off")
            return Deferred(type(error).__name__, server_away=True, may_have_arrived=handed_over)
        self._speaking = False
        return outcome

    async def hang_up(self) -> None:
        """Ends the line: with a farewell (QUIT), at once when an answer is still due or nobody listens."""
        if self._speaking or not self.open:
            # What is not written yet must not be: half a mail is none, a whole one may be taken as sent.
            self._transport.abort()
            return
        try:
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self._ask(b"QUIT\r\n")
        finally:
            self._transport.close()

    def _envelope(self, mail: Mail) -> tuple[bytes, bytes, bytes]:
        sender = f"MAIL FROM:<{mail.sender}>"
        envelope_id = xtext(mail.envelope_id)
        if self._abilities.dsn and 0 < len(envelope_id) <= _LONGEST_ENVELOPE_ID:
            sender += f" RET=HDRS ENVID={envelope_id}"
        return _command(sender), _command(f"RCPT TO:<{mail.recipient}>"), b"DATA\r\n"

    async def _introduce(self, commands: tuple[bytes, bytes, bytes]) -> Outcome | None:
        """MAIL, RCPT and DATA. Returns None when the server waits for the text, else why it does not get it."""
        if self._codes:
            raise SMTPServerDisconnected("a reply that nobody asked for")
        # RFC 2920, 3.1: DATA may only be the last of a group, and each command has its reply whatever came before.
        together = self._abilities.pipelining
        if together:
            self._write(b"".join(commands))
        refusal: Outcome | None = None
        try:
            for number, command in enumerate(commands):
                reply = await (self._reply() if together else self._ask(command))
                code = reply.code
                if refusal is None and not _accepted(number, code):
                    refusal = _answer_to_sender(code) if number == 0 else _answer_to_letter(reply)
                if code == _CLOSING:
                    self._break("server closing")
                    break
                if refusal is not None and not together:
                    break
            if refusal is not None and self.open:
                await self._start_over(waits_for_text=code == _GO_AHEAD)
        except (SMTPException, OSError):
            if refusal is None:
                raise
            self._break("broken off")  # the answer to the letter holds nevertheless
        return refusal

    async def _start_over(self, *, waits_for_text: bool) -> None:
        # RFC 2920, 3.1: a server may ask for the text though it has no recipient for it, and refuse the empty one.
        if waits_for_text:
            await self._ask(b".\r\n")
        if (await self._ask(b"RSET\r\n")).code // 100 != 2:
            self._break("not to be reset")

    async def _ask(self, command: bytes) -> Reply:
        self._write(command)
        return await self._reply()

    def _write(self, data: bytes) -> None:
        if not self.open:
            raise SMTPServerDisconnected(self._trouble or "closing")
        self._transport.write(data)

    async def _reply(self) -> Reply:
        """The next reply, in the order of the commands."""
        while not self._codes:
            if self._trouble is not None:
                raise SMTPServerDisconnected(self._trouble)
            self._news = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._timeout):
                    await self._news
            except TimeoutError:
                raise SMTPReadTimeoutError("no reply in time") from None
        return self._codes.popleft()

    # What the transport calls

    def data_received(self, data: bytes) -> None:
        """Takes replies in whatever pieces they come."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            reply = _REPLY_LINE.match(line)
            if reply is None or len(line) > _LONGEST_LINE:
                self._break("not a reply")
                break
            if not reply[2]:
                self._codes.append(Reply(int(reply[1]), reply[3].decode() if reply[3] else None))
        if len(self._rest) > _LONGEST_LINE:
            self._break("endless reply")
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of the line, whoever ended it."""
        self._break(self._trouble or "connection lost")

    def _break(self, trouble: str) -> None:
        self._trouble = trouble
        self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


def as_data(message: bytes) -> bytes:
    """The message as it goes over the line: every line end CRLF, dots doubled, ended (RFC 5321, 4.5.2 and 4.1.1.4).

    A lone CR or LF never leaves the house: servers that take one for a line end would read a second mail in the first.
    """
    ends = message.count(b"\r\n")
    if message.count(b"\n") != ends or message.count(b"\r") != ends:
        message = _LINE_END.sub(b"\r\n", message)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + b".\r\n"


def xtext(value: str) -> str:
    """ASCII as a parameter of ESMTP carries it (RFC 3461, 4)."""
    return "".join(each if "!" <= each <= "~" and each not in "+=" else f"+{ord(each):02X}" for each in value)


def _command(line: str) -> bytes:
    if _CONTROL.search(line):
        raise ValueError("a command of more than printable ASCII")
    return line.encode("ascii") + b"\r\n"


def _accepted(number: int, code: int) -> bool:
    return code == _GO_AHEAD if number == 2 else code // 100 == 2


def _answer_to_sender(code: int) -> Outcome:
    """The server refuses us, not this letter."""
    return Deferred(f"smtp-{code}", server_away=True)


def _answer_to_letter(reply: Reply, *, of_text: bool = False) -> Outcome:
    """5xx is for good, 4xx for now (RFC 5321, 4.2.1); anything else makes no sense here. A full mailbox empties."""
    code, status = reply
    if code in _ABOUT_US or code < 400:
        return Deferred(f"smtp-{code}", server_away=True)
    fault = fault_of(status, code, of_text=of_text)
    if code < 500 or fault is Fault.MAILBOX_FULL:
        return Deferred(f"smtp-{code}", fault=fault)
    # What an operator is to look into is said as exactly as the server said it.
    return Refused(f"smtp-{code}-{status}" if status and fault is Fault.OTHER else f"smtp-{code}", fault)


def _answer_to_text(reply: Reply) -> Outcome:
    """As to the letter; but who knows what a server did that answers a text with "go ahead"."""
    if 300 <= reply.code < 400:
        return Deferred(f"smtp-{reply.code}", server_away=True, may_have_arrived=True)
    return Sent() if reply.code // 100 == 2 else _answer_to_letter(reply, of_text=True)
