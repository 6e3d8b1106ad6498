"""The headers of a mail: who writes, who is answered, how to switch it off."""

import pytest

from culture_connect.contracts import Venue
from notifications.contents import Letter
from notifications.domain.catalogue import OPTIONAL, Kind
from notifications.rendering.composer import Composer
from notifications.rendering.renderer import Renderer
from tests.unit.notifications.composed import (
    COMPOSER,
    LEADING,
    PUBLIC_URL,
    SECRET,
    SETTINGS,
    a_mail,
    a_piece,
    as_read,
    told_evening,
    two_tickets,
)


def test_they_say_from_whom_to_whom_and_when() -> None:
    message = as_read(a_mail())
    assert message["From"] == "Culture Connect <avond@cultureconnect.example>"
    [to] = message["To"].addresses
    assert (to.display_name, to.addr_spec) == ("Zoë van der Meer-Őzdemir", "zoe@acme.example")
    assert message["Date"] == "Thu, 01 Oct 2026 12:00:00 +0000"
    assert message["Content-Language"] == "nl"
    assert message["Subject"] == COMPOSER.render(a_mail()).subject


def test_the_contact_of_a_partner_is_addressed_without_a_name() -> None:
    assert COMPOSER.mail(a_mail(Kind.DIGEST)).message.count(b"\r\nTo: <hr@acme.example>\r\n") == 1


def test_the_message_id_is_that_of_the_letter_and_comes_back_in_reports() -> None:
    mail = COMPOSER.mail(a_mail())
    assert as_read(a_mail())["Message-ID"] == COMPOSER.message_id(LEADING) == f"<{LEADING}@cultureconnect.example>"
    assert mail.envelope_id == f"{LEADING}@cultureconnect.example"
    assert (mail.sender, mail.recipient) == ("avond@cultureconnect.example", "zoe@acme.example")


def test_machines_that_answer_by_themselves_are_asked_not_to() -> None:
    message = as_read(a_mail())
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_answers_about_an_evening_go_to_its_house() -> None:
    assert as_read(a_mail(Kind.REMINDER_WEEK))["Reply-To"] == "kassa@paard.example"
    welcome = a_mail(Kind.WELCOME, a_piece(Kind.WELCOME), a_piece(Kind.TICKET_ISSUED, number=1))
    assert as_read(welcome)["Reply-To"] == "kassa@paard.example"


@pytest.mark.parametrize(
    "letter",
    [
        a_mail(Kind.WELCOME),
        a_mail(Kind.TICKET_ISSUED, *two_tickets()),
        a_mail(Kind.TICKET_ISSUED, a_piece(Kind.TICKET_ISSUED, evening=told_evening(venue=Venue.BEELDEN_AAN_ZEE))),
    ],
    ids=["about no evening", "about evenings of two houses", "of a house without an address"],
)
def test_all_other_answers_go_to_the_sender(letter: Letter) -> None:
    assert as_read(letter)["Reply-To"] is None


@pytest.mark.parametrize("kind", sorted(OPTIONAL))
def test_what_one_can_do_without_is_switched_off_with_one_click(kind: Kind) -> None:
    message = as_read(a_mail(kind))
    assert message["List-Unsubscribe"] == f"<{PUBLIC_URL}/unsubscribe/{SECRET}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("kind", sorted(set(Kind) - OPTIONAL))
def test_what_one_has_to_know_cannot_be_switched_off(kind: Kind) -> None:
    message = as_read(a_mail(kind))
    assert message["List-Unsubscribe"] is message["List-Unsubscribe-Post"] is None


def test_without_a_secret_there_is_no_link() -> None:
    assert as_read(a_mail(Kind.REMINDER_DAY, unsubscribe=None))["List-Unsubscribe"] is None


def test_a_name_of_the_sender_beyond_ascii_arrives() -> None:
    composer = Composer(Renderer(public_url=PUBLIC_URL), **SETTINGS | {"sender": '"Cultuur, één" <a@b.example>'})
    [sender] = as_read(a_mail(), composer)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Cultuur, één", "a@b.example")
