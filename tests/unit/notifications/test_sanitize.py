"""Any text at all as a header, a name, a line."""

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rendering.mime import header, header_text, mailbox
from notifications.rendering.sanitize import UnusableAddressError, ascii_address, one_line

ANYTHING = st.text(st.sampled_from('=?\r\n\t\x00\x85\u2028\u202e"<>@,:;\\ aé😀q_')) | st.text()


@given(ANYTHING)
def test_whatever_the_text_the_headers_stay_the_same_and_nothing_in_them_decodes_to_a_line(text: str) -> None:
    subject, name = header("Subject", header_text(text)), header("To", mailbox(text, "zoe@acme.example"))
    for value in (subject, name):
        assert value.isascii()
        assert value.endswith("\r\n")
        assert re.fullmatch(r"[^\r\n]+(\r\n [^\r\n]+)*\r\n", value)
        assert max(map(len, value.split("\r\n"))) <= 76
    read = message_from_bytes(subject.encode() + name.encode() + b"\r\nx", policy=policy.default)
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
    # Joiners and tags are no "printable" characters to Python; they stay inside words and emoji.
    assert all(each.isprintable() or each in " \u200c\u200d" or "\U000e0020" <= each <= "\U000e007f" for each in line)
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


@pytest.mark.parametrize("name", ["علی\u200cرضا", "👩\u200d🚀"])
def test_a_name_keeps_its_joiners_in_letters(name: str) -> None:
    assert one_line(name) == name
