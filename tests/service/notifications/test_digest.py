"""Once a week a partner's contact reads its week in numbers, and nothing about anybody."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from culture_connect.contracts import (
    EveningScheduled,
    Language,
    ParticipantErased,
    ParticipantWithdrawn,
    PartnerLeft,
    PartnerRegistered,
    TicketAdmitted,
)
from notifications.domain.schedule import Week, last_week
from tests.service.notifications.harness import (
    Harness,
    enrolled,
    issued,
    on_day,
    running,
    ticket_of,
    waitlisted,
)
from tests.support.probes import eventually
from tests.unit.notifications.builders import EVENING, part_of

CONTACT = "hr@acme.example"


def partner(**changes: object) -> PartnerRegistered:
    """The partner of all participants of these tests."""
    told = {
        "slug": "acme",
        "name": "Acme Nederland",
        "places": 40,
        "language": Language.NL,
        "contact_email": CONTACT,
        "version": 1,
        **changes,
    }
    return PartnerRegistered.model_validate(told)


def week() -> Week:
    """The week that the next digest is about."""
    return last_week(datetime.now(UTC))


def during(days: int = 2) -> datetime:
    """A moment in that week."""
    return datetime.combine(week().monday + timedelta(days=days), datetime.min.time(), UTC) + timedelta(hours=12)


async def test_a_week_of_a_partner_in_numbers(harness: Harness) -> None:
    joined, stays, leaves = [uuid4() for _ in range(3)], [uuid4() for _ in range(2)], uuid4()
    before = during() - timedelta(days=30)
    evening = EveningScheduled.model_validate(on_day(week().monday + timedelta(days=3)))
    await harness.tell(partner(), evening)
    await harness.tell(*map(enrolled, [*stays, leaves]), at=before)
    await harness.tell(*map(enrolled, joined), at=during())
    # Somebody who begins later does not take part yet.
    await harness.tell(enrolled(uuid4(), starts_on=week().sunday + timedelta(days=60)), at=before)
    await harness.tell(ParticipantWithdrawn(participant_id=leaves, partner="acme", version=2), at=during(4))
    await harness.tell(issued(joined[0]), issued(joined[1]), waitlisted(joined[2], position=1, version=1))
    entered = TicketAdmitted(
        ticket_id=ticket_of(joined[0]),
        participant_id=joined[0],
        evening_id=EVENING,
        version=2,
        admitted_at=during(3),
    )
    await harness.tell(entered)
    await until(harness, "select count(*) from contacts where joined_on is not null", 7)
    await until(harness, "select count(*) from tickets where standing = 'admitted'", 1)
    await until(harness, "select count(*) from contacts where withdrawn_on is not null", 1)
    await harness.maintain()
    await eventually(lambda: len(harness.mail_server.of(CONTACT)), 1, "digests", timeout=20)
    [mail] = harness.mail_server.of(CONTACT)
    await eventually(lambda: states(harness), ["sent"], "states of digests", timeout=20)
    [letter] = await harness.letters(kind="digest")
    assert (letter["partner"], letter["participant_id"]) == ("acme", None)
    [(digest,)] = await harness.rows("select contents -> 'digest' from letters where kind = 'digest'")
    told = json.loads(digest)
    assert {name: told[name] for name in ("joined", "left", "taking_part", "places")} == {
        "joined": 3,
        "left": 1,
        "taking_part": 5,
        "places": 40,
    }
    [counted] = told["evenings"]
    assert (counted["seats"], counted["admitted"], counted["waiting"]) == (2, 1, 1)
    text = str(part_of(mail.mail, "text/plain").get_content())
    assert "Acme Nederland" in text
    for personal in ("Zoë", "Meer", *(str(each) for each in (*joined, *stays, leaves))):
        assert personal not in text
    assert mail.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_replicas_that_keep_house_at_once_plan_one_digest(harness: Harness) -> None:
    await harness.tell(partner(), enrolled(uuid4()), at=during())
    await until(harness, "select count(*) from contacts where joined_on is not null", 1)
    async with running(harness.settings):
        for _ in range(3):
            await harness.maintain()
    await eventually(lambda: len(harness.mail_server.of(CONTACT)), 1, "digests", timeout=20)
    assert len(await harness.letters(kind="digest")) == 1
    await harness.maintain(later=timedelta(days=7))
    await eventually(lambda: digests(harness), 2, "digests of two weeks", timeout=20)


async def test_a_week_without_news_is_none(harness: Harness) -> None:
    await harness.tell(partner())
    await until(harness, "select count(*) from partners", 1)
    await harness.maintain()
    await eventually(lambda: reasons(harness), ["nothing-happened"], "reasons of digests", timeout=20)


async def test_without_a_contact_and_after_the_contract_there_is_nobody_to_write_to(harness: Harness) -> None:
    gone = PartnerLeft.model_validate(partner(slug="zuid", version=2).model_dump(mode="json"))
    ended = partner(slug="west", ends_on="2026-01-31")
    await harness.tell(partner(contact_email=None), partner(slug="zuid"), gone, ended)
    await until(harness, "select count(*) from partners where version = 2 or slug <> 'zuid'", 3)
    await harness.maintain()
    assert await reasons(harness) == ["no-address"]
    assert [letter["partner"] for letter in await harness.letters(kind="digest")] == ["acme"]


async def test_who_is_erased_stays_a_number(harness: Harness) -> None:
    participant = uuid4()
    await harness.tell(partner())
    await harness.tell(enrolled(participant), at=during())
    await until(harness, "select count(*) from contacts where joined_on is not null", 1)
    await harness.tell(ParticipantErased(participant_id=participant, version=2))
    await eventually(lambda: len(harness.told("erasure.completed")), 1, "erasures completed", timeout=20)
    await harness.maintain()
    await eventually(lambda: len(harness.mail_server.of(CONTACT)), 1, "digests", timeout=20)
    [(digest,)] = await harness.rows("select contents -> 'digest' from letters where kind = 'digest'")
    assert '"joined": 1' in digest


async def digests(harness: Harness) -> int:
    """Returns the number of digests."""
    return len(await harness.letters(kind="digest"))


async def states(harness: Harness) -> list[str]:
    """Returns the states of the digests."""
    return [letter["state"] for letter in await harness.letters(kind="digest")]


async def reasons(harness: Harness) -> list[str | None]:
    """Returns why digests were not sent."""
    return [letter["reason"] for letter in await harness.letters(kind="digest")]


async def until(harness: Harness, statement: str, expected: int) -> None:
    """Waits until this counts so many."""

    async def count() -> int:
        return int((await harness.rows(statement))[0][0])

    await eventually(count, expected, statement, timeout=20)
