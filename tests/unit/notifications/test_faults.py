"""The faults behind mails that do not arrive: HR hears of addresses alone, in the session or afterwards."""

import pytest

from notifications.delivery.bounce_reports import parse
from notifications.domain.outcomes import DeliveryFault, classify_fault

LETTER = "0b6f5a3e-7c1d-5a52-9d1f-3a5f0c1e2b4d"


@pytest.mark.parametrize(
    ("status", "code", "fault"),
    [
        *((status, 550, DeliveryFault.ADDRESS) for status in ("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")),
        ("5.2.1", 550, DeliveryFault.ADDRESS),
        *((status, None, DeliveryFault.ADDRESS) for status in ("5.4.0", "5.4.1", "5.4.4", "5.4.6", "4.4.1")),
        # Our own address, not the recipient's.
        ("5.1.7", 550, DeliveryFault.OTHER),
        ("5.1.8", 553, DeliveryFault.OTHER),
        ("5.2.2", 552, DeliveryFault.MAILBOX_FULL),
        ("4.2.2", 452, DeliveryFault.MAILBOX_FULL),
        *(
            (status, 550, DeliveryFault.OTHER)
            for status in ("5.2.0", "5.2.3", "5.2.4", "5.3.0", "5.3.4", "5.5.0", "5.5.2")
        ),
        *((status, 550, DeliveryFault.OTHER) for status in ("5.6.0", "5.6.1", "5.7.0", "5.7.1", "5.7.26", "5.7.133")),
        ("5.0.0", 451, DeliveryFault.OTHER),
        ("5.0.0", None, DeliveryFault.OTHER),
        ("5.4.7", 451, DeliveryFault.OTHER),
        ("5.0.0", 550, DeliveryFault.ADDRESS),
        # No enhanced code: as far as RFC 5321 gives the basic one a meaning.
        (None, 550, DeliveryFault.ADDRESS),
        (None, 551, DeliveryFault.ADDRESS),
        (None, 553, DeliveryFault.ADDRESS),
        (None, 552, DeliveryFault.MAILBOX_FULL),
        (None, 554, DeliveryFault.OTHER),
        (None, 571, DeliveryFault.OTHER),
        (None, 450, DeliveryFault.OTHER),
        ("9.9.9 nonsense", 554, DeliveryFault.OTHER),
    ],
)
def test_a_status_code_decides_and_a_reply_code_where_there_is_none(
    status: str | None, code: int | None, fault: DeliveryFault
) -> None:
    assert classify_fault(status, code) is fault


@pytest.mark.parametrize("code", [550, 551, 553, 554])
def test_what_is_refused_once_the_text_was_sent_is_the_text(code: int) -> None:
    assert classify_fault(None, code, of_text=True) is DeliveryFault.OTHER
    assert classify_fault("5.1.1", code, of_text=True) is DeliveryFault.ADDRESS


@pytest.mark.parametrize(
    ("status", "diagnostic", "fault"),
    [
        ("5.1.1", "smtp; 550 5.1.1 no such user", DeliveryFault.ADDRESS),
        ("5.2.2", "smtp; 552 5.2.2 over quota", DeliveryFault.MAILBOX_FULL),
        ("5.7.1", "smtp; 550 5.7.1 looks like spam", DeliveryFault.OTHER),
        ("5.0.0", "smtp; 451 4.7.1 greylisted", DeliveryFault.OTHER),
        ("5.0.0", "smtp; 550-5.1.1 no such user", DeliveryFault.ADDRESS),
        ("5.0.0", "smtp;550 5.7.1 blocked", DeliveryFault.OTHER),
        ("5.0.0", "SMTP; 550 user unknown", DeliveryFault.ADDRESS),
        ("5.0.0", "x-unix; mailbox 550 lost", DeliveryFault.OTHER),
        ("5.0.0", "", DeliveryFault.OTHER),
    ],
)
def test_a_report_that_is_vague_is_read_by_what_the_server_answered(
    status: str, diagnostic: str, fault: DeliveryFault
) -> None:
    report = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Action: failed\nStatus: {status}\nDiagnostic-Code: {diagnostic}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{LETTER}@cultureconnect.example>\n\n--b--\n"
    )
    bounce = parse(report.encode(), "cultureconnect.example")
    assert bounce is not None
    assert bounce.fault is fault
