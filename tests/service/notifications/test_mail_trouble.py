"""Mail servers that are away, busy or unwilling: no letter is lost, none is sent that should not be."""

from uuid import UUID, uuid4

import pytest

from culture_connect.contracts import CancellationReason, ParticipantErased, ParticipantWithdrawn
from tests.service.notifications.harness import (
    Harness,
    enrolled,
    evening,
    gone,
    issued,
    known,
    running,
    undeliverable_to,
    waitlisted,
)
from tests.service.notifications.mail_server import once
from tests.support.probes import eventually


async def test_letters_wait_for_a_mail_server_that_is_away(harness: Harness) -> None:
    people = [uuid4() for _ in range(10)]
    await harness.mail_server.stop()
    await harness.tell(evening(), *map(known, people), *map(issued, people))
    await harness.until_tried()
    assert harness.mail_server.received == []
    await harness.mail_server.start()
    await harness.until_mailed(10)
    for person in people:
        await harness.until_state(person, "ticket-issued", "sent")
    assert harness.told("mail.undeliverable") == []


async def test_a_busy_server_gets_the_letter_later(harness: Harness) -> None:
    participant = uuid4()
    harness.mail_server.to = once("450 4.2.1 try again later")
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_tried()
    assert (await harness.states(participant))["ticket-issued"] == ("planned", "smtp-450")
    [(pause,)] = await harness.rows(
        "select extract(epoch from due_at - now())::float8 from letters where kind = 'ticket-issued'"
    )
    assert 20 < pause <= 30
    await harness.hurry()
    await harness.until_mailed(1)
    assert await harness.until_state(participant, "ticket-issued", "sent") == ("sent", None)


async def test_a_server_that_says_not_now_for_two_days_means_no(harness: Harness) -> None:
    participant = uuid4()
    harness.mail_server.to = lambda _: "450 4.2.2 mailbox full"
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_tried()
    await harness.rows("update letters set deferred_since = now() - interval '47 hours' where state = 'planned'")
    await harness.hurry()
    await eventually(lambda: attempts(harness), 2, "attempts", timeout=20)
    assert (await harness.states(participant))["ticket-issued"] == ("planned", "smtp-450")
    await harness.rows("update letters set deferred_since = now() - interval '48 hours' where state = 'planned'")
    await harness.hurry()
    assert await harness.until_state(participant, "ticket-issued", "failed") == ("failed", "smtp-450")
    # A full mailbox is no wrong address: the operator sees it, and nobody is to correct anything.
    harness.mail_server.to = lambda _: "250 OK"
    await harness.marker(mails=1)
    assert harness.told("mail.undeliverable") == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("550 5.7.1 we do not like you", "smtp-550-5.7.1"),
        ("554 no", "smtp-554"),
        ("550 5.1.8 who are you", "smtp-550-5.1.8"),
    ],
)
async def test_a_refusal_that_is_not_the_addresss_fault_is_the_operators_to_see(
    harness: Harness, answer: str, reason: str
) -> None:
    participant = uuid4()
    harness.mail_server.to = lambda address: answer if str(participant) in address else "250 OK"
    await harness.tell(evening(), known(participant), issued(participant))
    assert await harness.until_state(participant, "ticket-issued", "failed") == ("failed", reason)
    await harness.marker(mails=1)
    assert harness.told("mail.undeliverable") == []


async def test_a_mailbox_that_is_full_for_good_is_tried_again(harness: Harness) -> None:
    participant = uuid4()
    harness.mail_server.to = once("552 5.2.2 over quota")
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_tried()
    await harness.hurry()
    assert await harness.until_state(participant, "ticket-issued", "sent") == ("sent", None)


async def test_an_address_that_does_not_exist_is_told_and_not_tried_again(harness: Harness) -> None:
    nobody, somebody = uuid4(), uuid4()
    harness.mail_server.to = lambda address: "550 5.1.1 no such user" if str(nobody) in address else "250 OK"
    await harness.tell(evening(), known(nobody), known(somebody), issued(nobody), issued(somebody))
    assert await harness.until_state(nobody, "ticket-issued", "failed") == ("failed", "smtp-550")
    expected = [undeliverable_to(nobody)]
    await eventually(lambda: harness.told("mail.undeliverable"), expected, "what is said about mail", timeout=20)
    await harness.until_mailed(1)
    await harness.marker(mails=2)
    assert f"{nobody}@acme.example" not in harness.mail_server.recipients


async def test_a_letter_whose_dialogue_broke_off_is_repeated_as_it_was(harness: Harness) -> None:
    participant = uuid4()
    harness.mail_server.take = once("drop")
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_mailed(2)
    first, second = harness.mail_server.received
    assert first.message_id == second.message_id
    assert first.message == second.message
    await harness.until_state(participant, "ticket-issued", "sent")
    await harness.marker(mails=3)


async def test_a_server_that_never_answers_holds_a_letter_no_longer_than_its_claim(world: Harness) -> None:
    participant = uuid4()
    world.mail_server.hold(f"{participant}@acme.example")
    async with running(world.settings.model_copy(update={"mail_claim_seconds": 2.0})) as world.api:
        await world.tell(evening(), known(participant), issued(participant))
        await world.until_mailed(2)
        world.mail_server.release()
        await world.until_state(participant, "ticket-issued", "sent")
    assert len({mail.message for mail in world.mail_server.received}) == 1


