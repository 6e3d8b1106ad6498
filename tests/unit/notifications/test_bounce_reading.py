"""Reports of mail servers: what each says of which letter, and that no message, however made, does harm."""

import base64
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.delivery.bounce_reports import parse
from notifications.domain.outcomes import BounceReport, DsnAction
from tests.support.bounce_reports import FAILED, HOSTILE, report

LETTER = UUID("0b6f5a3e-7c1d-5a52-9d1f-3a5f0c1e2b4d")
DOMAIN = "cultureconnect.example"


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(
    ("name", "action", "status", "permanent"),
    [
        ("postfix-failed", DsnAction.FAILED, "5.1.1", True),
        ("exchange-failed", DsnAction.FAILED, "5.1.10", True),
        ("gmail-failed", DsnAction.FAILED, "5.1.1", True),
        ("postfix-expired", DsnAction.FAILED, "4.4.1", False),
        ("postfix-delayed", DsnAction.DELAYED, "4.4.1", False),
        ("postfix-relayed", DsnAction.RELAYED, "2.0.0", False),
    ],
)
def test_a_report_says_what_became_of_which_letter(
    name: str, action: DsnAction, status: str, permanent: bool, line_end: bytes
) -> None:
    bounce = parse(report(name).replace(b"\n", line_end), DOMAIN)
    assert bounce == BounceReport(LETTER, action, status)
    assert bounce.permanent == permanent


@pytest.mark.parametrize("name", ["out-of-office", "read-receipt"])
def test_what_else_comes_back_is_no_report(name: str) -> None:
    assert parse(report(name), DOMAIN) is None


def test_either_id_tells_which_letter_it_was() -> None:
    envelope = FAILED.replace(b"\nMessage-ID: <0b6f", b"\nMessage-ID: <ffff")
    returned = FAILED.replace(b"Original-Envelope-Id", b"X-Envelope-Id")
    neither = envelope.replace(b"Original-Envelope-Id", b"X-Envelope-Id")
    assert [found.letter_id for each in (envelope, returned) if (found := parse(each, DOMAIN))] == [LETTER, LETTER]
    assert parse(neither, DOMAIN) == BounceReport(UUID("ffff" + str(LETTER)[4:]), DsnAction.FAILED, "5.1.1")


@pytest.mark.parametrize("domain", ["example", "elsewhere.example", "connect.example", "x.cultureconnect.example"])
def test_a_letter_of_another_house_is_none_of_ours(domain: str) -> None:
    assert parse(FAILED, domain) == BounceReport(None, DsnAction.FAILED, "5.1.1")


def test_a_domain_is_the_same_in_capitals() -> None:
    assert parse(FAILED.replace(b"@cultureconnect", b"@CultureConnect"), DOMAIN) == parse(FAILED, DOMAIN)


@pytest.mark.parametrize(
    "mail_id", [b"1", b"not-a-uuid", b"0b6f5a3e7c1d5a529d1f3a5f0c1e2b4d", b"", b"\xff\xfe", b"x" * 5000]
)
def test_an_id_that_is_no_letter_is_none_of_ours(mail_id: bytes) -> None:
    strange = FAILED.replace(str(LETTER).encode(), mail_id)
    assert parse(strange, DOMAIN) == BounceReport(None, DsnAction.FAILED, "5.1.1")


def of_several(*fates: tuple[str, str]) -> bytes:
    """The report with these fates of recipients."""
    blocks = "\n".join(f"Final-Recipient: rfc822; a@b.example\nAction: {act}\nStatus: {code}\n" for act, code in fates)
    head, _, rest = FAILED.partition(b"Final-Recipient:")
    return head + blocks.encode() + rest[rest.index(b"\n--") :]


