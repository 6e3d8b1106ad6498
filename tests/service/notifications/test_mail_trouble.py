"""Mail servers that are away, busy or unwilling: no letter is lost, none is sent that should not be."""

from uuid import UUID, uuid4

import pytest

from culture_connect.contracts import CancellationReason, ParticipantErased, ParticipantWithdrawn
from tests.service.notifications.house import (
    House,
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


async def test_letters_wait_for_a_mail_server_that_is_away(house: House) -> None:
    people = [uuid4() for _ in range(10)]
    await house.mail_server.stop()
    await house.tell(evening(), *map(known, people), *map(issued, people))
    await house.until_tried()
    assert house.mail_server.received == []
    await house.mail_server.start()
    await house.until_mailed(10)
    for person in people:
        await house.until_state(person, "ticket-issued", "sent")
    assert house.told("mail.undeliverable") == []


async def test_a_busy_server_gets_the_letter_later(house: House) -> None:
    participant = uuid4()
    house.mail_server.to = once("450 4.2.1 try again later")
    await house.tell(evening(), known(participant), issued(participant))
    await house.until_tried()
    assert (await house.states(participant))["ticket-issued"] == ("planned", "smtp-450")
    [(pause,)] = await house.rows(
        "select extract(epoch from due_at - now())::float8 from letters where kind = 'ticket-issued'"
    )
    assert 20 < pause <= 30
    await house.hurry()
    await house.until_mailed(1)
    assert await house.until_state(participant, "ticket-issued", "sent") == ("sent", None)


async def test_a_server_that_says_not_now_for_two_days_means_no(house: House) -> None:
    participant = uuid4()
    house.mail_server.to = lambda _: "450 4.2.2 mailbox full"
    await house.tell(evening(), known(participant), issued(participant))
    await house.until_tried()
    await house.rows("update letters set deferred_since = now() - interval '47 hours' where state = 'planned'")
    await house.hurry()
    await eventually(lambda: attempts(house), 2, "attempts", timeout=20)
    assert (await house.states(participant))["ticket-issued"] == ("planned", "smtp-450")
    await house.rows("update letters set deferred_since = now() - interval '48 hours' where state = 'planned'")
    await house.hurry()
    assert await house.until_state(participant, "ticket-issued", "failed") == ("failed", "smtp-450")
    # A full mailbox is no wrong address: the operator sees it, and nobody is to correct anything.
    house.mail_server.to = lambda _: "250 OK"
    await house.marker(mails=1)
    assert house.told("mail.undeliverable") == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("550 5.7.1 we do not like you", "smtp-550-5.7.1"),
        ("554 no", "smtp-554"),
        ("550 5.1.8 who are you", "smtp-550-5.1.8"),
    ],
)
async def test_a_refusal_that_is_not_the_addresss_fault_is_the_operators_to_see(
    house: House, answer: str, reason: str
) -> None:
    participant = uuid4()
    house.mail_server.to = lambda address: answer if str(participant) in address else "250 OK"
    await house.tell(evening(), known(participant), issued(participant))
    assert await house.until_state(participant, "ticket-issued", "failed") == ("failed", reason)
    await house.marker(mails=1)
    assert house.told("mail.undeliverable") == []


async def test_a_mailbox_that_is_full_for_good_is_tried_again(house: House) -> None:
    participant = uuid4()
    house.mail_server.to = once("552 5.2.2 over quota")
    await house.tell(evening(), known(participant), issued(participant))
    await house.until_tried()
    await house.hurry()
    assert await house.until_state(participant, "ticket-issued", "sent") == ("sent", None)


async def test_an_address_that_does_not_exist_is_told_and_not_tried_again(house: House) -> None:
    nobody, somebody = uuid4(), uuid4()
    house.mail_server.to = lambda address: "550 5.1.1 no such user" if str(nobody) in address else "250 OK"
    await house.tell(evening(), known(nobody), known(somebody), issued(nobody), issued(somebody))
    assert await house.until_state(nobody, "ticket-issued", "failed") == ("failed", "smtp-550")
    expected = [undeliverable_to(nobody)]
    await eventually(lambda: house.told("mail.undeliverable"), expected, "what is said about mail", timeout=20)
    await house.until_mailed(1)
    await house.marker(mails=2)
    assert f"{nobody}@acme.example" not in house.mail_server.recipients


async def test_a_letter_whose_dialogue_broke_off_is_repeated_as_it_was(house: House) -> None:
    participant = uuid4()
    house.mail_server.take = once("drop")
    await house.tell(evening(), known(participant), issued(participant))
    await house.until_mailed(2)
    first, second = house.mail_server.received
    assert first.message_id == second.message_id
    assert first.message == second.message
    await house.until_state(participant, "ticket-issued", "sent")
    await house.marker(mails=3)


