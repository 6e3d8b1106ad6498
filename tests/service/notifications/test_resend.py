"""A letter again, because an operator asks for it."""

from datetime import timedelta
from uuid import uuid4

import httpx

from culture_connect.contracts import CancellationReason, ParticipantErased
from tests.service.notifications.harness import Harness, evening, gone, invited, issued, known
from tests.support.probes import eventually
from tests.unit.notifications.builders import calendar_of, part_of


async def resent(harness: Harness, kind: str, **headers: str) -> httpx.Response:
    """Asks for the only letter of this kind."""
    [letter] = [letter for letter in await harness.letters(kind=kind) if letter["repeats"] is None]
    return await harness.api.post(f"/letters/{letter['letter_id']}/resend", headers=headers)


async def test_a_letter_is_written_anew_to_the_address_that_holds_now(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant, email="old@acme.example"), issued(participant))
    await harness.until_state(participant, "ticket-issued", "sent")
    await harness.tell(known(participant, version=2, email="new@acme.example"))
    statement = "select 1 from contacts where email = 'new@acme.example'"
    await eventually(lambda: _count(harness, statement), 1, "the new address", timeout=20)
    answer = await resent(harness, "ticket-issued")
    assert answer.status_code == 201
    again = answer.json()
    [first] = harness.mail_server.of("old@acme.example")
    await eventually(
        lambda: len(harness.mail_server.of("new@acme.example")), 1, "letters to the new address", timeout=20
    )
    [second] = harness.mail_server.of("new@acme.example")
    assert again["repeats"] == (await harness.letters(kind="ticket-issued", state="sent"))[-1]["letter_id"]
    assert second.message_id != first.message_id
    entries = [calendar_of(part_of(mail.mail, "application/ics").get_content()) for mail in (first, second)]
    assert [entry.walk("VEVENT")[0]["SEQUENCE"] for entry in entries] == [0, 1]
    assert len({str(entry.walk("VEVENT")[0]["UID"]) for entry in entries}) == 1


async def test_the_same_request_again_is_no_third_letter(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_state(participant, "ticket-issued", "sent")
    answers = [await resent(harness, "ticket-issued", **{"Idempotency-Key": "once"}) for _ in range(3)]
    assert len({answer.json()["letter_id"] for answer in answers}) == 1
    await harness.marker(mails=3)


async def test_what_would_not_be_sent_now_is_not_sent_again(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_state(participant, "ticket-issued", "sent")
    await harness.tell(gone(participant, CancellationReason.DECLINED))
    await harness.until_state(participant, "ticket-declined", "sent")
    refused = await resent(harness, "ticket-issued")
    assert (refused.status_code, refused.json()["code"]) == (409, "not-sent-ticket-cancelled")
    assert (await resent(harness, "ticket-declined")).status_code == 201
    await harness.until_mailed(3)
    await harness.tell(ParticipantErased(participant_id=participant, version=2))
    await eventually(lambda: len(harness.told("erasure.completed")), 1, "erasures completed", timeout=20)
    erased = await resent(harness, "ticket-issued")
    assert (erased.status_code, erased.json()["code"]) == (409, "not-sent-erased")


async def test_an_invitation_whose_contents_have_faded_cannot_be_written_again(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), invited(participant))
    await harness.until_state(participant, "invitation", "sent")
    await harness.maintain(later=timedelta(days=31))
    refused = await resent(harness, "invitation")
    assert (refused.status_code, refused.json()["code"]) == (409, "contents-not-kept")


async def test_only_an_operator_may_ask_and_only_for_a_letter_there_is(harness: Harness) -> None:
    assert (await harness.api.post(f"/letters/{uuid4()}/resend")).status_code == 404
    desk = {"authorization": "Bearer desk"}
    assert (await harness.api.post(f"/letters/{uuid4()}/resend", headers=desk)).status_code == 403


async def _count(harness: Harness, statement: str) -> int:
    return len(await harness.rows(statement))
