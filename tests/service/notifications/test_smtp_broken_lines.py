"""Lines that break, servers that fall silent or speak out of turn: what may have arrived, and what cannot."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from notifications.delivery.smtp_connection import MailServer, SmtpConnection
from notifications.domain.outcomes import MailDeferred, MailRefused, MailSent
from notifications.rendering.composer import Mail
from tests.service.notifications.smtp_faults import MAIL, RECIPIENT, SENDER, TO_ANOTHER, answers, line_to
from tests.support.smtp_sink import DROP, HOLD, TAKE_AND_DROP, Moody, Sink


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """A mail server that takes commands together, and everything else until told otherwise."""
    async with Sink(extensions=["PIPELINING"]) as sink:
        yield sink


@pytest.fixture
async def line(sink: Sink) -> AsyncIterator[SmtpConnection]:
    """A line to it."""
    line = line_to(sink)
    yield line
    await line.close()


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
    sink: Sink, line: SmtpConnection, extensions: list[str], step: str, fault: str, may_have_arrived: bool
) -> None:
    sink.extensions = extensions
    sink.mood = answers(**{step: fault})
    outcome = await line.send(MAIL)
    assert isinstance(outcome, MailDeferred)
    assert (outcome.server_away, outcome.may_have_arrived) == (True, may_have_arrived)
    assert outcome.reason != "SMTPReadTimeoutError"
    before = sink.taken.total()
    assert before == (1 if fault == TAKE_AND_DROP else 0)
    assert await line.send(MAIL) == MailSent()
    assert (sink.taken.total(), len(sink.heard)) == (before + 1, 2)


@pytest.mark.parametrize(("step", "may_have_arrived"), [("MAIL", False), ("DATA", False), ("TEXT", True)])
async def test_a_server_that_falls_silent_is_left(sink: Sink, step: str, may_have_arrived: bool) -> None:
    sink.mood = answers(**{step: HOLD})
    line = line_to(sink, seconds=0.05)
    outcome = await line.send(MAIL)
    assert outcome == MailDeferred("SMTPReadTimeoutError", server_away=True, may_have_arrived=may_have_arrived)
    assert await line.send(MAIL) == MailSent()
    assert len(sink.heard) == 2
    await line.close()


async def test_a_refusal_holds_though_the_line_breaks_after_it(sink: Sink, line: SmtpConnection) -> None:
    sink.mood = answers(rcpt="550 5.1.1 no such user", data=DROP)
    assert await line.send(MAIL) == MailRefused("smtp-550")
    assert await line.send(TO_ANOTHER) == MailSent()


async def test_a_line_that_cannot_start_over_is_left(sink: Sink, line: SmtpConnection) -> None:
    sink.mood = answers(rcpt="450 4.2.1 later", rset="500 5.5.1 what?")
    assert await line.send(MAIL) == MailDeferred("smtp-450")
    assert await line.send(TO_ANOTHER) == MailSent()
    assert len(sink.heard) == 2


async def test_a_server_that_closes_is_not_asked_for_more(sink: Sink, line: SmtpConnection) -> None:
    sink.mood = answers(rcpt="421 4.3.2 closing", data=HOLD)
    async with asyncio.timeout(1):
        assert await line.send(MAIL) == MailDeferred("smtp-421", server_away=True)
    assert await line.send(MAIL) == MailSent()


async def test_an_idle_line_that_the_server_ended_with_a_word_is_made_anew(sink: Sink, line: SmtpConnection) -> None:
    sink.mood = answers(text="250 taken\r\n421 4.4.2 that is all")
    assert [await line.send(MAIL), await line.send(TO_ANOTHER)] == [MailSent(), MailSent()]
    assert len(sink.heard) == 2


async def test_a_line_that_the_server_has_enough_of_is_made_anew(sink: Sink, line: SmtpConnection) -> None:
    sink.mood = answers(mail=["250 yes", "451 4.7.0 too many mails"])
    assert [await line.send(MAIL), await line.send(MAIL)] == [MailSent(), MailSent()]
    assert len(sink.heard) == 2


async def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next_one(
    sink: Sink, line: SmtpConnection
) -> None:
    sink.mood = answers(text="250 taken\r\n250 taken twice", rcpt=["250 yes", "550 5.1.1 no such user"])
    assert [await line.send(MAIL), await line.send(TO_ANOTHER)] == [MailSent(), MailRefused("smtp-550")]
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
        line = SmtpConnection(MailServer("127.0.0.1", server.sockets[0].getsockname()[1], timeout=5))
        async with asyncio.timeout(1):
            assert await line.send(MAIL) == MailDeferred("SMTPServerDisconnected", server_away=True)


async def test_a_mail_that_is_given_up_midway_is_not_finished_politely(sink: Sink) -> None:
    sink.mood = answers(text=HOLD)
    line = line_to(sink)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await line.send(MAIL)
    async with asyncio.timeout(1):
        await line.close()
        assert await line.send(TO_ANOTHER) == MailSent()
        await line.close()
    assert [commands[-1] for commands in sink.heard] == [[SENDER, RECIPIENT, "DATA"], ["QUIT"]]


async def test_under_all_faults_together_each_mail_arrives_and_a_repeat_was_to_be_expected(sink: Sink) -> None:
    mood = Moody(7, busy=0.1, refused=0.1, lost=0.05, unheard=0.05)
    sink.mood = mood
    line = line_to(sink)
    addresses = [f"{number}@acme.example" for number in range(300)]
    refused, doubtful = 0, 0
    for address in addresses:
        mail = Mail(MAIL.sender, address, f"Message-ID: <{address}>\r\n\r\n".encode())
        repeats = 0
        while isinstance(outcome := await line.send(mail), MailDeferred):
            repeats += outcome.may_have_arrived
        assert isinstance(outcome, MailRefused) == mood.refuses(address)
        refused += isinstance(outcome, MailRefused)
        doubtful += repeats
        assert isinstance(outcome, MailSent) <= sink.taken[f"<{address}>"] <= isinstance(outcome, MailSent) + repeats
    assert (refused > 10, doubtful > 10) == (True, True)
    assert len(sink.taken) == len(addresses) - refused
    await line.close()