async def test_a_server_that_never_answers_holds_a_letter_no_longer_than_its_claim(world: House) -> None:
    participant = uuid4()
    world.mail_server.hold(f"{participant}@acme.example")
    async with running(world.settings.model_copy(update={"mail_claim_seconds": 2.0})) as world.api:
        await world.tell(evening(), known(participant), issued(participant))
        await world.until_mailed(2)
        world.mail_server.release()
        await world.until_state(participant, "ticket-issued", "sent")
    assert len({mail.message for mail in world.mail_server.received}) == 1


async def test_a_ticket_that_is_cancelled_before_its_letter_was_sent_is_never_mentioned(house: House) -> None:
    participant = uuid4()
    await house.mail_server.stop()
    await house.tell(evening(), known(participant), issued(participant))
    await house.until_tried()
    await house.tell(gone(participant, CancellationReason.REVOKED))
    states = {
        "ticket-issued": ("suppressed", "ticket-cancelled"),
        "reminder-week": ("suppressed", "ticket-cancelled"),
        "reminder-day": ("suppressed", "ticket-cancelled"),
        "ticket-cancelled": ("suppressed", "never-told"),
    }
    await eventually(lambda: house.states(participant), states, "states of the letters", timeout=20)
    await house.mail_server.start()
    await house.marker(mails=1)


async def test_a_place_in_the_line_that_was_not_told_yet_is_overtaken_by_the_seat(house: House) -> None:
    participant = uuid4()
    await house.mail_server.stop()
    await house.tell(evening(), known(participant), waitlisted(participant, position=1, version=1))
    await house.until_tried()
    await house.tell(issued(participant, version=2))
    assert await house.until_state(participant, "ticket-waitlisted", "suppressed") == ("suppressed", "overtaken")
    await house.mail_server.start()
    await house.until_mailed(1)
    assert await house.until_state(participant, "ticket-issued", "sent") == ("sent", None)


async def test_nothing_of_somebody_who_was_erased_is_kept_or_sent(house: House) -> None:
    told, waiting = uuid4(), uuid4()
    await house.tell(evening(), known(told), issued(told))
    await house.until_state(told, "ticket-issued", "sent")
    await house.mail_server.stop()
    await house.tell(known(waiting), issued(waiting))
    await house.until_state(waiting, "ticket-issued", "planned")
    await house.tell(*(ParticipantErased(participant_id=each, version=2) for each in (told, waiting)))
    assert await house.until_state(waiting, "ticket-issued", "suppressed") == ("suppressed", "erased")
    await eventually(lambda: len(house.told("erasure.completed")), 2, "erasures completed", timeout=20)
    await nothing_is_kept_of(told, waiting, house)
    await house.tell(gone(told, CancellationReason.ERASED), issued(waiting, version=2), known(waiting))
    assert await house.until_state(told, "ticket-cancelled", "suppressed") == ("suppressed", "erased")
    completed = [{"participant_id": str(each)} for each in (told, waiting)]
    await eventually(lambda: house.told("erasure.completed"), completed, "what is said about erasures", timeout=20)
    await nothing_is_kept_of(told, waiting, house)
    for letter in await house.letters():
        whole = (await house.api.get(f"/letters/{letter['letter_id']}")).json()
        assert whole["rendered"] is None
    await house.mail_server.start()
    await house.marker(mails=2)


async def test_somebody_who_left_before_the_evening_gets_no_ticket_until_they_are_back(house: House) -> None:
    participant = uuid4()
    leaving = ParticipantWithdrawn.model_validate(
        {"participant_id": participant, "partner": "acme", "effective_on": "2054-11-05", "version": 2}
    )
    await house.tell(evening(), known(participant), leaving)
    await house.until_state(participant, "goodbye", "suppressed")
    await house.tell(issued(participant))
    held_back = ("planned", "withdrawn")

    async def ticket() -> tuple[str, str | None] | None:
        return (await house.states(participant)).get("ticket-issued")

    await eventually(ticket, held_back, "the letter with the ticket", timeout=20)
    await house.marker(mails=1)
    await house.tell(enrolled(participant, version=3))
    await house.until_mailed(2)
    await house.until_state(participant, "ticket-issued", "sent")


async def test_a_ticket_of_somebody_who_stays_away_is_not_sent(house: House) -> None:
    participant = uuid4()
    leaving = ParticipantWithdrawn(participant_id=participant, partner="acme", version=2)
    await house.tell(evening(), known(participant), leaving)
    await house.until_state(participant, "goodbye", "suppressed")
    await house.tell(issued(participant))
    await house.until_state(participant, "ticket-issued", "planned")
    await house.rows("update letters set wanted_at = wanted_at - interval '15 minutes', due_at = now()")
    assert await house.until_state(participant, "ticket-issued", "suppressed") == ("suppressed", "withdrawn")


async def nothing_is_kept_of(told: UUID, waiting: UUID, house: House) -> None:
    """Looks for everything personal in all that is kept of these two."""
    everything = await house.kept_of(told, waiting)
    for secret in ("Zoë", "Meer", "acme.example", "eyJ", "/my/"):
        assert secret not in everything


async def attempts(house: House) -> int:
    """How often the only letter with a ticket was tried."""
    [row] = await house.rows("select attempts from letters where kind = 'ticket-issued'")
    return int(row[0])
