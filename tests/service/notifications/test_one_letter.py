"""Every ticket becomes one letter, in whatever order and however often it is told."""

from itertools import permutations
from uuid import uuid4

import pytest

from culture_connect.contracts import (
    CancellationReason,
    EveningCancelled,
    EveningChanged,
    Language,
    Message,
    ParticipantChanged,
)
from tests.service.notifications.house import House, evening, gone, in_future, issued, known, running, waitlisted
from tests.support.probes import eventually
from tests.unit.notifications.builders import calendar_of, part_of


async def test_a_ticket_becomes_a_letter_in_the_participants_language(house: House) -> None:
    dutch, english = uuid4(), uuid4()
    await house.tell(evening(), known(dutch), known(english, language=Language.EN))
    await house.tell(issued(dutch), issued(english))
    await house.until_mailed(2)
    subjects = {mail.recipient: str(mail.mail["Subject"]) for mail in house.mail_server.received}
    assert subjects == {
        f"{dutch}@acme.example": "Je ticket voor Klank & stilte, donderdag 5 november",
        f"{english}@acme.example": "Your ticket for Sound & silence, Thursday 5 November",
    }
    assert await house.until_state(dutch, "ticket-issued", "sent") == ("sent", None)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_contact_evening_and_ticket_may_arrive_in_any_order(house: House, order: tuple[int, ...]) -> None:
    participant = uuid4()
    events: list[Message] = [known(participant), evening(), issued(participant)]
    tables = ["contacts where email is not null", "evenings where version > 0", "tickets"]
    for number in order:
        await house.tell(events[number])
        statement = f"select count(*) from {tables[number]}"  # noqa: S608 - one of three names

        async def count(statement: str = statement) -> int:
            return int((await house.rows(statement))[0][0])

        await eventually(count, 1, tables[number], timeout=20)
    await house.until_mailed(1)
    assert house.mail_server.recipients == [f"{participant}@acme.example"]


async def test_a_ticket_told_again_makes_no_second_letter(house: House) -> None:
    participant = uuid4()
    ticket = issued(participant)
    await house.tell(known(participant), evening())
    await house.tell(ticket, id="once")
    await house.tell(ticket, id="once")
    await house.until_mailed(1)
    await house.tell(ticket, id="once")
    await house.tell(ticket, ticket, known(participant), evening())
    await house.marker(mails=2)
    assert len(await house.letters(participant_id=participant, kind="ticket-issued")) == 1


async def test_replicas_share_the_letters_and_send_none_twice(house: House) -> None:
    people = [uuid4() for _ in range(60)]
    async with running(house.settings):
        await house.tell(evening(), *map(known, people), *map(issued, people))
        await house.until_mailed(60)
        await house.marker(mails=61)
    assert len(set(house.mail_server.recipients)) == 61
    assert len({mail.message_id for mail in house.mail_server.received}) == 61


async def test_a_letter_goes_to_the_newest_address_and_tells_the_newest_evening(house: House) -> None:
    participant = uuid4()
    changes = {"version": 3, "location": "Spui 187, Den Haag", "changed": ["location"]}
    moved = EveningChanged.model_validate(in_future(**changes))
    newer = ParticipantChanged.model_validate(
        known(participant, version=5, email="new@acme.example").model_dump(mode="json")
    )
    await house.tell(newer, moved, known(participant, version=4), evening(version=2), issued(participant))
    await house.until_mailed(1)
    [mail] = house.mail_server.received
    assert mail.recipient == "new@acme.example"
    assert "Spui 187, Den Haag" in part_of(mail.mail, "text/plain").get_content()


async def test_a_place_in_the_line_is_told_and_then_the_seat(house: House) -> None:
    participant = uuid4()
    await house.tell(evening(), known(participant), waitlisted(participant, position=3, version=1))
    await house.until_mailed(1)
    await house.tell(waitlisted(participant, position=2, version=2), issued(participant, version=3))
    await house.until_mailed(2)
    first, second = (part_of(mail.mail, "text/plain").get_content() for mail in house.mail_server.received)
    assert "op plaats 3" in first
    assert "er is een plaats vrijgekomen, en die is voor jou" in second
    await house.marker(mails=3)


async def test_a_cancelled_evening_takes_the_entry_out_of_the_calendar(house: House) -> None:
    participant = uuid4()
    await house.tell(evening(), known(participant), issued(participant))
    await house.until_mailed(1)
    await house.until_state(participant, "ticket-issued", "sent")
    cancelled = EveningCancelled.model_validate(
        in_future(version=2, reason={"nl": "Er is waterschade.", "en": "There is water damage."})
    )
    await house.tell(cancelled, gone(participant, CancellationReason.EVENING_CANCELLED))
    await house.until_mailed(2)
    entries = [calendar_of(part_of(mail.mail, "application/ics").get_content()) for mail in house.mail_server.received]
    assert [entry["METHOD"] for entry in entries] == ["REQUEST", "CANCEL"]
    [[first], [second]] = [entry.walk("VEVENT") for entry in entries]
    assert first["UID"] == second["UID"]
    assert (first["SEQUENCE"], second["SEQUENCE"]) == (0, 1)
    assert "Er is waterschade." in part_of(house.mail_server.received[1].mail, "text/plain").get_content()
