"""Letters that are there together go as one mail."""

from typing import Any
from uuid import UUID, uuid4

from culture_connect.contracts import CancellationReason, Language, ParticipantWithdrawn, TicketCancelled
from notifications.settings import NotificationsSettings
from tests.service.notifications.harness import (
    Harness,
    enrolled,
    evening,
    gone,
    issued,
    known,
    moved,
    running,
    ticket_of,
    undeliverable_to,
    waitlisted,
)
from tests.service.notifications.mail_server import Received
from tests.support.probes import eventually
from tests.unit.notifications.builders import calendar_of, part_of

PATIENT = {"mail_welcome_seconds": 3600, "mail_ticket_seconds": 3600, "mail_change_seconds": 3600}
SEASON = [UUID(int=1000 + number) for number in range(5)]


def patient(settings: NotificationsSettings) -> NotificationsSettings:
    """Letters wait until a test ends their patience."""
    return settings.model_copy(update=PATIENT)


def evenings() -> list[Any]:
    """The five evenings of a season."""
    return [
        evening(evening_id=str(each), title={"nl": f"Avond {each.int}", "en": f"Night {each.int}"}) for each in SEASON
    ]


def tickets_of(participant: UUID) -> list[Any]:
    """Their tickets for all five."""
    return [issued(participant, ticket=UUID(int=participant.int ^ each.int), evening_id=each) for each in SEASON]


def text_of(received: Received) -> str:
    """Returns the text of the mail."""
    return str(part_of(received.mail, "text/plain").get_content())


def entries_of(received: Received) -> list[Any]:
    """Its calendar entries, those in files."""
    files = [part for part in received.mail.walk() if part.get_content_type() == "application/ics"]
    return [calendar_of(part.get_content()) for part in files]


async def test_an_enrolment_that_yields_tickets_for_five_evenings_is_one_letter(world: Harness) -> None:
    participant = uuid4()
    async with running(patient(world.settings)) as world.api:
        await world.tell(*evenings(), enrolled(participant), *tickets_of(participant))
        await world.until_planned(16, participant_id=participant)
        # The first ticket that can wait no longer takes everything along.
        await world.rows(
            "update letters set due_at = now() where kind = 'ticket-issued' and evening_id = $1", SEASON[2]
        )
        await world.until_mailed(1)
        await world.until_state(participant, "welcome", "sent")
        [mail] = world.mail_server.received
        sent = await world.letters(participant_id=participant, state="sent")
    assert len(sent) == 6
    assert len({letter["mail_id"] for letter in sent}) == 1
    assert "Welkom" in str(mail.mail["Subject"])
    for each in SEASON:
        assert f"Avond {each.int}" in text_of(mail)
    assert len({str(entry.walk("VEVENT")[0]["UID"]) for entry in entries_of(mail)}) == 5
    assert len([part for part in mail.mail.walk() if part.get_content_type() == "image/png"]) == 5


async def test_two_replicas_with_many_workers_send_each_newcomer_one_letter(world: Harness) -> None:
    people = [uuid4() for _ in range(20)]
    settings = patient(world.settings)
    async with running(settings) as world.api, running(settings):
        await world.tell(*evenings(), *map(enrolled, people), *(each for one in people for each in tickets_of(one)))
        await eventually(lambda: planned(world), 320, "letters planned", timeout=30)
        await world.rows("update letters set due_at = now() where kind in ('welcome', 'ticket-issued')")
        await eventually(lambda: sent(world), 120, "letters sent", timeout=30)
    assert len(world.mail_server.received) == 20
    assert len(set(world.mail_server.recipients)) == 20


