"""Somebody who is invited to an evening hears of it once, unless it does not take place any more."""

from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from culture_connect.contracts import (
    CancellationReason,
    EveningCancelled,
    EveningChanged,
    Language,
    Message,
    ParticipantErased,
    ParticipantWithdrawn,
)
from tests.service.notifications.harness import (
    Harness,
    enrolled,
    evening,
    gone,
    in_future,
    invited,
    issued,
    known,
    offered,
    running,
)
from tests.support.probes import eventually
from tests.unit.notifications.builders import EVENING, LINK, part_of

# Markers are about the evening of all tests, so what is cancelled here is another one.
OTHER = UUID("2c7f6f0e-9d3b-4d4f-8a55-1d2e3f4a5b6c")
WELCOME = "Welkom bij Culture Connect"


def cancelled(version: int = 2) -> EveningCancelled:
    """The other evening, which does not take place."""
    return EveningCancelled.model_validate(in_future(evening_id=str(OTHER), version=version))


def elsewhere(version: int) -> EveningChanged:
    """The other evening, in another place."""
    told = in_future(evening_id=str(OTHER), version=version, location="Elders 1, Den Haag")
    return EveningChanged.model_validate({**told, "changed": ["location"]})


async def test_an_invitation_becomes_a_letter_in_the_participants_language(harness: Harness) -> None:
    dutch, english = uuid4(), uuid4()
    await harness.tell(evening(), known(dutch), known(english, language=Language.EN))
    await harness.tell(invited(dutch), invited(english))
    await harness.until_mailed(2)
    assert {mail.recipient: str(mail.mail["Subject"]) for mail in harness.mail_server.received} == {
        f"{dutch}@acme.example": "Je bent uitgenodigd voor Klank & stilte, donderdag 5 november",
        f"{english}@acme.example": "You are invited to Sound & silence, Thursday 5 November",
    }
    assert all(LINK in part_of(mail.mail, "text/plain").get_content() for mail in harness.mail_server.received)
    await harness.until_state(dutch, "invitation", "sent")
    [letter] = await harness.letters(participant_id=dutch)
    assert (letter["evening_id"], letter["ticket_id"]) == (str(EVENING), None)
    shown = (await harness.api.get(f"/letters/{letter['letter_id']}")).json()["rendered"]
    assert LINK in shown["html"]
    assert shown["calendars"] == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_contact_evening_and_invitation_may_arrive_in_any_order(harness: Harness, order: tuple[int, ...]) -> None:
    participant = uuid4()
    events: list[Message] = [known(participant), evening(), invited(participant)]
    tables = ["contacts where email is not null", "evenings where version > 0", "letters"]
    for number in order:
        await harness.tell(events[number])
        statement = f"select count(*) from {tables[number]}"  # noqa: S608 - one of three names

        async def count(statement: str = statement) -> int:
            return int((await harness.rows(statement))[0][0])

        await eventually(count, 1, tables[number], timeout=20)
    await harness.until_mailed(1)
    assert harness.mail_server.recipients == [f"{participant}@acme.example"]


async def test_an_invitation_delivered_again_makes_no_second_letter_and_a_new_one_does(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant))
    await harness.tell(invited(participant), id="once")
    await harness.tell(invited(participant), id="once")
    await harness.until_mailed(1)
    await harness.tell(invited(participant), id="once")
    await harness.marker(mails=2)
    assert len(await harness.letters(participant_id=participant)) == 1
    await harness.tell(invited(participant), id="again")
    await harness.until_mailed(3)


async def test_an_evening_that_is_cancelled_takes_the_invitations_with_it_that_were_not_sent(harness: Harness) -> None:
    told, waiting, elsewhere = uuid4(), uuid4(), uuid4()
    await harness.tell(evening(), evening(evening_id=str(OTHER)), *map(known, (told, waiting, elsewhere)))
    await harness.tell(invited(told, evening_id=OTHER))
    await harness.until_state(told, "invitation", "sent")
    await harness.mail_server.stop()
    await harness.tell(invited(waiting, evening_id=OTHER), invited(elsewhere))
    await harness.until_state(elsewhere, "invitation", "planned")
    await harness.tell(cancelled())
    assert await harness.until_state(waiting, "invitation", "suppressed") == ("suppressed", "evening-cancelled")
    assert await harness.until_state(told, "invitation", "sent") == ("sent", None)
    await harness.mail_server.start()
    await harness.until_state(elsewhere, "invitation", "sent")
    # Who had been told of it is told that it ends.
    await harness.until_state(told, "evening-cancelled", "sent")
    await harness.marker(mails=4)


