"""The ticket letter, as a mail program reads it."""

from datetime import datetime
from email.message import MIMEPart
from pathlib import Path
from typing import Any

import pytest

from notifications.domain.letters import Kind
from tests.unit.notifications.builders import (
    CODE,
    EVENING,
    LETTER,
    LINK,
    PARTICIPANT,
    RENDERER,
    a_letter,
    calendar_of,
    part_of,
    sent,
)

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", list(Kind))
def test_every_letter_reads_as_it_was_agreed(kind: Kind, language: str) -> None:
    rendered = RENDERER.render(a_letter(kind, language=language))
    golden = (GOLDEN / f"{kind}.{language}.txt").read_text(encoding="utf-8")
    assert f"Subject: {rendered.subject}\n\n{rendered.text}" == golden


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_parts_are_nested_as_mail_programs_expect(language: str) -> None:
    message = sent(a_letter(language=language))

    def shape(part: MIMEPart) -> list[Any]:
        return [part.get_content_type(), *map(shape, part.iter_parts())]

    assert shape(message) == [
        "multipart/mixed",
        [
            "multipart/alternative",
            ["text/plain"],
            ["multipart/related", ["text/html"], ["image/png"]],
            ["text/calendar"],
        ],
        ["application/ics"],
    ]


def test_the_headers_say_from_whom_to_whom_and_that_a_machine_wrote_it() -> None:
    message = sent(a_letter())
    assert message["From"] == "Culture Connect <avond@cultureconnect.example>"
    [to] = message["To"].addresses
    assert (to.display_name, to.addr_spec) == ("Zoë van der Meer-Özdemir", "zoe@acme.example")
    assert message["Subject"] == "Je ticket voor Klank & stilte, donderdag 5 november"
    assert message["Date"] == "Thu, 01 Oct 2026 12:00:00 +0000"
    assert message["Message-ID"] == f"<{LETTER}@cultureconnect.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "nl"


def test_the_same_letter_is_the_same_bytes_however_often_it_is_written() -> None:
    assert RENDERER.mail(a_letter()).message == RENDERER.mail(a_letter()).message


def test_every_line_keeps_to_what_any_mail_server_takes() -> None:
    for kind in Kind:
        message = RENDERER.mail(a_letter(kind)).message
        lines = message.split(b"\r\n")
        assert max(map(len, lines)) <= 78
        assert message.isascii()
        assert b"\n" not in b"".join(lines)
        assert b"\r" not in b"".join(lines)


def test_the_page_shows_the_picture_that_comes_with_it() -> None:
    message = sent(a_letter())
    picture = part_of(message, "image/png")
    assert picture.get_content_disposition() == "inline"
    page = part_of(message, "text/html").get_content()
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in page


def test_the_page_describes_its_picture_in_words() -> None:
    assert 'alt="QR-code van je ticket: laat deze zien bij de ingang"' in RENDERER.render(a_letter()).html


@pytest.mark.parametrize(
    ("language", "words"),
    [("nl", ["donderdag 5 november 2026", "19.30", "23.00"]), ("en", ["Thursday 5 November 2026", "19:30", "23:00"])],
)
def test_page_and_text_tell_day_time_place_and_programme(language: str, words: list[str]) -> None:
    rendered = RENDERER.render(a_letter(language=language))
    page = rendered.html.replace("&amp;", "&")
    for word in [*words, "PAARD", "Prinsegracht 12, Den Haag", LINK]:
        assert word in page
        assert word in rendered.text


def test_without_a_personal_page_nothing_is_said_about_it() -> None:
    rendered = RENDERER.render(a_letter(ticket={"code": CODE}))
    assert "persoonlijke pagina" not in rendered.text + rendered.html
    assert "None" not in rendered.text + rendered.html


def test_the_calendar_entry_comes_as_an_invitation_and_as_a_file() -> None:
    message = sent(a_letter())
    invitation, file = part_of(message, "text/calendar"), part_of(message, "application/ics")
    assert invitation.get_content_type() == "text/calendar"
    assert invitation.get_param("method") == "REQUEST"
    assert file.get_filename() == "culture-connect.ics"
    assert invitation.get_payload(decode=True) == file.get_payload(decode=True)


def test_the_calendar_entry_is_at_the_local_time_with_its_time_zone() -> None:
    entry = part_of(sent(a_letter(sequence=2)), "application/ics").get_payload(decode=True)
    assert isinstance(entry, bytes)
    calendar = calendar_of(entry)
    [event] = calendar.walk("VEVENT")
    [zone] = calendar.walk("VTIMEZONE")
    assert calendar["METHOD"] == "REQUEST"
    assert zone["TZID"] == "Europe/Amsterdam"
    assert b"DTSTART;TZID=Europe/Amsterdam:20261105T193000\r\n" in entry
    assert b"DTEND;TZID=Europe/Amsterdam:20261105T230000\r\n" in entry
    assert event["SEQUENCE"] == 2
    assert event["UID"] == f"{EVENING}.{PARTICIPANT}@cultureconnect.example"
    assert event["SUMMARY"] == "Culture Connect: Klank & stilte"
    assert event["LOCATION"] == "PAARD, Prinsegracht 12, Den Haag"
    assert str(event["ORGANIZER"]) == "mailto:avond@cultureconnect.example"
    assert str(event["ATTENDEE"]) == "mailto:zoe@acme.example"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"


def test_a_time_zone_changes_over_on_the_last_sundays_of_march_and_october() -> None:
    zone = calendar_of(RENDERER.render(a_letter()).calendar).walk("VTIMEZONE")[0].to_tz()
    assert str(datetime(2027, 6, 3, 19, 30, tzinfo=zone).utcoffset()) == "2:00:00"
    assert str(datetime(2026, 11, 5, 19, 30, tzinfo=zone).utcoffset()) == "1:00:00"


def test_a_cancelled_seat_takes_the_entry_out_of_the_calendar() -> None:
    message = sent(a_letter(Kind.TICKET_CANCELLED, sequence=1))
    assert part_of(message, "text/calendar").get_param("method") == "CANCEL"
    [event] = calendar_of(part_of(message, "application/ics").get_content()).walk("VEVENT")
    [first] = calendar_of(RENDERER.render(a_letter()).calendar).walk("VEVENT")
    assert event["STATUS"] == "CANCELLED"
    assert event["UID"] == first["UID"]
    assert event["SEQUENCE"] > first["SEQUENCE"]


@pytest.mark.parametrize(("kind", "sequence"), [(Kind.TICKET_WAITLISTED, 0), (Kind.TICKET_CANCELLED, 0)])
def test_there_is_no_calendar_entry_where_there_never_was_a_seat(kind: Kind, sequence: int) -> None:
    message = sent(a_letter(kind, sequence=sequence))
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("evening-cancelled", "gaat helaas niet door"),
        ("declined", "zo kan iemand anders erbij zijn"),
        ("passed-on", "doorgegeven aan een collega"),
        ("withdrawn", "Je deelname aan Culture Connect eindigt"),
        ("revoked", "is vervallen"),
    ],
)
def test_a_cancellation_says_why(reason: str, words: str) -> None:
    rendered = RENDERER.render(a_letter(Kind.TICKET_CANCELLED, ticket={"reason": reason}))
    assert words in rendered.text
    assert words in rendered.html