async def test_who_takes_part_without_a_ticket_is_welcomed_all_the_same(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(enrolled(participant, language=Language.EN))
    await harness.until_state(participant, "welcome", "sent")
    [mail] = harness.mail_server.received
    assert "Welcome" in str(mail.mail["Subject"])
    assert mail.mail.get_content_type() == "multipart/alternative"


async def test_who_leaves_gets_one_farewell_that_takes_the_evenings_out_of_the_calendar(world: Harness) -> None:
    participant = uuid4()
    async with running(world.settings) as world.api:
        await world.tell(*evenings(), known(participant), *tickets_of(participant)[:2])
        await eventually(lambda: sent(world), 2, "letters sent", timeout=20)
    before = len(world.mail_server.received)
    async with running(patient(world.settings)) as world.api:
        cancelled = [
            TicketCancelled(
                ticket_id=ticket.ticket_id,
                participant_id=participant,
                evening_id=ticket.evening_id,
                version=2,
                reason=CancellationReason.WITHDRAWN,
            )
            for ticket in tickets_of(participant)[:2]
        ]
        leaving = ParticipantWithdrawn(participant_id=participant, partner="acme", version=2)
        await world.tell(leaving, *cancelled)
        await world.until_planned(3, participant_id=participant)
        await world.due_now("goodbye")
        await world.until_mailed(before + 1)
        await world.until_state(participant, "goodbye", "sent")
    mail = world.mail_server.received[-1]
    assert [entry["METHOD"] for entry in entries_of(mail)] == ["CANCEL", "CANCEL"]
    assert "Avond 1000" in text_of(mail)
    assert "Avond 1001" in text_of(mail)


async def test_who_joins_and_leaves_at_once_hears_nothing(harness: Harness) -> None:
    participant = uuid4()
    leaving = ParticipantWithdrawn(participant_id=participant, partner="acme", version=2)
    await harness.tell(leaving, enrolled(participant))
    assert await harness.until_state(participant, "goodbye", "suppressed") == ("suppressed", "never-told")
    await harness.marker(mails=1)


async def test_a_second_enrolment_without_a_farewell_is_no_second_welcome(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(enrolled(participant))
    await harness.until_state(participant, "welcome", "sent")
    await harness.tell(enrolled(participant, version=2))
    await eventually(lambda: reasons(harness, "welcome"), [None, "already-told"], "reasons of welcomes", timeout=20)
    await harness.marker(mails=2)


async def test_several_changes_of_an_evening_are_one_letter_that_tells_the_old_and_the_new(world: Harness) -> None:
    told, waiting, stranger = uuid4(), uuid4(), uuid4()
    async with running(world.settings) as world.api:
        await world.tell(evening(), *map(known, (told, waiting, stranger)))
        await world.tell(issued(told), waitlisted(waiting, position=1, version=1))
        await world.until_mailed(2)
        await world.until_state(told, "ticket-issued", "sent")
        await world.until_state(waiting, "ticket-waitlisted", "sent")
    async with running(patient(world.settings)) as world.api:
        await world.tell(moved(2, location="Grote Zaal, Prinsegracht 12, Den Haag"))
        await world.tell(moved(3, location="Kleine Zaal, Prinsegracht 12, Den Haag"))
        await eventually(
            lambda: reasons(world, "evening-changed"), [None, None, "already-told", "already-told"], "reasons"
        )
        await world.due_now("evening-changed")
        await world.until_mailed(4)
        await world.until_state(told, "evening-changed", "sent")
        await world.until_state(waiting, "evening-changed", "sent")
    for participant, entries in ((told, ["REQUEST"]), (waiting, [])):
        mail = world.mail_server.of(f"{participant}@acme.example")[-1]
        assert "Kleine Zaal, Prinsegracht 12, Den Haag" in text_of(mail)
        assert "Prinsegracht 12, Den Haag" in text_of(mail)
        assert "Grote Zaal" not in text_of(mail)
        assert [entry["METHOD"] for entry in entries_of(mail)] == entries
    [entry] = entries_of(world.mail_server.of(f"{told}@acme.example")[-1])
    assert entry.walk("VEVENT")[0]["SEQUENCE"] == 1


async def test_a_change_that_is_changed_back_or_that_no_guest_notices_is_no_letter(world: Harness) -> None:
    participant = uuid4()
    async with running(world.settings) as world.api:
        await world.tell(evening(), known(participant), issued(participant))
        await world.until_state(participant, "ticket-issued", "sent")
    async with running(patient(world.settings)) as world.api:
        await world.tell(moved(2, capacity=150))
        await world.tell(moved(3, location="Elders"))
        await eventually(lambda: reasons(world, "evening-changed"), [None], "reasons")
        await world.tell(moved(4))
        await eventually(lambda: reasons(world, "evening-changed"), [None, "already-told"], "reasons")
        await world.due_now("evening-changed")
        await eventually(lambda: reasons(world, "evening-changed"), ["already-told", "nothing-happened"], "reasons")
    assert len(world.mail_server.received) == 1


async def test_who_has_not_read_of_the_evening_yet_hears_of_it_as_it_is_now(world: Harness) -> None:
    participant = uuid4()
    async with running(patient(world.settings)) as world.api:
        await world.tell(evening(), known(participant), issued(participant))
        await world.until_state(participant, "ticket-issued", "planned")
        await world.tell(moved(2, location="Elders, Den Haag"))
        await world.until_state(participant, "evening-changed", "planned")
        await world.due_now("evening-changed")
        reason = await world.until_state(participant, "evening-changed", "suppressed")
        assert reason == ("suppressed", "never-told")
        await world.due_now("ticket-issued")
        await world.until_mailed(1)
    assert "Elders, Den Haag" in text_of(world.mail_server.received[0])


async def test_letters_of_one_mail_are_refused_together_and_the_address_is_told_once(harness: Harness) -> None:
    participant = uuid4()
    harness.mail_server.to = lambda _: "550 5.1.1 no such user"
    await harness.tell(*evenings(), enrolled(participant), *tickets_of(participant))
    for kind in ("welcome", "ticket-issued"):
        await harness.until_state(participant, kind, "failed")
    undeliverable = [undeliverable_to(participant)]
    await eventually(lambda: harness.told("mail.undeliverable")[:1], undeliverable, "what is said of mail", timeout=20)


async def test_a_ticket_that_ends_while_its_mail_waits_leaves_the_others_in_it(world: Harness) -> None:
    participant = uuid4()
    async with running(patient(world.settings)) as world.api:
        await world.tell(*evenings(), known(participant), *tickets_of(participant))
        await world.until_planned(15, participant_id=participant)
        first = tickets_of(participant)[0]
        ended = TicketCancelled(
            ticket_id=first.ticket_id,
            participant_id=participant,
            evening_id=first.evening_id,
            version=2,
            reason=CancellationReason.REVOKED,
        )
        await world.tell(ended)
        await world.until_state(participant, "ticket-cancelled", "suppressed")
        await world.due_now("ticket-issued")
        await world.until_mailed(1)
    [mail] = world.mail_server.received
    assert "Avond 1000" not in text_of(mail)
    assert "Avond 1004" in text_of(mail)


async def test_a_ticket_from_a_colleague_names_them_and_both_hear_of_it(harness: Harness) -> None:
    giver, receiver = uuid4(), uuid4()
    await harness.tell(evening(), known(giver, given_name="Björn"), known(receiver), issued(giver))
    await harness.until_state(giver, "ticket-issued", "sent")
    await harness.tell(
        gone(giver, CancellationReason.PASSED_ON),
        issued(receiver).model_copy(update={"passed_on_by": giver}),
    )
    await harness.until_state(giver, "ticket-passed-on", "sent")
    await harness.until_state(receiver, "ticket-received", "sent")
    assert "Björn" in text_of(harness.mail_server.of(f"{receiver}@acme.example")[-1])
    assert [entry["METHOD"] for entry in entries_of(harness.mail_server.of(f"{giver}@acme.example")[-1])] == ["CANCEL"]


async def test_a_place_in_the_line_that_was_read_of_becomes_a_seat_by_a_letter_of_its_own(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), waitlisted(participant, position=2, version=1))
    await harness.until_state(participant, "ticket-waitlisted", "sent")
    await harness.tell(issued(participant, version=2))
    await harness.until_state(participant, "ticket-promoted", "sent")
    assert [entry["METHOD"] for entry in entries_of(harness.mail_server.received[-1])] == ["REQUEST"]
    assert ticket_of(participant) == UUID(str((await harness.letters(kind="ticket-promoted"))[0]["ticket_id"]))


async def planned(harness: Harness) -> int:
    """Returns the number of planned letters."""
    return int((await harness.rows("select count(*) from letters where state = 'planned'"))[0][0])


async def sent(harness: Harness) -> int:
    """Returns the number of sent letters."""
    return int((await harness.rows("select count(*) from letters where state = 'sent'"))[0][0])


async def reasons(harness: Harness, kind: str) -> list[str | None]:
    """Returns why letters of a kind were not sent, None for those that were or will be."""
    rows = await harness.rows("select reason from letters where kind = $1 order by reason nulls first", kind)
    return [row["reason"] for row in rows]
