"""Commands go in groups, with the parameters a server supports, and a text stays one mail."""

from collections.abc import AsyncIterator

import pytest
import uvloop

from notifications.delivery.smtp_connection import SmtpConnection
from notifications.delivery.smtp_session import as_data, xtext
from notifications.domain.outcomes import MailDeferred, MailRefused, MailSent
from notifications.rendering.composer import Mail
from tests.service.notifications.smtp_faults import (
    ENVELOPE_ID,
    MAIL,
    RECIPIENT,
    SENDER,
    TO_ANOTHER,
    answers,
    line_to,
)
from tests.support.smtp_sink import TAKE_AND_DROP, Sink


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


async def test_sender_recipient_and_data_go_together(sink: Sink, line: SmtpConnection) -> None:
    assert [await line.send(MAIL), await line.send(MAIL)] == [MailSent(), MailSent()]
    assert sink.heard == [[["EHLO localhost"], [SENDER, RECIPIENT, "DATA"], [SENDER, RECIPIENT, "DATA"]]]


async def test_one_goes_after_the_other_when_the_server_cannot_take_them_together(
    sink: Sink, line: SmtpConnection
) -> None:
    sink.extensions = []
    assert await line.send(MAIL) == MailSent()
    assert sink.heard == [[["EHLO localhost"], [SENDER], [RECIPIENT], ["DATA"]]]


async def test_a_server_of_before_extensions_gets_its_mail_too(sink: Sink, line: SmtpConnection) -> None:
    sink.mood = answers(ehlo="502 5.5.1 what?")
    assert await line.send(MAIL) == MailSent()
    assert sink.heard == [[["EHLO localhost"], ["HELO localhost"], [SENDER], [RECIPIENT], ["DATA"]]]


async def test_a_server_that_wants_the_text_for_nobody_gets_an_empty_one(sink: Sink, line: SmtpConnection) -> None:
    sink.mood = answers(rcpt="550 5.1.1 no such user")
    assert await line.send(MAIL) == MailRefused("smtp-550")
    assert sink.taken.total() == 0
    assert await line.send(TO_ANOTHER) == MailSent()
    [[_, first, reset, second]] = sink.heard
    assert (first[-1], reset, second[-1]) == ("DATA", ["RSET"], "DATA")


async def test_a_refused_sender_is_the_answer_whatever_is_said_to_what_came_with_it(
    sink: Sink, line: SmtpConnection
) -> None:
    sink.mood = answers(mail="451 4.3.0 busy", rcpt="550 5.5.1 sender first", data="554 5.5.1 sender first")
    assert await line.send(MAIL) == MailDeferred("smtp-451", server_away=True)
    assert await line.send(MAIL) == MailSent()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("554 5.6.0 not today", MailRefused("smtp-554-5.6.0")),
        ("452 4.3.1 full", MailDeferred("smtp-452")),
        ("503 5.5.1 out of order", MailDeferred("smtp-503", server_away=True)),
        ("250 2.0.0 taken", MailDeferred("smtp-250", server_away=True)),
    ],
)
async def test_a_text_that_is_not_asked_for_is_not_sent(
    sink: Sink, line: SmtpConnection, answer: str, outcome: MailRefused | MailDeferred
) -> None:
    sink.mood = answers(data=answer)
    assert await line.send(MAIL) == outcome
    assert sink.taken.total() == 0
    assert await line.send(MAIL) == MailSent()


async def test_an_answer_may_have_several_lines(sink: Sink, line: SmtpConnection) -> None:
    sink.mood = answers(mail="250-yes\r\n250-of course\r\n250", rcpt="550-5.1.1 no\r\n550 5.1.1 such user")
    assert await line.send(MAIL) == MailRefused("smtp-550")


async def test_a_server_that_reports_is_told_what_to_report_about(sink: Sink, line: SmtpConnection) -> None:
    sink.extensions = ["PIPELINING", "DSN"]
    assert await line.send(MAIL) == MailSent()
    assert sink.heard[0][1][0] == f"{SENDER} RET=HDRS ENVID={ENVELOPE_ID}"


@pytest.mark.parametrize("envelope_id", ["", "1@" + "x" * 99], ids=["none", "too long for RFC 3461"])
async def test_without_an_id_a_report_is_whatever_the_server_makes_of_it(
    sink: Sink, line: SmtpConnection, envelope_id: str
) -> None:
    sink.extensions = ["PIPELINING", "DSN"]
    assert await line.send(Mail(MAIL.sender, MAIL.recipient, MAIL.message, envelope_id)) == MailSent()
    assert sink.heard[0][1][0] == SENDER


def test_what_would_end_a_parameter_is_written_out() -> None:
    assert xtext("a+b=c d@x.example\r") == "a+2Bb+3Dc+20d@x.example+0D"


@pytest.mark.parametrize(
    ("extension", "outcome"),
    [
        ("SIZE 50", MailRefused("too-large")),
        (f"SIZE {len(MAIL.message)}", MailSent()),
        ("SIZE 0", MailSent()),
        ("SIZE", MailSent()),
        ("SIZE ²", MailSent()),
    ],
)
async def test_a_mail_that_is_too_large_is_not_begun(
    sink: Sink, line: SmtpConnection, extension: str, outcome: MailRefused | MailSent
) -> None:
    sink.extensions = [extension]
    assert await line.send(MAIL) == outcome
    assert ([SENDER] in sink.heard[0]) == (outcome == MailSent())


@pytest.mark.parametrize("address", ["zoë@acme.example", "a b@acme.example", "a@b.example>\r\nRSET", ""])
async def test_an_address_that_smtp_cannot_carry_is_refused_here(
    sink: Sink, line: SmtpConnection, address: str
) -> None:
    assert await line.send(Mail(MAIL.sender, address, MAIL.message)) == MailRefused("unusable-address")
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


def test_the_loop_that_the_service_runs_on_carries_it_too() -> None:
    async def send() -> list[object]:
        async with Sink(extensions=["PIPELINING"]) as sink:
            sink.mood = answers(rcpt="550 5.1.1 no such user", text=["250 OK", TAKE_AND_DROP])
            line = line_to(sink)
            outcomes: list[object] = [await line.send(MAIL) for _ in range(4)]
            await line.close()
            return [*outcomes, sink.taken.total()]

    broken = MailDeferred("SMTPServerDisconnected", server_away=True, may_have_arrived=True)
    assert uvloop.run(send()) == [MailRefused("smtp-550"), MailSent(), broken, MailSent(), 3]
