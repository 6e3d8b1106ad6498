"""What goes over the line: commands together, texts that stay one mail, and answers that come at the wrong moment."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import cast

import pytest
import uvloop

from notifications.rendering.mails import Mail
from notifications.sending.outcomes import Deferred, Refused, Sent
from notifications.sending.pipelining import as_data, xtext
from notifications.sending.smtp import MailServer, SmtpLine
from tests.support.smtp_sink import DROP, HOLD, TAKE_AND_DROP, Moody, Sink

ENVELOPE_ID = "1@cultureconnect.example"
MAIL = Mail(
    "avond@cultureconnect.example",
    "zoe@acme.example",
    b"Message-ID: <1@cultureconnect.example>\r\n\r\nTot dan\r\n",
    ENVELOPE_ID,
)
SENDER, RECIPIENT = "MAIL FROM:<avond@cultureconnect.example>", "RCPT TO:<zoe@acme.example>"
TO_ANOTHER = Mail(MAIL.sender, "max@acme.example", MAIL.message)
AWAY = {"server_away": True, "may_have_arrived": False}


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """A mail server that takes commands together, and everything else until told otherwise."""
    async with Sink(extensions=["PIPELINING"]) as sink:
        yield sink


@pytest.fixture
async def line(sink: Sink) -> AsyncIterator[SmtpLine]:
    """A line to it."""
    line = line_to(sink)
    yield line
    await line.close()


def line_to(sink: Sink, seconds: float = 5) -> SmtpLine:
    """A line to it, with the seconds for a step."""
    return SmtpLine(MailServer("127.0.0.1", sink.port, timeout=seconds))


def answers(**by_step: str | Sequence[str]) -> "Answers":
    """These answers to the steps, each once when there are several, and then friendly ones."""
    return Answers({step.upper(): [by] if isinstance(by, str) else list(by) for step, by in by_step.items()})


class Answers:
    """A mood that has answers for some steps, one after the other."""

    def __init__(self, by_step: dict[str, list[str]]) -> None:
        self._by_step = by_step

    def __call__(self, step: str, _argument: str) -> str | None:
        """The next one."""
        return self._by_step[step].pop(0) if self._by_step.get(step) else None


async def test_sender_recipient_and_data_go_together(sink: Sink, line: SmtpLine) -> None:
    assert [await line.send(MAIL), await line.send(MAIL)] == [Sent(), Sent()]
    assert sink.heard == [[["EHLO localhost"], [SENDER, RECIPIENT, "DATA"], [SENDER, RECIPIENT, "DATA"]]]


async def test_one_goes_after_the_other_when_the_server_cannot_take_them_together(sink: Sink, line: SmtpLine) -> None:
    sink.extensions = []
    assert await line.send(MAIL) == Sent()
    assert sink.heard == [[["EHLO localhost"], [SENDER], [RECIPIENT], ["DATA"]]]


async def test_a_server_of_before_extensions_gets_its_mail_too(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(ehlo="502 5.5.1 what?")
    assert await line.send(MAIL) == Sent()
    assert sink.heard == [[["EHLO localhost"], ["HELO localhost"], [SENDER], [RECIPIENT], ["DATA"]]]


async def test_a_server_that_wants_the_text_for_nobody_gets_an_empty_one(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(rcpt="550 5.1.1 no such user")
    assert await line.send(MAIL) == Refused("smtp-550")
    assert sink.taken.total() == 0
    assert await line.send(TO_ANOTHER) == Sent()
    [[_, first, reset, second]] = sink.heard
    assert (first[-1], reset, second[-1]) == ("DATA", ["RSET"], "DATA")


async def test_a_refused_sender_is_the_answer_whatever_is_said_to_what_came_with_it(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(mail="451 4.3.0 busy", rcpt="550 5.5.1 sender first", data="554 5.5.1 sender first")
    assert await line.send(MAIL) == Deferred("smtp-451", server_away=True)
    assert await line.send(MAIL) == Sent()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("554 5.6.0 not today", Refused("smtp-554")),
        ("452 4.3.1 full", Deferred("smtp-452")),
        ("503 5.5.1 out of order", Deferred("smtp-503", server_away=True)),
        ("250 2.0.0 taken", Deferred("smtp-250", server_away=True)),
    ],
)
async def test_a_text_that_is_not_asked_for_is_not_sent(
    sink: Sink, line: SmtpLine, answer: str, outcome: Refused | Deferred
) -> None:
    sink.mood = answers(data=answer)
    assert await line.send(MAIL) == outcome
    assert sink.taken.total() == 0
    assert await line.send(MAIL) == Sent()


@pytest.mark.parametrize("extensions", [["PIPELINING"], []], ids=["pipelining", "plain"])
@pytest.mark.parametrize(
    ("step", "fault", "may_have_arrived"),
    [
        ("HELLO", DROP, False),
        ("EHLO", DROP, False),
        ("MAIL", DROP, False),
        ("RCPT", DROP, False),
        ("DATA", DROP, False),
        ("TEXT", DROP, True),
        ("TEXT", TAKE_AND_DROP, True),
        ("MAIL", "nonsense", False),
        ("DATA", "250-" + "endless" * 2000, False),
        ("TEXT", "nonsense", True),
        ("TEXT", "354 go on", True),
    ],
)
async def test_only_a_text_that_was_handed_over_may_have_arrived(
    sink: Sink, line: SmtpLine, extensions: list[str], step: str, fault: str, may_have_arrived: bool
) -> None:
    sink.extensions = extensions
    sink.mood = answers(**{step: fault})
    outcome = await line.send(MAIL)
    assert isinstance(outcome, Deferred)
    assert (outcome.server_away, outcome.may_have_arrived) == (True, may_have_arrived)
    assert outcome.reason != "SMTPReadTimeoutError"
    before = sink.taken.total()
    assert before == (1 if fault == TAKE_AND_DROP else 0)
    assert await line.send(MAIL) == Sent()
    assert (sink.taken.total(), len(sink.heard)) == (before + 1, 2)


@pytest.mark.parametrize(("step", "may_have_arrived"), [("MAIL", False), ("DATA", False), ("TEXT", True)])
async def test_a_server_that_falls_silent_is_left(sink: Sink, step: str, may_have_arrived: bool) -> None:
    sink.mood = answers(**{step: HOLD})
    line = line_to(sink, seconds=0.05)
    outcome = await line.send(MAIL)
    assert outcome == Deferred("SMTPReadTimeoutError", server_away=True, may_have_arrived=may_have_arrived)
    assert await line.send(MAIL) == Sent()
    assert len(sink.heard) == 2
    await line.close()


async def test_a_refusal_holds_though_the_line_breaks_after_it(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(rcpt="550 5.1.1 no such user", data=DROP)
    assert await line.send(MAIL) == Refused("smtp-550")
    assert await line.send(TO_ANOTHER) == Sent()


async def test_a_line_that_cannot_start_over_is_left(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(rcpt="450 4.2.1 later", rset="500 5.5.1 what?")
    assert await line.send(MAIL) == Deferred("smtp-450")
    assert await line.send(TO_ANOTHER) == Sent()
    assert len(sink.heard) == 2


async def test_a_server_that_closes_is_not_asked_for_more(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(rcpt="421 4.3.2 closing", data=HOLD)
    async with asyncio.timeout(1):
        assert await line.send(MAIL) == Deferred("smtp-421", server_away=True)
    assert await line.send(MAIL) == Sent()


async def test_an_idle_line_that_the_server_ended_with_a_word_is_made_anew(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(text="250 taken\r\n421 4.4.2 that is all")
    assert [await line.send(MAIL), await line.send(TO_ANOTHER)] == [Sent(), Sent()]
    assert len(sink.heard) == 2


async def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next_one(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(text="250 taken\r\n250 taken twice", rcpt=["250 yes", "550 5.1.1 no such user"])
    assert [await line.send(MAIL), await line.send(TO_ANOTHER)] == [Sent(), Refused("smtp-550")]
    assert sink.heard[0] == [["EHLO localhost"], [SENDER, RECIPIENT, "DATA"]]


class Endless(asyncio.Protocol):
    """A server that greets, and then says one thing for ever."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greets."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(b"220 mail.example\r\n")

    def data_received(self, data: bytes) -> None:
        """Says it."""
        self.transport.write(b"250 mail.example\r\n" if data.startswith(b"EHLO") else b"2" * 10_000)


