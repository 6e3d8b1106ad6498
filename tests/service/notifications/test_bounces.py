"""A mail that was taken and comes back has failed after all, and registration hears of the address once."""

import hashlib
import json
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from tests.service.notifications.harness import Harness, enrolled, evening, issued, known, undeliverable_to
from tests.support.probes import eventually

REPORT = "message/rfc822"


def a_report(mail_id: str, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """Returns a mail server's report about a mail; the headers of the mail are with it."""
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: avond@cultureconnect.example\r\nSubject: Undelivered\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nThis mail came back.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; somebody@acme.example\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{mail_id}@cultureconnect.example>\r\n\r\n"
        "--b--\r\n"
    ).encode()


async def sent_letter(harness: Harness) -> tuple[UUID, str]:
    """Somebody with a letter that was sent, and its mail."""
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_state(participant, "ticket-issued", "sent")
    [letter] = await harness.letters(participant_id=participant, kind="ticket-issued")
    return participant, letter["mail_id"]


async def hand_in(harness: Harness, report: bytes, content_type: str = REPORT, caller: str = "console") -> int:
    """Posts a report; the status of the answer."""
    headers = {"content-type": content_type, "authorization": f"Bearer {caller}"}
    return (await harness.api.post("/bounces", content=report, headers=headers)).status_code


async def test_a_bounce_makes_its_letter_failed_and_is_told_once(harness: Harness) -> None:
    participant, mail = await sent_letter(harness)
    for _ in range(3):
        assert await hand_in(harness, a_report(mail)) == 204
    assert await harness.until_state(participant, "ticket-issued", "failed") == ("failed", "bounced-5.1.1")
    undeliverable = [undeliverable_to(participant)]
    await eventually(lambda: harness.told("mail.undeliverable"), undeliverable, "what is said of mail", timeout=20)
    await harness.marker(mails=2)
    assert harness.told("mail.undeliverable") == undeliverable


async def test_all_letters_of_a_mail_that_came_back_have_failed(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), issued(participant))
    await harness.until_state(participant, "ticket-issued", "planned")
    await harness.tell(enrolled(participant))
    await harness.until_state(participant, "welcome", "sent")
    [letter] = await harness.letters(participant_id=participant, kind="welcome")
    with capture_logs() as lines:
        assert await hand_in(harness, a_report(letter["mail_id"])) == 204
    together = await harness.letters(mail_id=letter["mail_id"])
    assert {each["kind"]: each["reason"] for each in together} == {
        "welcome": "bounced-5.1.1",
        "ticket-issued": "bounced-5.1.1",
    }
    assert "acme.example" not in str(lines)


async def test_a_report_that_is_no_failure_of_ours_changes_nothing(harness: Harness) -> None:
    participant, mail = await sent_letter(harness)
    for action, status in (("delayed", "4.4.1"), ("delivered", "2.0.0"), ("failed", "4.4.7")):
        assert await hand_in(harness, a_report(mail, action=action, status=status)) == 204
    assert await hand_in(harness, a_report(str(uuid4()))) == 204
    assert await harness.until_state(participant, "ticket-issued", "sent") == ("sent", None)
    assert harness.told("mail.undeliverable") == []


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "5.6.1", "5.0.0", "5.3.4"])
async def test_what_is_no_fault_of_the_address_marks_the_letter_and_is_told_to_the_operator_alone(
    harness: Harness, status: str
) -> None:
    participant, mail = await sent_letter(harness)
    with capture_logs() as lines:
        assert await hand_in(harness, a_report(mail, status=status)) == 204
    assert await harness.until_state(participant, "ticket-issued", "failed") == ("failed", f"bounced-{status}")
    assert [line["status"] for line in lines if line["event"] == "letter came back"] == [status]
    assert "acme.example" not in str(lines)
    await harness.marker(mails=2)
    assert harness.told("mail.undeliverable") == []


async def test_a_bounce_of_an_address_that_was_corrected_since_marks_the_letter_and_tells_nobody(
    harness: Harness,
) -> None:
    participant, mail = await sent_letter(harness)
    await harness.tell(known(participant, version=2, email="right@acme.example"))
    await harness.until_known(participant, 2)
    assert await hand_in(harness, a_report(mail)) == 204
    assert await harness.until_state(participant, "ticket-issued", "failed") == ("failed", "bounced-5.1.1")
    await harness.marker(mails=2)
    assert harness.told("mail.undeliverable") == []


async def test_a_bounce_of_the_address_that_is_written_otherwise_by_now_is_told(harness: Harness) -> None:
    participant, mail = await sent_letter(harness)
    await harness.tell(known(participant, version=2, email=f"{participant}@ACME.example"))
    await harness.until_known(participant, 2)
    assert await hand_in(harness, a_report(mail)) == 204
    told = [undeliverable_to(participant)]
    await eventually(lambda: harness.told("mail.undeliverable"), told, "what is said of mail", timeout=20)


async def test_what_is_no_report_is_refused_and_so_is_who_may_not_hand_one_in(harness: Harness) -> None:
    report = a_report(str(uuid4()))
    assert await hand_in(harness, b"Subject: I am on holiday\r\n\r\nBack on Monday.\r\n") == 422
    assert await hand_in(harness, report, content_type="application/json") == 415
    assert await hand_in(harness, report + b" " * (1 << 20)) == 413
    assert await hand_in(harness, report, caller="desk") == 403
    assert await hand_in(harness, report, caller="nobody") == 401
    # Whoever reads the mailbox may do this alone.
    tokens = harness.settings.tokens_file
    postmaster = {"name": "postmaster", "scopes": ["mail"], "sha256": hashlib.sha256(b"postmaster").hexdigest()}
    tokens.write_text(json.dumps([*json.loads(tokens.read_text()), postmaster]))
    assert await hand_in(harness, report, caller="postmaster") == 204
    assert (await harness.api.get("/letters", headers={"authorization": "Bearer postmaster"})).status_code == 403
