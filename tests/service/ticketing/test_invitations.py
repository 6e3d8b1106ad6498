"""Invitations to an evening on request: one under each enrolment."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from culture_connect.contracts import Admission
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import (
    changed,
    enrolled,
    erased,
    evening,
    evening_cancelled,
    evening_changed,
    evening_moved,
    left,
    moment,
    partner,
    partner_changed,
    person,
    withdrawn,
)
from ticketing.store import personal_pages
from ticketing.tickets.links import digest_of

NIGHT = evening(NEXT_YEAR, capacity=2, admission=Admission.ON_REQUEST)
BY_THEMSELVES = evening(NEXT_YEAR, capacity=2)
DAY_OF_NIGHT = NEXT_YEAR.date()


@pytest.fixture(autouse=True)
def _a_month_before(harness: Harness) -> None:
    harness.now = MONTH_BEFORE


async def invitations(harness: Harness) -> Counter[str]:
    """Returns the number of invitations of each of the people of these tests."""
    names = {str(person(name)): name for name in ("ans", "bo", "cas", "dee", "late")}
    return Counter(names[each.data["participant_id"]] for each in await harness.published(subject="invitation"))


async def test_everybody_active_is_invited_once_with_a_link_to_their_own_page(harness: Harness) -> None:
    await harness.apply(
        partner(),
        enrolled("ans"),
        enrolled("bo"),
        enrolled("ended", ends_on=DAY_OF_NIGHT - timedelta(days=1)),
        enrolled("starts-later", starts_on=DAY_OF_NIGHT + timedelta(days=1)),
        enrolled("leaves"),
        withdrawn("leaves", 2, DAY_OF_NIGHT),
        enrolled("of-a-partner-not-known-yet", partner="zeebank"),
    )
    [cause] = await harness.apply(NIGHT)
    invited = await harness.published(subject="invitation")
    assert {(each.to, each.type, each.data["evening_id"], each.correlation_id) for each in invited} == {
        ("core", "invitation.extended", str(NIGHT.evening_id), cause.id)
    }
    assert await invitations(harness) == {"ans": 1, "bo": 1}
    opened = set()
    async with harness.database.begin() as work:
        for each in invited:
            assert each.data["link"].startswith("https://mijn.cultureconnect.example/my/")
            owner = await personal_pages.owner(work, digest_of(each.data["link"].rpartition("/")[2]))
            assert owner == (NIGHT.evening_id, UUID(each.data["participant_id"]))
            opened.add(each.data["link"])
    assert len(opened) == 2


async def test_an_invitation_is_no_seat_and_no_place_on_the_waiting_list(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    assert await harness.states(NIGHT) == {}
    assert await harness.decisions(NIGHT) == []
    assert [each.type for each in await harness.published("paard")] == ["evening.scheduled"]


async def test_nobody_is_invited_to_an_evening_that_gives_its_seats_by_itself(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), BY_THEMSELVES)
    assert await invitations(harness) == {}


async def test_who_enrols_later_is_invited_to_every_evening_to_come(harness: Harness) -> None:
    another = evening(NEXT_YEAR + timedelta(days=9), title="Dag", admission=Admission.ON_REQUEST)
    begun = evening(moment(0), title="Begonnen", admission=Admission.ON_REQUEST)
    off = evening(NEXT_YEAR + timedelta(days=20), title="Afgelast", admission=Admission.ON_REQUEST)
    await harness.apply(partner(), enrolled("ans"), NIGHT, another, begun, off)
    await harness.apply(evening_cancelled(off, 2))
    await harness.clear_outbox()
    [cause] = await harness.apply(enrolled("late"))
    invited = await harness.published(subject="invitation")
    assert {each.data["evening_id"] for each in invited} == {str(NIGHT.evening_id), str(another.evening_id)}
    assert {each.correlation_id for each in invited} == {cause.id}
    assert await invitations(harness) == {"late": 2}


async def test_who_becomes_active_because_the_evening_moves_is_invited_then(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), enrolled("bo", starts_on=DAY_OF_NIGHT + timedelta(days=1)), NIGHT)
    assert await invitations(harness) == {"ans": 1}
    await harness.apply(evening_moved(NIGHT, 2, timedelta(days=1)))
    assert await invitations(harness) == {"ans": 1, "bo": 1}


async def test_the_people_of_a_partner_that_joins_late_are_invited_then(harness: Harness) -> None:
    await harness.apply(enrolled("ans"), NIGHT)
    assert await invitations(harness) == {}
    await harness.apply(partner())
    assert await invitations(harness) == {"ans": 1}


async def test_whatever_happens_nobody_is_invited_twice(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.ask_in_turn(NIGHT, "bo", "cas")
    await harness.decline("cas", NIGHT)
    for version in (2, 3):
        await harness.apply(evening_moved(NIGHT, version, timedelta(hours=version)), changed("ans", version))
    await harness.apply(NIGHT, partner(), *map(enrolled, ["ans", "bo", "cas"]))
    await harness.apply(withdrawn("ans", 4, DAY_OF_NIGHT + timedelta(days=9)))
    await harness.apply(enrolled("dee"), partner_changed("acme", 2, places=5))
    await harness.apply(left(version=3))
    await harness.apply(partner(version=4))
    await harness.apply(evening_changed(NIGHT, 4, admission=Admission.AUTOMATIC))
    await harness.apply(evening_changed(NIGHT, 5, admission=Admission.ON_REQUEST))
    harness.now = NIGHT.release_at
    await harness.run_due()
    assert await invitations(harness) == {"ans": 1, "bo": 1, "cas": 1, "dee": 1}


async def test_who_is_enrolled_again_is_invited_again(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.ask_in_turn(NIGHT, "bo", "cas")
    await harness.decline("cas", NIGHT)
    await harness.clear_outbox()
    await harness.apply(*(withdrawn(name, 2, DAY_OF_NIGHT) for name in ("ans", "bo", "cas")))
    assert await invitations(harness) == {}
    await harness.apply(*(enrolled(name, 3) for name in ("ans", "bo", "cas")))
    assert await invitations(harness) == {"ans": 1, "bo": 1, "cas": 1}
    await harness.apply(evening_changed(NIGHT, 2, capacity=3))
    assert await invitations(harness) == {"ans": 1, "bo": 1, "cas": 1}


async def test_leaving_and_coming_back_in_one_batch_is_the_same_as_in_two(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo"]), NIGHT)
    await harness.ask_in_turn(NIGHT, "bo")
    await harness.apply(
        *(news for name in ("ans", "bo") for news in (withdrawn(name, 2, DAY_OF_NIGHT), enrolled(name, 3)))
    )
    assert await harness.states(NIGHT) == {}
    assert await invitations(harness) == {"ans": 2, "bo": 2}


async def test_who_was_erased_is_not_invited(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), erased("ans", 2))
    await harness.apply(NIGHT)
    await harness.apply(enrolled("ans", 3))
    assert await invitations(harness) == {}


async def test_an_evening_that_is_to_be_asked_for_keeps_its_tickets_and_invites_the_others(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), BY_THEMSELVES)
    await harness.decline("ans", BY_THEMSELVES)
    assert await harness.states(BY_THEMSELVES) == {"bo": "issued", "cas": "issued", "dee": "waiting"}
    await harness.clear_outbox()
    await harness.apply(evening_changed(BY_THEMSELVES, 2, admission=Admission.ON_REQUEST), enrolled("late"))
    assert await harness.states(BY_THEMSELVES) == {"bo": "issued", "cas": "issued", "dee": "waiting"}
    # Ans has said no, the others have a ticket or a place.
    assert await invitations(harness) == {"late": 1}


async def test_the_waiting_list_of_an_evening_that_is_to_be_asked_for_from_now_on_still_moves(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), BY_THEMSELVES)
    await harness.apply(evening_changed(BY_THEMSELVES, 2, admission=Admission.ON_REQUEST))
    await harness.decline("ans", BY_THEMSELVES)
    assert await harness.states(BY_THEMSELVES) == {"bo": "issued", "cas": "issued"}


async def test_an_evening_that_gives_its_seats_by_itself_from_now_on_passes_over_who_declined(harness: Harness) -> None:
    names = ["ans", "bo", "cas", "dee"]
    await harness.apply(partner(), *map(enrolled, names), NIGHT)
    await harness.ask_in_turn(NIGHT, "dee", "ans")
    await harness.decline("ans", NIGHT)
    await harness.apply(evening_changed(NIGHT, 2, admission=Admission.AUTOMATIC))
    # Dee asked and has a seat already; of the others Bo enrolled first.
    assert await harness.states(NIGHT) == {"dee": "issued", "bo": "issued", "cas": "waiting"}


async def test_there_and_back_again_invites_only_who_has_not_been_invited_and_has_no_place(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), NIGHT)
    await harness.apply(evening_changed(NIGHT, 2, admission=Admission.AUTOMATIC))
    await harness.apply(enrolled("late"))
    await harness.apply(evening_changed(NIGHT, 3, admission=Admission.ON_REQUEST))
    assert await harness.line(NIGHT) == ["cas", "late"]
    assert await invitations(harness) == {"ans": 1, "bo": 1, "cas": 1}


async def test_no_secret_of_a_link_stands_in_any_table_but_on_its_way_out(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas")
    await harness.offer("ans", NIGHT, "dee@example.com")
    await harness.decline("bo", NIGHT)
    secrets = [secret for name in ("ans", "bo", "cas", "dee") for secret in await harness.secrets(name, NIGHT)]
    # Four invitations, two seats, a place and the seat after it, and an offer.
    assert len(secrets) == len(set(secrets)) == 9
    assert all(len(secret) >= 22 for secret in secrets)  # 128 bits
    tables = await harness.everything()
    assert len(tables["pages"]) == 9
    for table in tables.keys() - {"outbox"}:
        assert not any(secret in row for row in tables[table] for secret in secrets), table


async def test_an_old_link_still_opens_the_page_after_a_new_one_was_sent(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    await harness.ask_in_turn(NIGHT, "ans")
    secrets = await harness.secrets("ans", NIGHT)
    assert len(secrets) == 2
    async with harness.database.begin() as work:
        assert {await personal_pages.owner(work, digest_of(secret)) for secret in secrets} == {
            (NIGHT.evening_id, person("ans"))
        }
        assert await personal_pages.owner(work, digest_of("AAAAAAAAAAAAAAAAAAAAAA")) is None