async def test_a_reply_that_never_ends_is_not_waited_for() -> None:
    async with await asyncio.get_running_loop().create_server(Endless, "127.0.0.1", 0) as server:
        line = SmtpLine(MailServer("127.0.0.1", server.sockets[0].getsockname()[1], timeout=5))
        async with asyncio.timeout(1):
            assert await line.send(MAIL) == Deferred("SMTPServerDisconnected", server_away=True)


async def test_a_line_that_the_server_has_enough_of_is_made_anew(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(mail=["250 yes", "451 4.7.0 too many mails"])
    assert [await line.send(MAIL), await line.send(MAIL)] == [Sent(), Sent()]
    assert len(sink.heard) == 2


async def test_an_answer_may_have_several_lines(sink: Sink, line: SmtpLine) -> None:
    sink.mood = answers(mail="250-yes\r\n250-of course\r\n250", rcpt="550-5.1.1 no\r\n550 5.1.1 such user")
    assert await line.send(MAIL) == Refused("smtp-550")


async def test_a_mail_that_is_given_up_midway_is_not_finished_politely(sink: Sink) -> None:
    sink.mood = answers(text=HOLD)
    line = line_to(sink)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await line.send(MAIL)
    async with asyncio.timeout(1):
        await line.close()
        assert await line.send(TO_ANOTHER) == Sent()
        await line.close()
    assert [commands[-1] for commands in sink.heard] == [[SENDER, RECIPIENT, "DATA"], ["QUIT"]]


async def test_a_server_that_reports_is_told_what_to_report_about(sink: Sink, line: SmtpLine) -> None:
    sink.extensions = ["PIPELINING", "DSN"]
    assert await line.send(MAIL) == Sent()
    assert sink.heard[0][1][0] == f"{SENDER} RET=HDRS ENVID={ENVELOPE_ID}"


@pytest.mark.parametrize("envelope_id", ["", "1@" + "x" * 99], ids=["none", "too long for RFC 3461"])
async def test_without_an_id_a_report_is_whatever_the_server_makes_of_it(
    sink: Sink, line: SmtpLine, envelope_id: str
) -> None:
    sink.extensions = ["PIPELINING", "DSN"]
    assert await line.send(Mail(MAIL.sender, MAIL.recipient, MAIL.message, envelope_id)) == Sent()
    assert sink.heard[0][1][0] == SENDER


def test_what_would_end_a_parameter_is_written_out() -> None:
    assert xtext("a+b=c d@x.example\r") == "a+2Bb+3Dc+20d@x.example+0D"


@pytest.mark.parametrize(
    ("extension", "outcome"),
    [
        ("SIZE 50", Refused("too-large")),
        (f"SIZE {len(MAIL.message)}", Sent()),
        ("SIZE 0", Sent()),
        ("SIZE", Sent()),
        ("SIZE ²", Sent()),
    ],
)
async def test_a_mail_that_is_too_large_is_not_begun(
    sink: Sink, line: SmtpLine, extension: str, outcome: Refused | Sent
) -> None:
    sink.extensions = [extension]
    assert await line.send(MAIL) == outcome
    assert ([SENDER] in sink.heard[0]) == (outcome == Sent())


@pytest.mark.parametrize("address", ["zoë@acme.example", "a b@acme.example", "a@b.example>\r\nRSET", ""])
async def test_an_address_that_smtp_cannot_carry_is_refused_here(sink: Sink, line: SmtpLine, address: str) -> None:
    assert await line.send(Mail(MAIL.sender, address, MAIL.message)) == Refused("unusable-address")
    assert sink.heard == []


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (b"a\r\nb\r\n", b"a\r\nb\r\n.\r\n"),
        (b"no line end", b"no line end\r\n.\r\n"),
        (b".\r\n..\r\n.a\r\n", b"..\r\n...\r\n..a\r\n.\r\n"),
        (b"a\n.\nMAIL FROM:<b@c.example>\n", b"a\r\n..\r\nMAIL FROM:<b@c.example>\r\n.\r\n"),
        (b"a\r\n.\nb\r.\rc\r\n", b"a\r\n..\r\nb\r\n..\r\nc\r\n.\r\n"),
        (b"a\r\r\n\n", b"a\r\n\r\n\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
    ],
)
def test_a_text_stays_one_mail(message: bytes, data: bytes) -> None:
    assert as_data(message) == data


