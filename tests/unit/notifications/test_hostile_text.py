"""Names and titles that try to become headers, markup or calendar lines: the bytes that go out are looked at."""

import re
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from icalendar import Calendar

from culture_connect.contracts import Localised
from notifications.contents import Letter, Recipient, TicketDetails
from notifications.domain.catalogue import OPTIONAL, Kind
from notifications.rendering.sanitize import UnusableAddressError, one_line
from tests.unit.notifications.composed import (
    COMPOSER,
    LEADING,
    a_mail,
    a_piece,
    a_week,
    as_message,
    as_read,
    parts_of,
    told_evening,
)
from tests.unit.notifications.printed import pages_of

FIRST = ["From", "To", "Subject", "Date", "Message-ID"]
TO_SWITCH_OFF = ["List-Unsubscribe", "List-Unsubscribe-Post"]
LAST = ["Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language", "MIME-Version", "Content-Type"]
OF_PARTS = {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"}

ATTACKS = {
    "encoded word, quoted": "=?utf-8?q?hi=0ABcc=3A_thief=40evil=2Eexample?=",
    "encoded word, base64": "=?utf-8?b?aGkKQmNjOiB0aGllZkBldmlsLmV4YW1wbGU=?=",
    "encoded words in a row": "=?utf-8?q?a?= =?utf-8?q?=0D=0ABcc=3A_thief=40evil=2Eexample?=",
    "encoded word in UTF-16": "=?utf-16?b?AA0ACgBCAGMAYwA6?=",
    "encoded word in pieces": "=\u200b?utf-8?q?hi=0ABcc=3A_thief=40evil=2Eexample?\u200b=",
    "encoded word around another": "==??utf-8?q?hi=0ABcc=3A_thief=40evil=2Eexample?==",
    "CRLF": "hi\r\nBcc: thief@evil.example",
    "LF": "hi\nBcc: thief@evil.example",
    "CR": "hi\rBcc: thief@evil.example",
    "a body of its own": "hi\r\n\r\nhello",
    "a folded line": "hi\r\n\tBcc: thief@evil.example",
    "line separator": "hi\u2028Bcc: thief@evil.example",
    "paragraph separator": "hi\u2029\u2029Bcc: thief@evil.example",
    "other line ends": "hi\x00\x0b\x0c\x1c\x1d\x1e\x85Bcc: thief@evil.example",
    "NUL": "\x00hi\x00",
    "a boundary": f"\r\n--=_{LEADING.hex}_m\r\nContent-Type: text/html\r\n\r\nhi\r\n--=_{LEADING.hex}_m--",
    "another address": 'Zoë" <thief@evil.example>, "',
    "one address more": "thief@evil.example,",
    "a group of addresses": "x: thief@evil.example;",
    "a comment": "(hi) \\(",
    "marks of direction": "\u202eeoZ\u2066\u2069\u200f",
    "right to left": "שלום עולם",
    "half a character": "hi\ud800",
    "very long": "x" * 1500,
    "very long words": "ë😀 " * 300,
    "markup": '<script>alert(1)</script>"><img src=x onerror=alert(1)>',
    "a template": "{{ 7 * 7 }}{% raw %}{# #}",
    "lines of a calendar": "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:1",
    "signs of a calendar": 'a;b:c,"d"\\n^n^\'',
    "operators of a document": ") Tj ET endstream endobj \\051 (",
}


def letter_with(hostile: str, kind: Kind) -> Letter:
    """A letter in which every text from outside is this one, past every check of the contract."""
    both = Localised.model_construct(nl=hostile, en=hostile)
    programme = [part.model_copy(update={"title": both}) for part in told_evening().programme]
    evening = told_evening(title=both, theme=both, location=hostile, programme=programme, reason=both)
    ordinary = a_mail(kind)
    [piece] = ordinary.contents.pieces
    ticket = TicketDetails(
        # A code of that length, since there is no picture of longer ones.
        code=one_line(hostile)[:900] + "x" if piece.ticket.code else None,
        link=hostile if piece.ticket.link else None,
        position=piece.ticket.position,
        reason=hostile if piece.ticket.reason else None,
    )
    hostile_piece = piece.model_copy(
        update={
            "evening": evening if piece.evening else None,
            "before": told_evening(title=both, theme=both, location=hostile) if piece.before else None,
            "ticket": ticket,
            "giver": hostile if piece.giver else None,
        }
    )
    week = a_week()
    hostile_week = week.model_copy(
        update={"evenings": [each.model_copy(update={"title": both}) for each in week.evenings]}
    )
    recipient = Recipient.model_construct(
        given_name=hostile, family_name=hostile, email="zoe@acme.example", language=ordinary.contents.recipient.language
    )
    contents = ordinary.contents.model_copy(
        update={
            "recipient": recipient,
            "pieces": [hostile_piece],
            "partner_name": hostile,
            "digest": hostile_week if kind is Kind.DIGEST else None,
        }
    )
    return Letter(ordinary.letter_id, ordinary.participant_id, ordinary.written_at, contents)


class Markup(HTMLParser):
    """Collects what no page of ours has and a mail program would find."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.strange: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Scripts, frames, forms; pictures from elsewhere; anything that happens by itself."""
        if tag in ("script", "iframe", "object", "embed", "form", "link", "base"):
            self.strange.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (name == "src" and not (value or "").startswith("cid:")):
                self.strange.append(f"{tag} {name}")


def head_of(message: bytes) -> list[str]:
    """The header lines as they go over the wire, unfolded."""
    head = message.partition(b"\r\n\r\n")[0].decode("ascii")
    return re.sub("\r\n ", " ", head).split("\r\n")


def headers_of(kind: Kind) -> list[str]:
    """The headers that a letter of that kind has."""
    harness = ["Reply-To"] if a_mail(kind).contents.pieces[0].evening else []
    return [*FIRST, *harness, *(TO_SWITCH_OFF if kind in OPTIONAL else []), *LAST]


@cache
def ordinary_shape(kind: Kind) -> list[tuple[str, str | None]]:
    """That of the same letter about an evening as it should be."""
    return shape(as_read(a_mail(kind)))


def shape(message: "Message[Any, Any]") -> list[tuple[str, str | None]]:
    """The types of all parts and the names of files, in order."""
    return [(part.get_content_type(), part.get_filename()) for part in message.walk()]


@pytest.mark.parametrize("kind", sorted(Kind))
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_text_becomes_a_header_a_part_or_markup(attack: str, kind: Kind) -> None:
    message = COMPOSER.mail(letter_with(attack, kind)).message
    assert message.isascii()
    lines = message.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not {b"\r"[0], b"\n"[0], 0} & set(b"".join(lines))
    assert [line.partition(":")[0] for line in head_of(message)] == headers_of(kind)
    read = as_message(message)
    for reading in (read, message_from_bytes(message)):
        assert reading.keys() == headers_of(kind)
        assert shape(reading) == ordinary_shape(kind)
        assert not any(part.defects for part in reading.walk())
        assert all(set(part.keys()) <= OF_PARTS for part in reading.walk() if part is not reading)
    [addressee] = read["To"].addresses
    assert addressee.addr_spec == "zoe@acme.example"
    assert "=?" not in addressee.display_name
    assert "=?" not in str(read["Subject"])
    [page] = parts_of(read, "text/html")
    assert Markup(page.get_content()).strange == []
    for document in parts_of(read, "application/pdf"):
        assert len(pages_of(document.get_content())) == 1


def test_markup_in_texts_is_shown_and_not_obeyed() -> None:
    reason = Localised(nl="<b>brand</b>", en="<b>fire</b>")
    letter = a_mail(
        Kind.EVENING_CANCELLED, a_piece(Kind.EVENING_CANCELLED, evening=told_evening(reason=reason), sequence=1)
    )
    rendered = COMPOSER.render(letter)
    assert "&lt;b&gt;brand&lt;/b&gt;" in rendered.html
    assert "<b>brand</b>" in rendered.text


@pytest.mark.parametrize("attack", [*ATTACKS.values(), "zoë@acme.example", "a b@acme.example", ""], ids=repr)
def test_no_address_but_a_plain_one_is_written_to(attack: str) -> None:
    ordinary = a_mail()
    for address in (attack, f"{attack}@acme.example", f"zoe@{attack}"):
        recipient = ordinary.contents.recipient.model_copy(update={"email": address})
        with pytest.raises(UnusableAddressError):
            COMPOSER.mail(a_mail(recipient=recipient))


ENTRY_OF_ONE = [b"BEGIN:VCALENDAR", b"BEGIN:VTIMEZONE", b"BEGIN:DAYLIGHT", b"BEGIN:STANDARD", b"BEGIN:VEVENT"]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_text_becomes_a_line_of_the_calendar(attack: str) -> None:
    [entry] = COMPOSER.calendars(letter_with(attack, Kind.TICKET_ISSUED))
    lines = entry.data.replace(b"\r\n ", b"").split(b"\r\n")
    assert sorted(line for line in lines if line.startswith(b"BEGIN:")) == sorted(ENTRY_OF_ONE)
    names = {re.split(b"[;:]", line)[0] for line in lines}
    ordinary = COMPOSER.calendars(a_mail())[0].data.replace(b"\r\n ", b"").split(b"\r\n")
    assert names == {re.split(b"[;:]", line)[0] for line in ordinary}
    calendar: Any = Calendar.from_ical(entry.data)
    [event] = calendar.walk("VEVENT")
    assert str(event["SUMMARY"]) == f"Culture Connect: {one_line(attack)}".strip()
    assert str(event["LOCATION"]) == f"PAARD, {one_line(attack)}".strip()
    assert str(event["ATTENDEE"]) == "mailto:zoe@acme.example"
    assert isinstance(event["DTSTART"].dt, datetime)
