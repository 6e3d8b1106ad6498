"""A mail server that is faster than whoever sends to it: takes mails, counts them, and misbehaves when told to."""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, cast

_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)

# Instead of an answer
DROP = "DROP"  # breaks the connection
TAKE_AND_DROP = "TAKE-AND-DROP"  # to a text: the mail is taken, and the connection breaks before its sender hears of it
HOLD = "HOLD"  # no answer before `release`

# Asked for the answer to each command ("EHLO", "MAIL", "RCPT", "DATA", "RSET", ...), to a text ("TEXT") and to a new
# line ("HELLO"), with the argument: an address, or the Message-ID. None: the usual answer.
Mood = Callable[[str, str], str | None]

_USUAL = {"HELLO": b"220 sink.example\r\n", "DATA": b"354 go ahead\r\n", "QUIT": b"221 bye\r\n"}


class Sink:
    """Takes mails on a port of loopback.

    `extensions` are the lines of its EHLO; `delay` is how many seconds each bundle of answers is on its way, as if the
    server were far. `taken` counts the mails by Message-ID, also those whose sender was not told.
    """

    def __init__(
        self,
        *,
        extensions: Sequence[str] = ("PIPELINING", "DSN", "8BITMIME"),
        mood: Mood = lambda _step, _argument: None,
        delay: float = 0.0,
    ) -> None:
        self.extensions = extensions
        self.mood = mood
        self.delay = delay
        self.port = 0
        self.taken: Counter[str] = Counter()
        self.last_text = b""
        self.heard: list[list[list[str]]] = []  # for each connection the commands, those together that came together
        self.lines: set[Line] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(lambda: Line(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self.lines):
            line.transport.abort()

    def release(self) -> None:
        """Goes on with every line whose answer was held."""
        for line in list(self.lines):
            line.resume()


class Moody:
    """Faults by chance, each a share between 0 and 1, the same for the same seed in whatever order the mails come.

    `refused` is the share of addresses that do not exist, `busy` that of attempts which are to be made again later;
    `lost` and `unheard` are those of texts whose connection breaks before and after the mail is taken.
    """

    def __init__(
        self, seed: int, *, busy: float = 0.0, refused: float = 0.0, lost: float = 0.0, unheard: float = 0.0
    ) -> None:
        self._seed = seed
        self._busy, self._refused, self._lost, self._unheard = busy, refused, lost, unheard
        self._attempts: Counter[tuple[str, str]] = Counter()

    def refuses(self, address: str) -> bool:
        """Returns whether the address is unknown."""
        return self._chance("address", address) < self._refused

    def __call__(self, step: str, argument: str) -> str | None:
        """The answer, as `Mood`."""
        self._attempts[step, argument] += 1
        chance = self._chance(step, argument, self._attempts[step, argument])
        if step == "RCPT":
            if self.refuses(argument):
                return "550 5.1.1 no such user"
            return "450 4.2.1 try again later" if chance < self._busy else None
        if step == "TEXT":
            return DROP if chance < self._lost else TAKE_AND_DROP if chance < self._lost + self._unheard else None
        return None

    def _chance(self, *about: object) -> float:
        digest = hashlib.blake2b(repr((self._seed, *about)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64


class Line(asyncio.Protocol):
    """One connection; speaks just enough SMTP."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._in_text = False
        self._recipients = 0
        self._heard: list[list[str]] = []
        self._answers: list[bytes] = []
        self._held: bytes | None = None
        self._over = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greets."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._sink.lines.add(self)
        self._sink.heard.append(self._heard)
        self._answer("HELLO", "")
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the line."""
        self._over = True
        self._sink.lines.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answers all commands that have come, at once."""
        self._buffer += data
        self._work()

    def resume(self) -> None:
        """Gives the answer that was held, and goes on."""
        if self._held is not None:
            self._answers.append(self._held)
            self._held = None
            self._work()

    def _work(self) -> None:
        commands: list[str] = []
        while self._held is None and not self._over:
            if self._in_text:
                content = self._cut(b".\r\n" if self._buffer.startswith(b".\r\n") else b"\r\n.\r\n")
            else:
                content = self._cut(b"\r\n")
            if content is None:
                break
            if self._in_text:
                self._take(content)
            else:
                commands.append(content.decode())
                self._obey(commands[-1])
        if commands:
            self._heard.append(commands)
        self._send()

    def _cut(self, end: bytes) -> bytes | None:
        found = self._buffer.find(end)
        if found < 0:
            return None
        content = bytes(self._buffer[:found])
        del self._buffer[: found + len(end)]
        return content

    def _obey(self, command: str) -> None:
        verb = command[:4].upper()
        accepted = self._answer(verb, command.partition("<")[2].partition(">")[0])
        if verb == "RCPT" and accepted:
            self._recipients += 1
        elif verb == "DATA" and accepted:
            self._in_text = True
        elif verb == "RSET":
            self._recipients = 0
        elif verb == "QUIT":
            self._over = True

    def _take(self, text: bytes) -> None:
        self._in_text = False
        if not self._recipients:
            self._answers.append(b"554 5.5.1 no valid recipients\r\n")
            return
        self._recipients = 0
        found = _MESSAGE_ID.search(text)
        message_id = found[1].decode() if found else ""
        if self._answer("TEXT", message_id):
            self._sink.taken[message_id] += 1
            self._sink.last_text = text

    def _answer(self, step: str, argument: str) -> bool:
        """Answers, or not; whether the server did what it was asked to."""
        answer = self._sink.mood(step, argument)
        usual = self._abilities() if step == "EHLO" else _USUAL.get(step, b"250 OK\r\n")
        if answer is None:
            self._answers.append(usual)
            return True
        if answer == HOLD:
            self._held = usual
            return True
        if answer in (DROP, TAKE_AND_DROP):
            self._over = True
            return answer == TAKE_AND_DROP
        self._answers.append(answer.encode() + b"\r\n")
        return answer.encode()[:1] == usual[:1]

    def _abilities(self) -> bytes:
        first = "".join(f"250-{line}\r\n" for line in ["sink.example", *self._sink.extensions])
        return first.encode() + b"250 HELP\r\n"

    def _send(self) -> None:
        answers, self._answers = b"".join(self._answers), []
        if self._sink.delay:
            asyncio.get_running_loop().call_later(self._sink.delay, self._write, answers, self._over)
        else:
            self._write(answers, self._over)

    def _write(self, answers: bytes, over: bool) -> None:
        if not self.transport.is_closing():
            self.transport.write(answers)
            if over:
                self.transport.close()