async def test_under_all_faults_together_each_mail_arrives_and_a_repeat_was_to_be_expected(sink: Sink) -> None:
    mood = Moody(7, busy=0.1, refused=0.1, lost=0.05, unheard=0.05)
    sink.mood = mood
    line = line_to(sink)
    addresses = [f"{number}@acme.example" for number in range(300)]
    refused, doubtful = 0, 0
    for address in addresses:
        mail = Mail(MAIL.sender, address, f"Message-ID: <{address}>\r\n\r\n".encode())
        repeats = 0
        while isinstance(outcome := await line.send(mail), Deferred):
            repeats += outcome.may_have_arrived
        assert isinstance(outcome, Refused) == mood.refuses(address)
        refused += isinstance(outcome, Refused)
        doubtful += repeats
        assert isinstance(outcome, Sent) <= sink.taken[f"<{address}>"] <= isinstance(outcome, Sent) + repeats
    assert (refused > 10, doubtful > 10) == (True, True)
    assert len(sink.taken) == len(addresses) - refused
    await line.close()


def test_the_loop_that_the_service_runs_on_carries_it_too() -> None:
    async def send() -> list[object]:
        async with Sink(extensions=["PIPELINING"]) as sink:
            sink.mood = answers(rcpt="550 5.1.1 no such user", text=["250 OK", TAKE_AND_DROP])
            line = line_to(sink)
            outcomes: list[object] = [await line.send(MAIL) for _ in range(4)]
            await line.close()
            return [*outcomes, sink.taken.total()]

    broken = Deferred("SMTPServerDisconnected", server_away=True, may_have_arrived=True)
    assert uvloop.run(send()) == [Refused("smtp-550"), Sent(), broken, Sent(), 3]