async def test_nobody_is_invited_to_an_evening_that_is_cancelled(harness: Harness) -> None:
    before, after = uuid4(), uuid4()
    await harness.tell(known(before), known(after), invited(before, evening_id=OTHER))
    await harness.until_state(before, "invitation", "planned")
    await harness.tell(cancelled())
    assert await harness.until_state(before, "invitation", "suppressed") == ("suppressed", "evening-cancelled")
    await harness.tell(invited(after, evening_id=OTHER))
    assert await harness.until_state(after, "invitation", "suppressed") == ("suppressed", "evening-cancelled")
    await harness.marker(mails=1)


async def test_a_cancellation_that_was_passed_already_calls_nothing_off(harness: Harness) -> None:
    participant = uuid4()
    changed = EveningChanged.model_validate(in_future(evening_id=str(OTHER), version=3, changed=["capacity"]))
    await harness.tell(changed, invited(participant, evening_id=OTHER))
    await harness.until_state(participant, "invitation", "planned")
    await harness.tell(cancelled(), known(participant))
    await harness.until_state(participant, "invitation", "sent")


async def test_nothing_of_an_invitation_to_somebody_who_was_erased_is_kept_or_sent(harness: Harness) -> None:
    told, waiting = uuid4(), uuid4()
    await harness.tell(evening(), known(told), invited(told))
    await harness.until_state(told, "invitation", "sent")
    await harness.mail_server.stop()
    await harness.tell(known(waiting), invited(waiting))
    await harness.until_state(waiting, "invitation", "planned")
    await harness.tell(*(ParticipantErased(participant_id=each, version=2) for each in (told, waiting)))
    assert await harness.until_state(waiting, "invitation", "suppressed") == ("suppressed", "erased")
    await eventually(lambda: len(harness.told("erasure.completed")), 2, "erasures completed", timeout=20)
    await harness.tell(invited(told), invited(waiting))

    async def states() -> list[str]:
        return sorted(letter["state"] for letter in await harness.letters())

    await eventually(states, ["sent", "suppressed", "suppressed", "suppressed"], "all letters", timeout=20)
    everything = await harness.kept_of(told, waiting)
    for secret in ("Zoë", "Meer", "acme.example", "/my/"):
        assert secret not in everything
    await harness.mail_server.start()
    await harness.marker(mails=2)


def subjects(harness: Harness) -> list[str]:
    """Those of all mails, in their order."""
    return [str(mail.mail["Subject"]) for mail in harness.mail_server.received]


def moved_in(evening_id: UUID, version: int) -> EveningChanged:
    """The evening, an hour later than it was."""
    told = in_future(evening_id=str(evening_id), version=version, changed=["starts_at"])
    told["starts_at"] = told["starts_at"].replace("T18:30", "T18:00")
    return EveningChanged.model_validate(told)


async def test_who_was_invited_and_has_not_answered_hears_of_a_move_and_of_the_end(harness: Harness) -> None:
    silent, guest, declined = uuid4(), uuid4(), uuid4()
    people = (silent, guest, declined)
    await harness.tell(evening(evening_id=str(OTHER)), *map(known, people))
    await harness.tell(*(invited(each, evening_id=OTHER) for each in people))
    await harness.until_mailed(3)
    await harness.tell(*(issued(each, evening_id=OTHER) for each in (guest, declined)))
    await harness.until_mailed(5)
    await harness.tell(gone(declined, CancellationReason.DECLINED).model_copy(update={"evening_id": OTHER}))
    await harness.until_mailed(6)
    await harness.tell(moved_in(OTHER, 2))
    await harness.until_mailed(8)
    told = {mail.recipient: mail.mail for mail in harness.mail_server.received[6:]}
    assert set(told) == {f"{silent}@acme.example", f"{guest}@acme.example"}
    text = part_of(told[f"{silent}@acme.example"], "text/plain").get_content()
    assert "de avond waarvoor je bent uitgenodigd" in text
    assert "wachtlijst" not in text
    assert LINK in text
    await harness.tell(cancelled().model_copy(update={"version": 3}))
    await harness.until_mailed(9)
    last = harness.mail_server.received[-1]
    assert last.recipient == f"{silent}@acme.example"
    assert str(last.mail["Subject"]) == "Klank & stilte op donderdag 5 november gaat niet door"
    assert "Je uitnodiging vervalt." in part_of(last.mail, "text/plain").get_content()
    await harness.tell(cancelled().model_copy(update={"version": 3}), cancelled().model_copy(update={"version": 4}))
    await harness.marker(mails=10)


async def test_of_an_evening_that_ends_before_its_invitation_went_nobody_hears(harness: Harness) -> None:
    participant = uuid4()
    await harness.mail_server.stop()
    await harness.tell(evening(evening_id=str(OTHER)), known(participant), invited(participant, evening_id=OTHER))
    await harness.postpone(participant, "invitation")
    await harness.tell(moved_in(OTHER, 2), cancelled().model_copy(update={"version": 3}))
    await harness.until_state(participant, "invitation", "suppressed")
    await harness.mail_server.start()
    await harness.marker(mails=1)