@pytest.mark.parametrize(
    ("fates", "action", "status"),
    [
        ([("failed", "5.1.1"), ("relayed", "2.0.0")], DsnAction.RELAYED, "2.0.0"),
        ([("delayed", "4.4.1"), ("failed", "5.1.1")], DsnAction.DELAYED, "4.4.1"),
        ([("failed", "5.7.1"), ("failed", "4.2.2")], DsnAction.FAILED, "4.2.2"),
        ([("failed", "5.2.2"), ("failed", "5.1.1")], DsnAction.FAILED, "5.2.2"),
        ([("FAILED (for good)", "5.1.1 (no such person)")], DsnAction.FAILED, "5.1.1"),
        ([("lost", "5.1.1"), ("failed", "5.1.6")], DsnAction.FAILED, "5.1.6"),
    ],
)
def test_who_reached_one_of_several_has_arrived(fates: list[tuple[str, str]], action: DsnAction, status: str) -> None:
    assert parse(of_several(*fates), DOMAIN) == BounceReport(LETTER, action, status)


@pytest.mark.parametrize(
    "fate",
    [("failed", ""), ("failed", "550"), ("failed", "3.1.1"), ("failed", "5.1"), ("failed", "5.1.1.1"), ("", "5.1.1")],
)
def test_a_report_that_does_not_say_what_became_of_it_is_none(fate: tuple[str, str]) -> None:
    assert parse(of_several(fate), DOMAIN) is None


def test_a_gateway_may_have_encoded_the_report() -> None:
    head, _, rest = FAILED.partition(b"Content-Type: message/delivery-status\n\n")
    fields, boundary, rest = rest.partition(b"\n\n--9B6")
    encoded = base64.encodebytes(fields.replace(b"\n", b"\r\n"))
    kind = b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
    assert parse(head + kind + encoded + boundary + rest, DOMAIN) == parse(FAILED, DOMAIN)


def test_a_report_within_a_message_is_not_about_that_message() -> None:
    wrapped = (
        b'Content-Type: multipart/mixed; boundary="w"\n\n--w\nContent-Type: message/rfc822\n\n' + FAILED + b"\n--w--\n"
    )
    assert parse(wrapped, DOMAIN) is None


def test_a_report_that_was_cut_short_counts_for_what_is_left() -> None:
    whole = report("postfix-expired")
    assert parse(whole[: whole.index(b"\nAuto-Submitted: auto-generated")], DOMAIN) == parse(whole, DOMAIN)


@pytest.mark.parametrize(
    ("kind", "another"),
    [
        (b"multipart/report", b"multipart/mixed"),
        (b"report-type=delivery-status", b"report-type=disposition-notification"),
        (b"Content-Type: message/delivery-status", b"Content-Type: text/plain"),
        # What comes after the end is no part of it.
        (b"\nContent-Description: Delivery report", b"--\n\n--9B6F61A3E7.1790856007/mx.relay.example"),
    ],
)
def test_only_what_calls_itself_a_report_is_read_as_one(kind: bytes, another: bytes) -> None:
    assert kind in FAILED
    assert parse(FAILED.replace(kind, another, 1), DOMAIN) is None


def test_empty_lines_between_recipients_do_not_count() -> None:
    assert parse(FAILED.replace(b"\nFinal-Recipient", b"\n\nFinal-Recipient"), DOMAIN) == parse(FAILED, DOMAIN)


def test_words_for_people_are_not_the_report() -> None:
    told = FAILED.replace(b"This is the mail system", b"Action: relayed\nStatus: 2.0.0\n\nThis is the mail system")
    assert parse(told, DOMAIN) == parse(FAILED, DOMAIN)


@pytest.mark.parametrize("message", [pytest.param(message, id=name) for name, message in HOSTILE.items()])
def test_no_message_breaks_the_reader(message: bytes) -> None:
    assert parse(message, DOMAIN) is None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_report_is_a_report_or_none(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([FAILED, report("exchange-failed"), report("gmail-failed")]))
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged)))
        piece = data.draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b"\n\n", b"--", b";", b'"', b"*0*=", b"\x00"]))
        )
        damaged[at : at + data.draw(st.integers(0, 30))] = piece
    bounce = parse(bytes(damaged), DOMAIN)
    assert bounce is None or (bounce.action in set(DsnAction) and bounce.status[0] in "245")
