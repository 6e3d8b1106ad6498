"""Names and titles that try to become headers, markup or calendar lines: the bytes that go out are looked at."""

import re
from datetime import datetime
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from culture_connect.contracts import Localised
from notifications.domain.letters import Kind
from notifications.rendering.contents import Letter, Recipient
from notifications.rendering.safe import UnusableAddressError, ascii_address, header, header_text, mailbox, one_line
from tests.unit.notifications.builders import RENDERER, a_letter, an_evening, calendar_of, parsed, part_of, sent

HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version"),
    "Content-Type",
]
ATTACKS = [
    "=?utf-8?q?hi=0ABcc=3A_thief=40evil=2Eexample?=",
    "=?utf-8?b?aGkKQmNjOiB0aGllZkBldmlsLmV4YW1wbGU=?=",
    "hi\r\nBcc: thief@evil.example",
    "hi\nBcc: thief@evil.example",
    "hi\rBcc: thief@evil.example",
    "hi\u2028Bcc: thief@evil.example",
    "hi\x00\x0b\x0c\x85Bcc: thief@evil.example",
    "=\u200b?utf-8?q?hi=0ABcc=3A_thief=40evil=2Eexample?\u200b=",
    "==??utf-8?q?hi=0ABcc=3A_thief=40evil=2Eexample?==",
    'Zoë" <thief@evil.example>, "',
    "thief@evil.example,",
    "\u202eeoZ",
]
ANYTHING = st.text(st.sampled_from('=?\r\n\t\x00\x85\u2028\u202e"<>@,:;\\ aé😀q_')) | st.text()


def letter_with(hostile: str, kind: Kind = Kind.TICKET_ISSUED) -> Letter:
    """A letter with the text as name and title, past every check of the contract."""
    letter = a_letter(kind)
    recipient = Recipient.model_construct(
        given_name=hostile, family_name=hostile, email="zoe@acme.example", language=letter.contents.recipient.language
    )
    title = Localised.model_construct(nl=hostile, en=hostile)
    evening = letter.contents.evening.model_copy(update={"title": title, "location": hostile})
    contents = letter.contents.model_copy(update={"recipient": recipient, "evening": evening, "holder_name": hostile})
    return Letter(letter.letter_id, letter.participant_id, letter.evening_id, kind, 1, letter.written_at, contents)


def head_of(message: bytes) -> list[str]:
    """The header lines as they go over the wire, unfolded."""
    head = message.partition(b"\r\n\r\n")[0].decode("ascii")
    return re.sub("\r\n ", " ", head).split("\r\n")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_becomes_a_header_of_its_own(attack: str, kind: Kind) -> None:
    message = RENDERER.mail(letter_with(attack, kind)).message
    assert [line.partition(":")[0] for line in head_of(message)] == HEADERS
    read = parsed(message)
    assert [address.addr_spec for address in read["To"].addresses] == ["zoe@acme.example"]
    assert "=?" not in str(read["Subject"])
    assert "=?" not in read["To"].addresses[0].display_name


@given(ANYTHING)
def test_whatever_the_text_the_headers_stay_the_same_and_nothing_in_them_decodes_to_a_line(text: str) -> None:
    subject, name = header("Subject", header_text(text)), header("To", mailbox(text, "zoe@acme.example"))
    for value in (subject, name):
        assert value.isascii()
        assert value.endswith("\r\n")
        assert re.fullmatch(r"[^\r\n]+(\r\n [^\r\n]+)*\r\n", value)
        assert max(map(len, value.split("\r\n"))) <= 76
    read = parsed(subject.encode() + name.encode() + b"\r\nx")
    assert str(read["Subject"]) == one_line(text)
    [address] = read["To"].addresses
    assert address.addr_spec == "zoe@acme.example"
    # The standard library's newer parser leaves a space between the words of a long name (RFC 2047, 6.2).
    assert str(make_header(decode_header(mailbox(text, "").removesuffix("<>")))).rstrip() == one_line(text)


@given(ANYTHING)
def test_a_line_of_text_holds_nothing_that_ends_it_or_starts_an_encoded_word(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert "=?" not in line
    assert all(character.isprintable() or character == " " for character in line)
    assert one_line(line) == line


@pytest.mark.parametrize("value", ["a\r\nBcc: b", "a\nb", "é", "a\r\n", "\x00"])
def test_a_header_refuses_what_is_not_printable_ascii(value: str) -> None:
    with pytest.raises(ValueError, match="no header text"):
        header("Subject", value)


@pytest.mark.parametrize(
    "address", ["zoë@acme.example", '"a b"@acme.example', "a@b@c", "a@", "=?utf-8?q?a?=@acme.example", "a\n@b.example"]
)
def test_an_address_that_plain_smtp_cannot_carry_is_refused_without_being_quoted(address: str) -> None:
    with pytest.raises(UnusableAddressError) as refusal:
        ascii_address(address)
    assert address not in str(refusal.value)


def test_markup_in_names_and_titles_is_shown_and_not_obeyed() -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    for kind in Kind:
        page = RENDERER.render(letter_with(hostile, kind)).html
        assert "<script>" not in page
        assert "<img src=x" not in page
    evening = an_evening(reason={"nl": "<b>brand</b>", "en": "<b>fire</b>"})
    cancelled = a_letter(Kind.TICKET_CANCELLED, ticket={"reason": "evening-cancelled"}, evening=evening)
    assert "&lt;b&gt;brand&lt;/b&gt;" in RENDERER.render(cancelled).html
    assert "<b>brand</b>" in RENDERER.render(cancelled).text


@pytest.mark.parametrize("attack", [*ATTACKS, "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:1", 'a;b:c,"d"\\n'])
def test_no_text_becomes_a_line_of_the_calendar(attack: str) -> None:
    entry = part_of(sent(letter_with(attack)), "application/ics").get_payload(decode=True)
    assert isinstance(entry, bytes)
    [event] = calendar_of(entry).walk("VEVENT")
    assert str(event["SUMMARY"]) == f"Culture Connect: {one_line(attack)}".strip()
    assert str(event["ATTENDEE"]) == "mailto:zoe@acme.example"
    assert isinstance(event["DTSTART"].dt, datetime)
    lines = entry.replace(b"\r\n ", b"").split(b"\r\n")
    assert sum(line.startswith(b"BEGIN:") for line in lines) == 5
    assert not any(line.lower().startswith(b"bcc") for line in lines)
