"""Whoever is welcomed before their first day is told which it is."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from culture_connect import dates
from culture_connect.contracts import LOCAL_TIME, Language, ParticipantWithdrawn
from notifications.domain.days import local_day
from tests.service.notifications.house import House, enrolled, evening, issued, known
from tests.unit.notifications.builders import part_of

TODAY = local_day(datetime.now(UTC))
SOON, LATER = TODAY + timedelta(days=90), TODAY + timedelta(days=120)


def written(day: date, language: Language = Language.NL) -> str:
    """The day as letters write it."""
    return dates.date(datetime(day.year, day.month, day.day, 12, tzinfo=LOCAL_TIME), language)


def text_to(house: House, participant: UUID) -> str:
    """The last mail to this participant."""
    mails = [mail for mail in house.mail_server.received if mail.recipient == f"{participant}@acme.example"]
    return str(part_of(mails[-1].mail, "text/plain").get_content())


async def test_the_welcome_says_from_which_day_on(house: House) -> None:
    dutch, english, with_ticket, today, corrected = (uuid4() for _ in range(5))
    await house.mail_server.stop()
    await house.tell(
        evening(), enrolled(dutch, starts_on=SOON), enrolled(english, starts_on=SOON, language=Language.EN)
    )
    await house.tell(enrolled(with_ticket, starts_on=SOON), issued(with_ticket))
    await house.tell(enrolled(today, starts_on=TODAY))
    await house.tell(enrolled(corrected, starts_on=SOON), known(corrected, version=2, starts_on=LATER))
    await house.until_planned(1, participant_id=corrected)
    await house.mail_server.start()
    await house.until_mailed(5)
    told = f"Je doet mee vanaf {written(SOON)}: vanaf die dag ben je welkom op de avonden."
    assert told in text_to(house, dutch)
    assert f"You take part from {written(SOON, Language.EN)}: from that day on" in text_to(house, english)
    assert told in text_to(house, with_ticket)
    assert "JE TICKET" in text_to(house, with_ticket)
    assert "vanaf" not in text_to(house, today)
    assert f"Je doet mee vanaf {written(LATER)}:" in text_to(house, corrected)


async def test_who_comes_back_is_told_the_new_first_day(house: House) -> None:
    participant = uuid4()
    await house.tell(enrolled(participant))
    await house.until_mailed(1)
    await house.tell(ParticipantWithdrawn(participant_id=participant, partner="acme", version=2))
    await house.until_mailed(2)
    await house.tell(enrolled(participant, version=3, starts_on=SOON))
    await house.until_mailed(3)
    assert f"Je doet mee vanaf {written(SOON)}:" in text_to(house, participant)


async def test_who_was_told_another_first_day_hears_of_the_change_once(house: House) -> None:
    moved, at_once, back = uuid4(), uuid4(), uuid4()
    await house.tell(*(enrolled(each, starts_on=SOON) for each in (moved, at_once, back)))
    await house.until_mailed(3)
    await house.mail_server.stop()
    await house.tell(known(moved, version=2, starts_on=LATER), known(at_once, version=2))
    await house.tell(known(back, version=2, starts_on=LATER))
    await house.until_state(back, "start-changed", "planned")
    await house.tell(known(back, version=3, starts_on=SOON))
    await house.until_known(back, 3)
    await house.mail_server.start()
    assert await house.until_suppressed(back, "start-changed") == {"nothing-happened", "already-told"}
    await house.until_mailed(5)
    assert f"Je doet mee vanaf {written(LATER)}: vanaf die dag" in text_to(house, moved)
    assert "Je doet vanaf nu mee" in text_to(house, at_once)
    # Another name, or the same day again, is nothing to write about.
    await house.tell(known(moved, version=3, starts_on=LATER, given_name="Zoey"))
    await house.marker(mails=6)