async def test_a_ticket_that_is_cancelled_before_its_letter_was_sent_is_never_mentioned(harness: Harness) -> None:
    participant = uuid4()
    await harness.mail_server.stop()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_tried()
    await harness.tell(gone(participant, CancellationReason.REVOKED))
    states = {
        "ticket-issued": ("suppressed", "ticket-cancelled"),
        "reminder-week": ("suppressed", "ticket-cancelled"),
        "reminder-day": ("suppressed", "ticket-cancelled"),
        "ticket-cancelled": ("suppressed", "never-told"),
    }
    await eventually(lambda: harness.states(participant), states, "states of the letters", timeout=20)
    await harness.mail_server.start()
    await harness.marker(mails=1)


async def test_a_place_in_the_line_that_was_not_told_yet_is_overtaken_by_the_seat(harness: Harness) -> None:
    participant = uuid4()
    await harness.mail_server.stop()
    await harness.tell(evening(), known(participant), waitlisted(participant, position=1, version=1))
    await harness.until_tried()
    await harness.tell(issued(participant, version=2))
    assert await harness.until_state(participant, "ticket-waitlisted", "suppressed") == ("suppressed", "overtaken")
    await harness.mail_server.start()
    await harness.until_mailed(1)
    assert await harness.until_state(participant, "ticket-issued", "sent") == ("sent", None)


async def test_nothing_of_somebody_who_was_erased_is_kept_or_sent(harness: Harness) -> None:
    told, waiting = uuid4(), uuid4()
    await harness.tell(evening(), known(told), issued(told))
    await harness.until_state(told, "ticket-issued", "sent")
    await harness.mail_server.stop()
    await harness.tell(known(waiting), issued(waiting))
    await harness.until_state(waiting, "ticket-issued", "planned")
    await harness.tell(*(ParticipantErased(participant_id=each, version=2) for each in (told, waiting)))
    assert await harness.until_state(waiting, "ticket-issued", "suppressed") == ("suppressed", "erased")
    await eventually(lambda: len(harness.told("erasure.completed")), 2, "erasures completed", timeout=20)
    await nothing_is_kept_of(told, waiting, harness)
    await harness.tell(gone(told, CancellationReason.ERASED), issued(waiting, version=2), known(waiting))
    assert await harness.until_state(told, "ticket-cancelled", "suppressed") == ("suppressed", "erased")
    completed = [{"participant_id": str(each)} for each in (told, waiting)]
    await eventually(lambda: harness.told("erasure.completed"), completed, "what is said about erasures", timeout=20)
    await nothing_is_kept_of(told, waiting, harness)
    for letter in await harness.letters():
        whole = (await harness.api.get(f"/letters/{letter['letter_id']}")).json()
        assert whole["rendered"] is None
    await harness.mail_server.start()
    await harness.marker(mails=2)


async def test_somebody_who_left_before_the_evening_gets_no_ticket_until_they_are_back(harness: Harness) -> None:
    participant = uuid4()
    leaving = ParticipantWithdrawn.model_validate(
        {"participant_id": participant, "partner": "acme", "effective_on": "2054-11-05", "version": 2}
    )
    await harness.tell(evening(), known(participant), leaving)
    await harness.until_state(participant, "goodbye", "suppressed")
    await harness.tell(issued(participant))
    held_back = ("planned", "withdrawn")

    async def ticket() -> tuple[str, str | None] | None:
        return (await harness.states(participant)).get("ticket-issued")

    await eventually(ticket, held_back, "the letter with the ticket", timeout=20)
    await harness.marker(mails=1)
    await harness.tell(enrolled(participant, version=3))
    await harness.until_mailed(2)
    await harness.until_state(participant, "ticket-issued", "sent")


async def test_a_ticket_of_somebody_who_stays_away_is_not_sent(harness: Harness) -> None:
    participant = uuid4()
    leaving = ParticipantWithdrawn(participant_id=participant, partner="acme", version=2)
    await harness.tell(evening(), known(participant), leaving)
    await harness.until_state(participant, "goodbye", "suppressed")
    await harness.tell(issued(participant))
    await harness.until_state(participant, "ticket-issued", "planned")
    await harness.rows("update letters set wanted_at = wanted_at - interval '15 minutes', due_at = now()")
    assert await harness.until_state(participant, "ticket-issued", "suppressed") == ("suppressed", "withdrawn")


async def nothing_is_kept_of(told: UUID, waiting: UUID, harness: Harness) -> None:
    """Looks for everything personal in all that is kept of these two."""
    everything = await harness.kept_of(told, waiting)
    for secret in ("Zoë", "Meer", "acme.example", "eyJ", "/my/"):
        assert secret not in everything


async def attempts(harness: Harness) -> int:
    """Returns how often the only letter with a ticket was tried."""
    [row] = await harness.rows("select attempts from letters where kind = 'ticket-issued'")
    return int(row[0])
