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
from tests.service.notifications.house import (
    House,
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
from tests.support.probes import eventually, until
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


async def test_an_invitation_becomes_a_letter_in_the_participants_language(house: House) -> None:
    dutch, english = uuid4(), uuid4()
    await house.tell(evening(), known(dutch), known(english, language=Language.EN))
    await house.tell(invited(dutch), invited(english))
    await house.until_mailed(2)
    assert {mail.recipient: str(mail.mail["Subject"]) for mail in house.mail_server.received} == {
        f"{dutch}@acme.example": "Je bent uitgenodigd voor Klank & stilte, donderdag 5 november",
        f"{english}@acme.example": "You are invited to Sound & silence, Thursday 5 November",
    }
    assert all(LINK in part_of(mail.mail, "text/plain").get_content() for mail in house.mail_server.received)
    await house.until_state(dutch, "invitation", "sent")
    [letter] = await house.letters(participant_id=dutch)
    assert (letter["evening_id"], letter["ticket_id"]) == (str(EVENING), None)
    shown = (await house.api.get(f"/letters/{letter['letter_id']}")).json()["rendered"]
    assert LINK in shown["html"]
    assert shown["calendars"] == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_contact_evening_and_invitation_may_arrive_in_any_order(house: House, order: tuple[int, ...]) -> None:
    participant = uuid4()
    events: list[Message] = [known(participant), evening(), invited(participant)]
    tables = ["contacts where email is not null", "evenings where version > 0", "letters"]
    for number in order:
        await house.tell(events[number])
        statement = f"select count(*) from {tables[number]}"  # noqa: S608 - one of three names

        async def count(statement: str = statement) -> int:
            return int((await house.rows(statement))[0][0])

        await eventually(count, 1, tables[number], timeout=20)
    await house.until_mailed(1)
    assert house.mail_server.recipients == [f"{participant}@acme.example"]


async def test_an_invitation_delivered_again_makes_no_second_letter_and_a_new_one_does(house: House) -> None:
    participant = uuid4()
    await house.tell(evening(), known(participant))
    await house.tell(invited(participant), id="once")
    await house.tell(invited(participant), id="once")
    await house.until_mailed(1)
    await house.tell(invited(participant), id="once")
    await house.marker(mails=2)
    assert len(await house.letters(participant_id=participant)) == 1
    await house.tell(invited(participant), id="again")
    await house.until_mailed(3)


async def test_an_evening_that_is_cancelled_takes_the_invitations_with_it_that_were_not_sent(house: House) -> None:
    told, waiting, elsewhere = uuid4(), uuid4(), uuid4()
    await house.tell(evening(), evening(evening_id=str(OTHER)), *map(known, (told, waiting, elsewhere)))
    await house.tell(invited(told, evening_id=OTHER))
    await house.until_state(told, "invitation", "sent")
    await house.mail_server.stop()
    await house.tell(invited(waiting, evening_id=OTHER), invited(elsewhere))
    await house.until_state(elsewhere, "invitation", "planned")
    await house.tell(cancelled())
    assert await house.until_state(waiting, "invitation", "suppressed") == ("suppressed", "evening-cancelled")
    assert await house.until_state(told, "invitation", "sent") == ("sent", None)
    await house.mail_server.start()
    await house.until_state(elsewhere, "invitation", "sent")
    # Who had been told of it is told that it ends.
    await house.until_state(told, "evening-cancelled", "sent")
    await house.marker(mails=4)


async def test_nobody_is_invited_to_an_evening_that_is_cancelled(house: House) -> None:
    before, after = uuid4(), uuid4()
    await house.tell(known(before), known(after), invited(before, evening_id=OTHER))
    await house.until_state(before, "invitation", "planned")
    await house.tell(cancelled())
    assert await house.until_state(before, "invitation", "suppressed") == ("suppressed", "evening-cancelled")
    await house.tell(invited(after, evening_id=OTHER))
    assert await house.until_state(after, "invitation", "suppressed") == ("suppressed", "evening-cancelled")
    await house.marker(mails=1)


async def test_a_cancellation_that_was_passed_already_calls_nothing_off(house: House) -> None:
    participant = uuid4()
    changed = EveningChanged.model_validate(in_future(evening_id=str(OTHER), version=3, changed=["capacity"]))
    await house.tell(changed, invited(participant, evening_id=OTHER))
    await house.until_state(participant, "invitation", "planned")
    await house.tell(cancelled(), known(participant))
    await house.until_state(participant, "invitation", "sent")


async def test_nothing_of_an_invitation_to_somebody_who_was_erased_is_kept_or_sent(house: House) -> None:
    told, waiting = uuid4(), uuid4()
    await house.tell(evening(), known(told), invited(told))
    await house.until_state(told, "invitation", "sent")
    await house.mail_server.stop()
    await house.tell(known(waiting), invited(waiting))
    await house.until_state(waiting, "invitation", "planned")
    await house.tell(*(ParticipantErased(participant_id=each, version=2) for each in (told, waiting)))
    assert await house.until_state(waiting, "invitation", "suppressed") == ("suppressed", "erased")
    await eventually(lambda: len(house.told("erasure.completed")), 2, "erasures completed", timeout=20)
    await house.tell(invited(told), invited(waiting))

    async def states() -> list[str]:
        return sorted(letter["state"] for letter in await house.letters())

    await eventually(states, ["sent", "suppressed", "suppressed", "suppressed"], "all letters", timeout=20)
    everything = await house.kept_of(told, waiting)
    for secret in ("Zoë", "Meer", "acme.example", "/my/"):
        assert secret not in everything
    await house.mail_server.start()
    await house.marker(mails=2)


def subjects(house: House) -> list[str]:
    """Those of all mails, in their order."""
    return [str(mail.mail["Subject"]) for mail in house.mail_server.received]


def moved_in(evening_id: UUID, version: int) -> EveningChanged:
    """The evening, an hour later than it was."""
    told = in_future(evening_id=str(evening_id), version=version, changed=["starts_at"])
    told["starts_at"] = told["starts_at"].replace("T18:30", "T18:00")
    return EveningChanged.model_validate(told)


async def test_who_was_invited_and_has_not_answered_hears_of_a_move_and_of_the_end(house: House) -> None:
    silent, guest, declined = uuid4(), uuid4(), uuid4()
    people = (silent, guest, declined)
    await house.tell(evening(evening_id=str(OTHER)), *map(known, people))
    await house.tell(*(invited(each, evening_id=OTHER) for each in people))
    await house.until_mailed(3)
    await house.tell(*(issued(each, evening_id=OTHER) for each in (guest, declined)))
    await house.until_mailed(5)
    await house.tell(gone(declined, CancellationReason.DECLINED).model_copy(update={"evening_id": OTHER}))
    await house.until_mailed(6)
    await house.tell(moved_in(OTHER, 2))
    await house.until_mailed(8)
    told = {mail.recipient: mail.mail for mail in house.mail_server.received[6:]}
    assert set(told) == {f"{silent}@acme.example", f"{guest}@acme.example"}
    text = part_of(told[f"{silent}@acme.example"], "text/plain").get_content()
    assert "de avond waarvoor je bent uitgenodigd" in text
    assert "wachtlijst" not in text
    assert LINK in text
    await house.tell(cancelled().model_copy(update={"version": 3}))
    await house.until_mailed(9)
    last = house.mail_server.received[-1]
    assert last.recipient == f"{silent}@acme.example"
    assert str(last.mail["Subject"]) == "Klank & stilte op donderdag 5 november gaat niet door"
    assert "Je uitnodiging vervalt." in part_of(last.mail, "text/plain").get_content()
    await house.tell(cancelled().model_copy(update={"version": 3}), cancelled().model_copy(update={"version": 4}))
    await house.marker(mails=10)


async def test_of_an_evening_that_ends_before_its_invitation_went_nobody_hears(house: House) -> None:
    participant = uuid4()
    await house.mail_server.stop()
    await house.tell(evening(evening_id=str(OTHER)), known(participant), invited(participant, evening_id=OTHER))
    # One that is just being tried may arrive for all that is known then.
    put_off = (
        "update letters set due_at = now() + interval '1 h' where state = 'planned' and mail_id is null returning 1"
    )
    await until(lambda: house.rows(put_off), bool, "the invitation to be in nobody's hands")
    await house.tell(moved_in(OTHER, 2), cancelled().model_copy(update={"version": 3}))
    await house.until_state(participant, "invitation", "suppressed")
    await house.mail_server.start()
    await house.marker(mails=1)


async def test_who_was_invited_and_left_hears_nothing_more_of_the_evening(house: House) -> None:
    participant = uuid4()
    await house.tell(evening(evening_id=str(OTHER)), enrolled(participant))
    await house.until_mailed(1)
    await house.tell(invited(participant, evening_id=OTHER))
    await house.until_mailed(2)
    day = datetime.now(UTC).date()
    await house.tell(ParticipantWithdrawn(participant_id=participant, partner="acme", effective_on=day, version=2))
    await house.until_state(participant, "goodbye", "sent")
    await house.tell(cancelled())
    await house.until_state(participant, "evening-cancelled", "planned")
    await house.marker(mails=4)
    assert (await house.states(participant))["evening-cancelled"] == ("planned", "withdrawn")


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_welcome_comes_before_the_invitation_whatever_is_told_first(
    world: House, order: tuple[int, ...]
) -> None:
    participant = uuid4()
    events: list[Message] = [enrolled(participant), evening(), invited(participant)]
    unhurried = world.settings.model_copy(update={"mail_welcome_seconds": 1})
    async with running(unhurried) as world.api, running(unhurried):
        for number in order:
            await world.tell(events[number])
        await world.until_mailed(2)
    assert subjects(world) == [WELCOME, "Je bent uitgenodigd voor Klank & stilte, donderdag 5 november"]


async def test_the_welcome_comes_before_all_that_waited_for_the_mail_server(house: House) -> None:
    participant, colleague = uuid4(), uuid4()
    await house.mail_server.stop()
    await house.tell(evening(), known(colleague), invited(participant), offered(participant, holder=colleague))
    await house.tell(enrolled(participant), issued(participant))
    await house.until_tried()
    await house.until_planned(6, participant_id=participant)
    await house.mail_server.start()
    await house.until_mailed(3)
    assert subjects(house)[0] == f"{WELCOME}: hier is je ticket"


async def test_a_welcome_that_is_put_off_for_long_holds_up_nothing_else(house: House) -> None:
    participant = uuid4()
    await house.tell(evening(), enrolled(participant))
    await house.until_mailed(1)
    statement = "update letters set state = 'planned', due_at = now() + interval '1 h', sent_at = null, ended_at = null"
    await house.rows(f"{statement}, deferred_since = now() - interval '2 h'")
    await house.tell(invited(participant))
    await house.until_mailed(2)


async def test_no_letter_waits_for_ever_for_somebody_invited_who_was_erased(house: House) -> None:
    participant = uuid4()
    await house.tell(evening(evening_id=str(OTHER)), enrolled(participant))
    await house.until_mailed(1)
    await house.tell(invited(participant, evening_id=OTHER))
    await house.until_mailed(2)
    await house.tell(ParticipantErased(participant_id=participant, version=2))
    await house.tell(elsewhere(2))
    await house.tell(cancelled(3))
    # The next mail is to somebody else, and what became of both is committed before it.
    await house.marker(mails=3)
    known = "select version from evenings where evening_id = $1 and cancelled"
    await eventually(lambda: house.rows(known, OTHER), [(3,)], "the evening to be known as cancelled")
    of_the_evening = "select kind, state from letters where evening_id = $1 and kind <> 'invitation'"
    assert await house.rows(of_the_evening, OTHER) == []


async def test_two_welcomes_of_somebody_who_left_and_came_back_do_not_wait_for_each_other(house: House) -> None:
    participant = uuid4()
    await house.mail_server.stop()
    await house.tell(evening(), enrolled(participant))
    await house.tell(enrolled(participant, version=3), issued(participant))
    await house.until_planned(4, participant_id=participant)
    await house.mail_server.start()
    due = "select kind from letters where state in ('planned', 'sending') and wanted_at <= now()"
    await eventually(lambda: house.rows(due), [], "letters still to be sent")
    assert subjects(house)[0].startswith(WELCOME)


async def test_a_ticket_that_comes_while_the_welcome_is_on_its_way_waits_for_it(house: House) -> None:
    participant = uuid4()
    await house.tell(evening(), enrolled(participant))
    await house.until_mailed(1)
    await house.until_state(participant, "welcome", "sent")
    # As it is while another replica holds it.
    await house.rows(
        "update letters set state = 'sending', claim = gen_random_uuid(), due_at = now() + interval '1 h',"
        " sent_at = null, ended_at = null"
    )
    await house.tell(issued(participant), invited(participant))
    await house.until_state(participant, "ticket-issued", "planned")
    await house.marker(mails=2)
    await house.rows("update letters set state = 'sent', sent_at = now(), ended_at = now() where kind = 'welcome'")
    await house.until_mailed(4)
