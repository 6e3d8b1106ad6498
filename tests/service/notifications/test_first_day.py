"""The welcome that comes before the first day says which day it is."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from culture_connect import dates
from culture_connect.contracts import Language, ParticipantWithdrawn, local_day
from tests.service.notifications.harness import Harness, enrolled, evening, issued, known
from tests.unit.notifications.builders import part_of

TODAY = local_day(datetime.now(UTC))
SOON, LATER = TODAY + timedelta(days=90), TODAY + timedelta(days=120)


def written(day: date, language: Language = Language.NL) -> str:
    """The day as letters write it."""
    return dates.date(day, language)


def text_to(harness: Harness, participant: UUID) -> str:
    """The last mail to this participant."""
    mails = [mail for mail in harness.mail_server.received if mail.recipient == f"{participant}@acme.example"]
    return str(part_of(mails[-1].mail, "text/plain").get_content())


async def test_the_welcome_says_from_which_day_on(harness: Harness) -> None:
    dutch, english, with_ticket, today, corrected = (uuid4() for _ in range(5))
    await harness.mail_server.stop()
    await harness.tell(
        evening(), enrolled(dutch, starts_on=SOON), enrolled(english, starts_on=SOON, language=Language.EN)
    )
    await harness.tell(enrolled(with_ticket, starts_on=SOON), issued(with_ticket))
    await harness.tell(enrolled(today, starts_on=TODAY))
    await harness.tell(enrolled(corrected, starts_on=SOON), known(corrected, version=2, starts_on=LATER))
    await harness.until_planned(1, participant_id=corrected)
    await harness.mail_server.start()
    await harness.until_mailed(5)
    told = f"Je doet mee vanaf {written(SOON)}: vanaf die dag ben je welkom op de avonden."
    assert told in text_to(harness, dutch)
    assert f"You take part from {written(SOON, Language.EN)}: from that day on" in text_to(harness, english)
    assert told in text_to(harness, with_ticket)
    assert "JE TICKET" in text_to(harness, with_ticket)
    assert "vanaf" not in text_to(harness, today)
    assert f"Je doet mee vanaf {written(LATER)}:" in text_to(harness, corrected)


async def test_who_comes_back_is_told_the_new_first_day(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(enrolled(participant))
    await harness.until_mailed(1)
    await harness.tell(ParticipantWithdrawn(participant_id=participant, partner="acme", version=2))
    await harness.until_mailed(2)
    await harness.tell(enrolled(participant, version=3, starts_on=SOON))
    await harness.until_mailed(3)
    assert f"Je doet mee vanaf {written(SOON)}:" in text_to(harness, participant)


async def test_who_was_told_another_first_day_hears_of_the_change_once(harness: Harness) -> None:
    moved, at_once, back = uuid4(), uuid4(), uuid4()
    await harness.tell(*(enrolled(each, starts_on=SOON) for each in (moved, at_once, back)))
    await harness.until_mailed(3)
    await harness.mail_server.stop()
    await harness.tell(known(moved, version=2, starts_on=LATER), known(at_once, version=2))
    await harness.tell(known(back, version=2, starts_on=LATER))
    # One that is in flight may arrive as it is: then the next is no repetition.
    await harness.postpone(back, "start-changed")
    await harness.tell(known(back, version=3, starts_on=SOON))
    await harness.until_known(back, 3)
    await harness.resume(back, "start-changed")
    await harness.mail_server.start()
    assert await harness.until_suppressed(back, "start-changed") == {"nothing-happened", "already-told"}
    await harness.until_mailed(5)
    assert f"Je doet mee vanaf {written(LATER)}: vanaf die dag" in text_to(harness, moved)
    assert "Je doet vanaf nu mee" in text_to(harness, at_once)
    # Another name, or the same day again, is nothing to write about.
    await harness.tell(known(moved, version=3, starts_on=LATER, given_name="Zoey"))
    await harness.marker(mails=6)
