"""The parts of a mail, as mail programs take it apart."""

from email.message import MIMEPart
from typing import Any

import pytest

from notifications.domain.catalogue import TICKETS, Kind
from tests.unit.notifications.composed import (
    COMPOSER,
    a_mail,
    a_piece,
    as_read,
    data_of,
    parts_of,
    two_tickets,
)

PAGE = ["multipart/related", ["text/html"], ["image/png"]]
PAGE_OF_TWO = ["multipart/related", ["text/html"], ["image/png"], ["image/png"]]


def shape(part: MIMEPart) -> list[Any]:
    """The type of a part and the shapes of those within."""
    return [part.get_content_type(), *map(shape, part.iter_parts())]


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", sorted(TICKETS))
def test_a_ticket_comes_with_an_invitation_a_page_to_print_and_a_calendar_file(kind: Kind, language: str) -> None:
    assert shape(as_read(a_mail(kind, language=language))) == [
        "multipart/mixed",
        ["multipart/alternative", ["text/plain"], PAGE, ["text/calendar"]],
        ["application/pdf"],
        ["application/ics"],
    ]


def test_several_tickets_are_one_file_to_print_and_an_entry_per_evening() -> None:
    message = as_read(a_mail(Kind.TICKET_ISSUED, *two_tickets()))
    assert shape(message) == [
        "multipart/mixed",
        ["multipart/alternative", ["text/plain"], PAGE_OF_TWO],
        ["application/pdf"],
        ["application/ics"],
        ["application/ics"],
    ]
    assert [part.get_filename() for part in message.iter_attachments()] == [
        "tickets.pdf",
        "2026-11-05-paard.ics",
        "2026-12-03-ndt.ics",
    ]


def test_the_only_ticket_is_a_file_called_so() -> None:
    assert [part.get_filename() for part in as_read(a_mail()).iter_attachments()] == [
        "ticket.pdf",
        "2026-11-05-paard.ics",
    ]


def test_a_welcome_that_brings_a_ticket_is_a_mail_with_a_ticket() -> None:
    message = as_read(a_mail(Kind.WELCOME, a_piece(Kind.WELCOME), a_piece(Kind.TICKET_ISSUED, number=1)))
    assert [part.get_content_type() for part in message.iter_attachments()] == ["application/pdf", "application/ics"]


@pytest.mark.parametrize(
    "kind", [Kind.WELCOME, Kind.INVITATION, Kind.TICKET_WAITLISTED, Kind.TICKET_OFFERED, Kind.REMINDER_DAY, Kind.DIGEST]
)
def test_what_changes_no_calendar_has_nothing_beside_its_words(kind: Kind) -> None:
    assert shape(as_read(a_mail(kind))) == ["multipart/alternative", ["text/plain"], ["text/html"]]


@pytest.mark.parametrize(
    ("kind", "method"),
    [(Kind.TICKET_ISSUED, "REQUEST"), (Kind.EVENING_CHANGED, "REQUEST"), (Kind.TICKET_CANCELLED, "CANCEL")],
)
def test_the_only_entry_comes_as_an_invitation_and_as_a_file(kind: Kind, method: str) -> None:
    message = as_read(a_mail(kind))
    [invitation], [file] = parts_of(message, "text/calendar"), parts_of(message, "application/ics")
    assert (invitation.get_param("method"), invitation.get_content_charset()) == (method, "utf-8")
    assert data_of(invitation) == data_of(file) == COMPOSER.calendars(a_mail(kind))[0].data


def test_the_page_shows_the_pictures_that_come_with_it() -> None:
    message = as_read(a_mail(Kind.TICKET_ISSUED, *two_tickets()))
    [page] = parts_of(message, "text/html")
    pictures = parts_of(message, "image/png")
    assert len({data_of(picture) for picture in pictures}) == 2
    for picture in pictures:
        assert picture.get_content_disposition() == "inline"
        assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in page.get_content()


@pytest.mark.parametrize("kind", sorted(Kind))
def test_every_line_keeps_to_what_any_mail_server_takes(kind: Kind) -> None:
    message = COMPOSER.mail(a_mail(kind)).message
    lines = message.split(b"\r\n")
    assert max(len(line) for line in lines if not line.startswith(b"List-Unsubscribe: ")) <= 78
    assert max(map(len, lines)) <= 998  # an address of a page cannot be folded
    assert message.isascii()
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)


@pytest.mark.parametrize("kind", sorted(Kind))
def test_the_same_letter_is_the_same_bytes_however_often_it_is_written(kind: Kind) -> None:
    assert COMPOSER.mail(a_mail(kind)).message == COMPOSER.mail(a_mail(kind)).message
