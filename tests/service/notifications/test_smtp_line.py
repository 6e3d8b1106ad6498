"""One line to a real mail server: what its answers mean for a letter and for the others."""

from collections.abc import AsyncIterator

import pytest

from notifications.delivery.smtp_connection import MAILS_PER_CONNECTION, SmtpConnection
from notifications.delivery.smtp_connection import MailServer as Address
from notifications.domain.outcomes import DeliveryOutcome, MailDeferred, MailRefused, MailSent
from notifications.rendering.composer import Mail
from tests.service.notifications.mail_server import MailServer, once

MESSAGE = b"Message-ID: <1@cultureconnect.example>\r\nSubject: Kaartje\r\n\r\n..\r\n.\r\n.tot dan\r\n"
MAIL = Mail("avond@cultureconnect.example", "zoe@acme.example", MESSAGE, "1@cultureconnect.example")


@pytest.fixture(params=[True, False], ids=["pipelining", "plain"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[MailServer]:
    """A mail server that takes everything until told otherwise."""
    async with MailServer(pipelining=request.param) as server:
        yield server


@pytest.fixture
async def line(server: MailServer) -> AsyncIterator[SmtpConnection]:
    """A line to it."""
    line = SmtpConnection(Address("127.0.0.1", server.port, timeout=5))
    yield line
    await line.close()


async def test_the_mail_arrives_byte_for_byte(server: MailServer, line: SmtpConnection) -> None:
    assert await line.send(MAIL) == MailSent()
    [received] = server.received
    assert (received.recipient, received.message) == ("zoe@acme.example", MAIL.message)


async def test_one_connection_carries_many_letters(server: MailServer, line: SmtpConnection) -> None:
    for _ in range(MAILS_PER_CONNECTION):
        assert await line.send(MAIL) == MailSent()
    assert len({received.line for received in server.received}) == 1
    await line.send(MAIL)
    assert len({received.line for received in server.received}) == 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 no such user", MailRefused("smtp-550")),
        ("554 5.7.1 not here", MailRefused("smtp-554-5.7.1")),
        ("450 4.2.1 greylisted", MailDeferred("smtp-450")),
        ("452 4.2.2 mailbox full", MailDeferred("smtp-452")),
        ("421 4.3.2 closing", MailDeferred("smtp-421", server_away=True)),
        ("530 5.7.0 log in first", MailDeferred("smtp-530", server_away=True)),
    ],
)
@pytest.mark.parametrize("step", ["to", "take"])
async def test_an_answer_to_the_letter_is_about_the_letter(
    server: MailServer, line: SmtpConnection, step: str, answer: str, outcome: DeliveryOutcome
) -> None:
    setattr(server, step, once(answer))
    assert await line.send(MAIL) == outcome
    assert await line.send(MAIL) == MailSent()


@pytest.mark.parametrize("answer", ["451 4.3.0 busy", "530 5.7.0 log in first", "550 5.7.1 not you"])
async def test_a_refused_sender_is_no_fault_of_the_letter(
    server: MailServer, line: SmtpConnection, answer: str
) -> None:
    server.from_ = lambda _: answer
    outcome = await line.send(MAIL)
    assert isinstance(outcome, MailDeferred)
    assert outcome.server_away


async def test_a_server_that_is_not_there_is_away(server: MailServer, line: SmtpConnection) -> None:
    await server.stop()
    outcome = await line.send(MAIL)
    assert isinstance(outcome, MailDeferred)
    assert (outcome.server_away, outcome.may_have_arrived) == (True, False)
    await server.start()
    assert await line.send(MAIL) == MailSent()


async def test_a_line_that_breaks_before_the_letter_was_handed_over_cannot_have_carried_it(
    server: MailServer, line: SmtpConnection
) -> None:
    server.to = lambda _: "drop"
    outcome = await line.send(MAIL)
    assert isinstance(outcome, MailDeferred)
    assert (outcome.server_away, outcome.may_have_arrived) == (True, False)


async def test_a_line_that_breaks_after_the_letter_was_handed_over_may_have_carried_it(
    server: MailServer, line: SmtpConnection
) -> None:
    server.take = once("drop")
    outcome = await line.send(MAIL)
    assert isinstance(outcome, MailDeferred)
    assert (outcome.server_away, outcome.may_have_arrived) == (True, True)
    assert len(server.received) == 1


async def test_an_idle_line_that_the_server_hung_up_is_made_anew_without_a_word(
    server: MailServer, line: SmtpConnection
) -> None:
    assert await line.send(MAIL) == MailSent()
    server.hang_up()
    assert await line.send(MAIL) == MailSent()
    assert len({received.line for received in server.received}) == 2


async def test_letters_to_others_go_on_after_one_was_refused(server: MailServer, line: SmtpConnection) -> None:
    server.to = lambda address: "550 no" if address == "gone@acme.example" else "250 OK"
    assert await line.send(Mail(MAIL.sender, "gone@acme.example", MAIL.message)) == MailRefused("smtp-550")
    assert await line.send(MAIL) == MailSent()
    assert server.recipients == ["zoe@acme.example"]
