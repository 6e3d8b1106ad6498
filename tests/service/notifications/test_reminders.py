"""Reminders are timers that outlive everything, move with their evening, and go to those alone whom they help."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from culture_connect.contracts import CancellationReason, EveningCancelled, EveningChanged, TicketAdmitted, local_day
from notifications.domain.schedule import reminders
from tests.service.notifications.harness import (
    Harness,
    evening,
    evening_in,
    gone,
    in_future,
    issued,
    known,
    on_day,
    running,
    ticket_of,
    waitlisted,
)
from tests.support.probes import eventually
from tests.unit.notifications.builders import EVENING

BOTH = ("reminder-week", "reminder-day")


async def moments(harness: Harness, participant: UUID) -> dict[str, Any]:
    """Returns when the reminders of a participant are due, None for those that do not come."""
    rows = await harness.rows(
        "select kind, state, due_at from letters where participant_id = $1 and kind like 'reminder%'", participant
    )
    return {row["kind"]: row["due_at"] if row["state"] == "planned" else None for row in rows}


async def until_moments(harness: Harness, participant: UUID, starts_at: datetime) -> None:
    """Waits until the reminders are due as they should be for an evening that starts at that moment."""
    expected = {str(kind): moment for kind, moment in reminders(starts_at).items()}
    await eventually(lambda: moments(harness, participant), expected, "moments of reminders", timeout=20)


async def test_reminders_are_planned_when_ticket_and_evening_are_known_in_any_order(harness: Harness) -> None:
    early, late = uuid4(), uuid4()
    await harness.tell(issued(early))
    await harness.until_state(early, "reminder-week", "planned")
    assert await moments(harness, early) == {"reminder-week": None, "reminder-day": None}
    await harness.tell(evening(), issued(late))
    for participant in (early, late):
        await until_moments(harness, participant, evening().starts_at)


async def test_a_reminder_goes_once_with_two_replicas(world: Harness) -> None:
    people = [uuid4() for _ in range(20)]
    async with running(world.settings) as world.api, running(world.settings):
        await world.tell(*map(known, people), *map(issued, people))
        await eventually(lambda: count(world, "reminder-week"), 20, "reminders planned", timeout=20)
        # Its moment has passed by two days, as after an outage: it goes at once, and that of the day is to come.
        await world.tell(evening_in(5))
        await eventually(lambda: count(world, "reminder-week", "sent"), 20, "reminders sent", timeout=20)
        await eventually(lambda: count(world, "ticket-issued", "sent"), 20, "tickets sent", timeout=20)
    subjects = [str(mail.mail["Subject"]) for mail in world.mail_server.received]
    assert len(subjects) == 40
    assert await count(world, "reminder-day", "planned") == 20
    assert len({mail.message_id for mail in world.mail_server.received}) == 40


async def test_reminders_move_with_their_evening(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await until_moments(harness, participant, evening().starts_at)
    later = EveningChanged.model_validate(
        {**in_future(version=2, changed=["starts_at"]), **shifted(timedelta(days=14))}
    )
    await harness.tell(later)
    await until_moments(harness, participant, later.starts_at)


async def test_an_evening_that_moves_close_makes_no_reminder_of_what_was_told_by_then(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await until_moments(harness, participant, evening().starts_at)
    tomorrow = local_day(datetime.now(UTC)) + timedelta(days=1)
    close = EveningChanged.model_validate(on_day(tomorrow, version=2, changed=["starts_at"]))
    await harness.tell(close)
    assert await harness.until_state(participant, "reminder-week", "suppressed") == ("suppressed", "too-late")
    # Moved away again, it is one to be reminded of.
    again = EveningChanged.model_validate(in_future(version=3, changed=["starts_at"]))
    await harness.tell(again)
    await until_moments(harness, participant, again.starts_at)


async def test_who_gets_the_ticket_after_the_moment_is_not_reminded(harness: Harness) -> None:
    participant = uuid4()
    ticket = issued(participant).model_copy(update={"issued_at": datetime.now(UTC)})
    await harness.tell(evening_in(5), known(participant), ticket)
    assert await harness.until_state(participant, "reminder-week", "suppressed") == ("suppressed", "too-late")
    await harness.until_state(participant, "reminder-day", "planned")
    await harness.marker(mails=2 + 1)  # the ticket, and the marker's ticket and its reminder


async def test_nobody_is_reminded_of_a_ticket_that_was_given_up_or_used(harness: Harness) -> None:
    declined, admitted, called_off = uuid4(), uuid4(), uuid4()
    other = uuid4()
    await harness.tell(evening(), evening(evening_id=str(other)), *map(known, (declined, admitted, called_off)))
    await harness.tell(issued(declined), issued(admitted), issued(called_off, evening_id=other))
    for participant in (declined, admitted, called_off):
        await harness.until_state(participant, "reminder-day", "planned")
    entered = TicketAdmitted(
        ticket_id=ticket_of(admitted),
        participant_id=admitted,
        evening_id=EVENING,
        version=2,
        admitted_at=datetime.now(UTC),
    )
    cancelled = EveningCancelled.model_validate(in_future(evening_id=str(other), version=2))
    await harness.tell(gone(declined, CancellationReason.DECLINED), entered, cancelled)
    for participant, reason in (
        (declined, "ticket-cancelled"),
        (admitted, "admitted"),
        (called_off, "evening-cancelled"),
    ):
        for kind in BOTH:
            assert await harness.until_state(participant, kind, "suppressed") == ("suppressed", reason)


async def test_a_seat_won_again_is_reminded_of_once(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_state(participant, "ticket-issued", "sent")
    await harness.tell(gone(participant, CancellationReason.DECLINED))
    await harness.until_state(participant, "reminder-day", "suppressed")
    await harness.tell(issued(participant, ticket=uuid4()))
    await until_moments(harness, participant, evening().starts_at)
    assert await count(harness, "reminder-day") == 1


async def test_a_place_in_the_line_is_nothing_to_be_reminded_of(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening_in(5), known(participant), waitlisted(participant, position=1, version=1))
    await harness.until_state(participant, "ticket-waitlisted", "sent")
    assert await moments(harness, participant) == {}


async def test_a_reminder_that_is_late_makes_no_alarm_before_its_moment(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(evening(), known(participant), issued(participant))
    await harness.until_state(participant, "ticket-issued", "sent")
    await until_moments(harness, participant, evening().starts_at)

    async def oldest() -> str:
        text = (await harness.api.get("/metrics")).text
        [line] = [line for line in text.splitlines() if line.startswith("culture_connect_letters_oldest_unsent")]
        return line.split()[-1]

    await eventually(oldest, "0.0", "age of the oldest unsent letter", timeout=20)


async def count(harness: Harness, kind: str, state: str | None = None) -> int:
    """Returns the number of letters of a kind."""
    rows = await harness.rows(
        "select count(*) from letters where kind = $1 and ($2::text is null or state = $2)", kind, state
    )
    return int(rows[0][0])


def shifted(by: timedelta) -> dict[str, Any]:
    """The times of the evening, moved."""
    told = evening()
    times = {
        name: (getattr(told, name) + by).isoformat() for name in ("starts_at", "ends_at", "release_at", "closes_at")
    }
    programme = [
        part.model_copy(update={"starts_at": part.starts_at + by, "ends_at": part.ends_at + by}).model_dump(mode="json")
        for part in told.programme
    ]
    return {**times, "programme": programme}
