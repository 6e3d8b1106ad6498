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
from tests.service.notifications.harness import Harness, evening, gone, in_future, issued, known, running, waitlisted
from tests.support.probes import eventually
from tests.unit.notifications.builders import calendar_of, part_of


async def test_a_ticket_becomes_a_letter_in_the_participants_language(harness: Harness) -> None:
    dutch, english = uuid4(), uuid4()
    await harness.tell(evening(), known(dutch), known(english, language=Language.EN))
    await harness.tell(issued(dutch), issued(english))
    await harness.until_mailed(2)
    subjects = {mail.recipient: str(mail.mail["Subject"]) for mail in harness.mail_server.received}
    assert subjects == {
        f"{dutch}@acme.example": "Je ticket voor Klank & stilte, donderdag 5 november",
        f"{english}@acme.example": "Your ticket for Sound & silence, Thursday 5 November",
    }
    assert await harness.until_state(dutch, "ticket-issued", "sent") == ("sent", None)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_contact_evening_and_ticket_may_arrive_in_any_order(harness: Harness, order: tuple[int, ...]) -> None:
    participant = uuid4()
    events: list[Message] = [known(participant), evening(), issued(participant)]
    tables = ["contacts where email is not null", "evenings where version > 0", "tickets"]
    for number in order:
        await harness.tell(events[number])
        statement = f"select count(*) from {tables[number]}"  # noqa: S608 - one of three names

        async def count(statement: str = statement) -> int:
            return int((await harness.rows(statement))[0][0])

        await eventually(count, 1, tables[number], timeout=20)
    await harness.until_mailed(1)
    assert harness.mail_server.recipients == [f"{participant}@acme.example"]


async def test_a_ticket_told_again_makes_no_second_letter(harness: Harness) -> None:
    participant = uuid4()
    ticket = issued(participant)
    await harness.tell(known(participant), evening())
    await harness.tell(ticket, id="once")
    await harness.tell(ticket, id="once")
    await harness.until_mailed(1)
    await harness.tell(ticket, id="once")
    await harness.tell(ticket, ticket, known(participant), evening())
    await harness.marker(mails=2)
    assert len(await harness.letters(participant_id=participant, kind="ticket-issued")) == 1


async def test_replicas_share_the_letters_and_send_none_twice(harness: Harness) -> None:
    people = [uuid4() for _ in range(60)]
    async with running(harness.settings):
        await harness.tell(evening(), *map(known, people), *map(issued, people))
        await harness.until_mailed(60)
        await harness.marker(mails=61)
    assert len(set(harness.mail_server.recipients)) == 61
    assert len({mail.message_id for mail in harness.mail_server.received}) == 61


async def test_a_letter_goes_to_the_newest_address_and_tells_the_newest_evening(harness: Harness) -> None:
    participant = uuid4()
    changes = {"version": 3, "location": "Spui 187, Den Haag", "changed": ["location"]}
    moved = EveningChanged.model_validate(in_future(**changes))
    newer = ParticipantChanged.model_validate(
        known(participant, version=5, email="new@acme.example").model_dump(mode="json")
    )
    await harness.tell(newer, moved, known(participant, version=4), evening(version=2), issued(participant))
    await harness.until_mailed(1)
    [mail] = harness.mail_server.received
    assert mail.recipient == "new@acme.example"
    assert "Spui 187, Den Haag" in part_of(mail.mail, "text/plain").get_content()


async def test_a_place_in_the_line_is_told_and_then_the_seat(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), waitlisted(participant, position=3, version=1))
    await harness.until_mailed(1)
    await harness.tell(waitlisted(participant, position=2, version=2), issued(participant, version=3))
    await harness.until_mailed(2)
    first, second = (part_of(mail.mail, "text/plain").get_content() for mail in harness.mail_server.received)
    assert "op plaats 3" in first
    assert "er is een plaats vrijgekomen, en die is voor jou" in second
    await harness.marker(mails=3)


async def test_a_cancelled_evening_takes_the_entry_out_of_the_calendar(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_mailed(1)
    await harness.until_state(participant, "ticket-issued", "sent")
    cancelled = EveningCancelled.model_validate(
        in_future(version=2, reason={"nl": "Er is waterschade.", "en": "There is water damage."})
    )
    await harness.tell(cancelled, gone(participant, CancellationReason.EVENING_CANCELLED))
    await harness.until_mailed(2)
    entries = [
        calendar_of(part_of(mail.mail, "application/ics").get_content()) for mail in harness.mail_server.received
    ]
    assert [entry["METHOD"] for entry in entries] == ["REQUEST", "CANCEL"]
    [[first], [second]] = [entry.walk("VEVENT") for entry in entries]
    assert first["UID"] == second["UID"]
    assert (first["SEQUENCE"], second["SEQUENCE"]) == (0, 1)
    assert "Er is waterschade." in part_of(harness.mail_server.received[1].mail, "text/plain").get_content()