async def test_who_was_invited_and_left_hears_nothing_more_of_the_evening(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(evening_id=str(OTHER)), enrolled(participant))
    await harness.until_mailed(1)
    await harness.tell(invited(participant, evening_id=OTHER))
    await harness.until_mailed(2)
    day = datetime.now(UTC).date()
    await harness.tell(ParticipantWithdrawn(participant_id=participant, partner="acme", effective_on=day, version=2))
    await harness.until_state(participant, "goodbye", "sent")
    await harness.tell(cancelled())
    await harness.until_state(participant, "evening-cancelled", "planned")
    await harness.marker(mails=4)
    assert (await harness.states(participant))["evening-cancelled"] == ("planned", "withdrawn")


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_welcome_comes_before_the_invitation_whatever_is_told_first(
    world: Harness, order: tuple[int, ...]
) -> None:
    participant = uuid4()
    events: list[Message] = [enrolled(participant), evening(), invited(participant)]
    unhurried = world.settings.model_copy(update={"mail_welcome_seconds": 1})
    async with running(unhurried) as world.api, running(unhurried):
        for number in order:
            await world.tell(events[number])
        await world.until_mailed(2)
    assert subjects(world) == [WELCOME, "Je bent uitgenodigd voor Klank & stilte, donderdag 5 november"]


async def test_the_welcome_comes_before_all_that_waited_for_the_mail_server(harness: Harness) -> None:
    participant, colleague = uuid4(), uuid4()
    await harness.mail_server.stop()
    await harness.tell(evening(), known(colleague), invited(participant), offered(participant, holder=colleague))
    await harness.tell(enrolled(participant), issued(participant))
    await harness.until_tried()
    await harness.until_planned(6, participant_id=participant)
    await harness.mail_server.start()
    await harness.until_mailed(3)
    assert subjects(harness)[0] == f"{WELCOME}: hier is je ticket"


async def test_a_welcome_that_is_put_off_for_long_holds_up_nothing_else(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), enrolled(participant))
    await harness.until_mailed(1)
    statement = "update letters set state = 'planned', due_at = now() + interval '1 h', sent_at = null, ended_at = null"
    await harness.rows(f"{statement}, deferred_since = now() - interval '2 h'")
    await harness.tell(invited(participant))
    await harness.until_mailed(2)


async def test_no_letter_waits_for_ever_for_somebody_invited_who_was_erased(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(evening_id=str(OTHER)), enrolled(participant))
    await harness.until_mailed(1)
    await harness.tell(invited(participant, evening_id=OTHER))
    await harness.until_mailed(2)
    await harness.tell(ParticipantErased(participant_id=participant, version=2))
    await harness.tell(elsewhere(2))
    await harness.tell(cancelled(3))
    # The next mail is to somebody else, and what became of both is committed before it.
    await harness.marker(mails=3)
    known = "select version from evenings where evening_id = $1 and cancelled"
    await eventually(lambda: harness.rows(known, OTHER), [(3,)], "the evening to be known as cancelled")
    of_the_evening = "select kind, state from letters where evening_id = $1 and kind <> 'invitation'"
    assert await harness.rows(of_the_evening, OTHER) == []


async def test_two_welcomes_of_somebody_who_left_and_came_back_do_not_wait_for_each_other(harness: Harness) -> None:
    participant = uuid4()
    await harness.mail_server.stop()
    await harness.tell(evening(), enrolled(participant))
    await harness.tell(enrolled(participant, version=3), issued(participant))
    await harness.until_planned(4, participant_id=participant)
    await harness.mail_server.start()
    due = "select kind from letters where state in ('planned', 'sending') and wanted_at <= now()"
    await eventually(lambda: harness.rows(due), [], "letters still to be sent")
    assert subjects(harness)[0].startswith(WELCOME)


async def test_a_ticket_that_comes_while_the_welcome_is_on_its_way_waits_for_it(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), enrolled(participant))
    await harness.until_mailed(1)
    await harness.until_state(participant, "welcome", "sent")
    # As it is while another replica holds it.
    await harness.rows(
        "update letters set state = 'sending', claim = gen_random_uuid(), due_at = now() + interval '1 h',"
        " sent_at = null, ended_at = null"
    )
    await harness.tell(issued(participant), invited(participant))
    await harness.until_state(participant, "ticket-issued", "planned")
    await harness.marker(mails=2)
    await harness.rows("update letters set state = 'sent', sent_at = now(), ended_at = now() where kind = 'welcome'")
    await harness.until_mailed(4)
