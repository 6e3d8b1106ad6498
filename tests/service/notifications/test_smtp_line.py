"""One line to a real mail server: what its answers mean for a letter and for the others."""

from collections.abc import AsyncIterator

import pytest

from notifications.delivery.outcomes import Deferred, Outcome, Refused, Sent
from notifications.delivery.smtp import LETTERS_PER_LINE, SmtpLine
from notifications.delivery.smtp import MailServer as Address
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
async def line(server: MailServer) -> AsyncIterator[SmtpLine]:
    """A line to it."""
    line = SmtpLine(Address("127.0.0.1", server.port, timeout=5))
    yield line
    await line.close()


async def test_the_mail_arrives_byte_for_byte(server: MailServer, line: SmtpLine) -> None:
    assert await line.send(MAIL) == Sent()
    [received] = server.received
    assert (received.recipient, received.message) == ("zoe@acme.example", MAIL.message)


async def test_one_connection_carries_many_letters(server: MailServer, line: SmtpLine) -> None:
    for _ in range(LETTERS_PER_LINE):
        assert await line.send(MAIL) == Sent()
    assert len({received.line for received in server.received}) == 1
    await line.send(MAIL)
    assert len({received.line for received in server.received}) == 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 no such user", Refused("smtp-550")),
        ("554 5.7.1 not here", Refused("smtp-554-5.7.1")),
        ("450 4.2.1 greylisted", Deferred("smtp-450")),
        ("452 4.2.2 mailbox full", Deferred("smtp-452")),
        ("421 4.3.2 closing", Deferred("smtp-421", server_away=True)),
        ("530 5.7.0 log in first", Deferred("smtp-530", server_away=True)),
    ],
)
@pytest.mark.parametrize("step", ["to", "take"])
async def test_an_answer_to_the_letter_is_about_the_letter(
    server: MailServer, line: SmtpLine, step: str, answer: str, outcome: Outcome
) -> None:
    setattr(server, step, once(answer))
    assert await line.send(MAIL) == outcome
    assert await line.send(MAIL) == Sent()


@pytest.mark.parametrize("answer", ["451 4.3.0 busy", "530 5.7.0 log in first", "550 5.7.1 not you"])
async def test_a_refused_sender_is_no_fault_of_the_letter(server: MailServer, line: SmtpLine, answer: str) -> None:
    server.from_ = lambda _: answer
    outcome = await line.send(MAIL)
    assert isinstance(outcome, Deferred)
    assert outcome.server_away


async def test_a_server_that_is_not_there_is_away(server: MailServer, line: SmtpLine) -> None:
    await server.stop()
    outcome = await line.send(MAIL)
    assert isinstance(outcome, Deferred)
    assert (outcome.server_away, outcome.may_have_arrived) == (True, False)
    await server.start()
    assert await line.send(MAIL) == Sent()


async def test_a_line_that_breaks_before_the_letter_was_handed_over_cannot_have_carried_it(
    server: MailServer, line: SmtpLine
) -> None:
    server.to = lambda _: "drop"
    outcome = await line.send(MAIL)
    assert isinstance(outcome, Deferred)
    assert (outcome.server_away, outcome.may_have_arrived) == (True, False)


async def test_a_line_that_breaks_after_the_letter_was_handed_over_may_have_carried_it(
    server: MailServer, line: SmtpLine
) -> None:
    server.take = once("drop")
    outcome = await line.send(MAIL)
    assert isinstance(outcome, Deferred)
    assert (outcome.server_away, outcome.may_have_arrived) == (True, True)
    assert len(server.received) == 1


async def test_an_idle_line_that_the_server_hung_up_is_made_anew_without_a_word(
    server: MailServer, line: SmtpLine
) -> None:
    assert await line.send(MAIL) == Sent()
    server.hang_up()
    assert await line.send(MAIL) == Sent()
    assert len({received.line for received in server.received}) == 2


async def test_letters_to_others_go_on_after_one_was_refused(server: MailServer, line: SmtpLine) -> None:
    server.to = lambda address: "550 no" if address == "gone@acme.example" else "250 OK"
    assert await line.send(Mail(MAIL.sender, "gone@acme.example", MAIL.message)) == Refused("smtp-550")
    assert await line.send(MAIL) == Sent()
    assert server.recipients == ["zoe@acme.example"]
