"""Somebody asks for a seat."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from culture_connect.contracts import Admission, EveningScheduled
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import (
    enrolled,
    erased,
    evening,
    evening_cancelled,
    evening_changed,
    left,
    moment,
    partner,
    person,
    withdrawn,
)
from ticketing.domain.tickets import TicketState
from ticketing.store import personal_pages
from ticketing.tickets.links import digest_of

NIGHT = evening(NEXT_YEAR, capacity=2, admission=Admission.ON_REQUEST)
BY_THEMSELVES = evening(NEXT_YEAR, capacity=2, title="Vanzelf")
DAY_OF_NIGHT = NEXT_YEAR.date()
OTHER_DAYS = {"before": DAY_OF_NIGHT - timedelta(days=1), "after": DAY_OF_NIGHT + timedelta(days=1)}


@pytest.fixture(autouse=True)
def _a_month_before(harness: Harness) -> None:
    harness.now = MONTH_BEFORE


async def own_place(harness: Harness, name: str, night: EveningScheduled) -> tuple[UUID, TicketState]:
    """The result of a request, or the place that somebody has."""
    place, _ = await harness.ask(name, night)
    assert (place.evening_id, place.participant_id, place.partner) == (night.evening_id, person(name), "acme")
    return place.ticket_id, place.state


# What they get


async def test_who_asks_gets_a_seat_while_there_is_one_and_then_a_place_on_the_waiting_list(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas", "dee")
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "issued", "cas": "waiting", "dee": "waiting"}
    assert await harness.line(NIGHT) == ["cas", "dee"]
    assert await harness.counts(NIGHT) == (2, 0, 2)


async def test_the_moment_of_asking_counts_and_not_that_of_enrolling(harness: Harness) -> None:
    names = ["ans", "bo", "cas", "dee", "eef"]
    await harness.apply(partner(), *map(enrolled, names), NIGHT)
    await harness.ask_in_turn(NIGHT, *reversed(names))
    assert await harness.holders(NIGHT) == {"eef", "dee"}
    assert await harness.line(NIGHT) == ["cas", "bo", "ans"]


async def test_a_seat_is_published_to_the_services_and_the_box_office_with_a_link_that_opens_their_page(
    harness: Harness,
) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    await harness.clear_outbox()
    place, is_new = await harness.ask("ans", NIGHT)
    assert is_new
    core, feed = await harness.published()
    assert (core.to, core.type, core.data["ticket_id"]) == ("core", "ticket.issued", str(place.ticket_id))
    assert (feed.to, feed.type, feed.data["holder_name"]) == ("paard", "ticket.issued", "Ans de Vries")
    assert core.data["code"] == feed.data["code"] == await harness.code("ans", NIGHT)
    [secret] = await harness.secrets("ans", NIGHT)
    async with harness.database.begin() as work:
        assert await personal_pages.owner(work, digest_of(secret)) == (NIGHT.evening_id, person("ans"))


async def test_a_place_on_the_waiting_list_is_published_to_the_services_with_its_number(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas")
    await harness.clear_outbox()
    await harness.ask_in_turn(NIGHT, "dee")
    [published] = await harness.published()
    assert (published.to, published.type, published.data["position"]) == ("core", "ticket.waitlisted", 2)
    assert len(await harness.secrets("dee", NIGHT)) == 1


@pytest.mark.parametrize("name", ["ans", "cas"])
@pytest.mark.parametrize("night", [NIGHT, BY_THEMSELVES], ids=["on request", "automatic"])
async def test_who_has_a_ticket_or_a_place_already_keeps_it_as_it_is(
    harness: Harness, night: EveningScheduled, name: str
) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas"]), night)
    await harness.ask_in_turn(night, "ans", "bo", "cas")
    first, known = await own_place(harness, name, night), await harness.everything()
    harness.wait()
    again, is_new = await harness.ask(name, night)
    assert (again.ticket_id, again.state, is_new) == (*first, False)
    assert await harness.everything() == known


async def test_of_many_who_ask_at_once_as_many_as_there_are_seats_get_one(harness: Harness) -> None:
    names = [f"p{nth}" for nth in range(8)]
    await harness.apply(partner(), *map(enrolled, names), NIGHT)
    places = await asyncio.gather(*(harness.ask(name, NIGHT) for name in names))
    assert sorted(place.state for place, _ in places) == ["issued"] * 2 + ["waiting"] * 6
    assert await harness.counts(NIGHT) == (2, 0, 6)


async def test_somebody_who_asks_twice_at_once_has_one_place(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    places = await asyncio.gather(*(harness.ask("ans", NIGHT) for _ in range(4)))
    assert len({place.ticket_id for place, _ in places}) == 1
    assert sorted(is_new for _, is_new in places) == [False, False, False, True]
    assert await harness.counts(NIGHT) == (1, 0, 0)


# Who goes before whom


async def test_who_missed_out_on_other_evenings_goes_before_who_asked_earlier(harness: Harness) -> None:
    elsewhere = evening(NEXT_YEAR + timedelta(days=9), title="Elders", admission=Admission.ON_REQUEST)
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT, elsewhere)
    await harness.ask_in_turn(elsewhere, "cas")
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas", "dee")
    assert await harness.line(NIGHT) == ["dee", "cas"]


async def test_tickets_of_another_season_cost_nobody_their_turn(harness: Harness) -> None:
    last_season = evening(NEXT_YEAR + timedelta(days=9), title="Elders", admission=Admission.ON_REQUEST)
    last_season = last_season.model_copy(update={"season": "2025-2026"})
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT, last_season)
    await harness.ask_in_turn(last_season, "cas")
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas", "dee")
    assert await harness.line(NIGHT) == ["cas", "dee"]


async def test_the_organisation_with_fewer_seats_in_proportion_goes_first(harness: Harness) -> None:
    full = evening(NEXT_YEAR, capacity=3, admission=Admission.ON_REQUEST)
    people = [enrolled(name) for name in ("ans", "bo", "cas")]
    people += [enrolled(name, partner="zeebank") for name in ("yan", "zoe")]
    await harness.apply(partner(places=1), partner("zeebank", places=2), *people, full)
    # One more of acme would be the second for one seat kept, one more of zeebank the third for two.
    await harness.ask_in_turn(full, "ans", "yan", "zoe")
    await harness.apply(enrolled("xia", partner="zeebank"))
    await harness.ask_in_turn(full, "bo", "cas", "xia")
    assert await harness.line(full) == ["xia", "bo", "cas"]


@pytest.mark.parametrize("night", [NIGHT, BY_THEMSELVES], ids=["on request", "automatic"])
async def test_who_declined_and_asks_again_stands_at_the_end_of_the_waiting_list(
    harness: Harness, night: EveningScheduled
) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), night)
    await harness.ask_in_turn(night, "ans", "bo", "cas", "dee")
    declined = await harness.decline("ans", night)
    await harness.decline("dee", night)
    await harness.apply(enrolled("eef"))
    await harness.ask_in_turn(night, "eef", "dee", "ans")
    assert await harness.holders(night) == {"bo", "cas"}
    assert await harness.line(night) == ["eef", "dee", "ans"]
    assert await harness.ticket("ans", night) != declined.ticket_id
    [row] = await harness.rows(
        "select requested_at from tickets where ticket_id = :t", t=await harness.ticket("ans", night)
    )
    assert row.requested_at == harness.now


async def test_a_seat_kept_for_ones_own_organisation_is_not_waited_for_behind_others(harness: Harness) -> None:
    await harness.apply(partner(places=1), partner("zeebank", places=1), NIGHT)
    await harness.apply(enrolled("ans"), enrolled("bo"), enrolled("zoe", partner="zeebank"))
    await harness.ask_in_turn(NIGHT, "ans", "bo", "zoe")
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "waiting", "zoe": "issued"}


async def test_before_the_release_seats_kept_for_others_are_not_to_be_had_and_after_it_they_are(
    harness: Harness,
) -> None:
    await harness.apply(partner(places=1), partner("zeebank", places=1), NIGHT, *map(enrolled, ["ans", "bo"]))
    await harness.ask_in_turn(NIGHT, "ans")
    harness.now = NIGHT.release_at - timedelta(seconds=1)
    await harness.ask("bo", NIGHT)
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "waiting"}
    await harness.decline("bo", NIGHT)
    harness.now = NIGHT.release_at
    await harness.ask("bo", NIGHT)
    assert await harness.states(NIGHT) == {"ans": "issued", "bo": "issued"}


async def test_after_the_closing_a_free_seat_goes_to_who_asks_and_not_to_who_waits(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas")
    harness.now = NIGHT.closes_at
    await harness.decline("ans", NIGHT)
    await harness.ask("dee", NIGHT)
    assert await harness.states(NIGHT) == {"bo": "issued", "cas": "waiting", "dee": "issued"}


async def test_until_the_closing_a_free_seat_goes_to_who_waits_and_not_to_who_asks(
    harness: Harness,
) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await harness.ask_in_turn(NIGHT, "ans", "bo", "cas")
    harness.now = NIGHT.closes_at
    await harness.decline("ans", NIGHT)
    # The closing is put off without anybody being told yet: whoever asks first finds the line open again.
    await harness.rows("update evenings set closes_at = closes_at + interval '1 hour' returning 1")
    await harness.ask("dee", NIGHT)
    assert await harness.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}


# Who may not


async def test_nobody_can_ask_for_an_evening_that_there_is_not(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    assert await harness.refusal(harness.ask("ans", BY_THEMSELVES)) == "unknown-evening"


async def test_nobody_can_ask_for_a_stranger(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    assert await harness.refusal(harness.ask("nobody", NIGHT)) == "unknown-participant"


async def test_nobody_can_ask_for_somebody_who_was_erased(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), erased("ans", 2), NIGHT)
    assert await harness.refusal(harness.ask("ans", NIGHT)) == "unknown-participant"


@pytest.mark.parametrize("night", [NIGHT, BY_THEMSELVES], ids=["on request", "automatic"])
async def test_only_who_is_active_on_the_day_may_ask(harness: Harness, night: EveningScheduled) -> None:
    await harness.apply(
        partner(),
        enrolled("starts-later", starts_on=OTHER_DAYS["after"]),
        enrolled("ended-before", ends_on=OTHER_DAYS["before"]),
        enrolled("leaves-that-day"),
        withdrawn("leaves-that-day", 2, DAY_OF_NIGHT),
        enrolled("has-left"),
        withdrawn("has-left", 2),
        enrolled("leaves-the-day-after"),
        withdrawn("leaves-the-day-after", 2, OTHER_DAYS["after"]),
        night,
    )
    for name in ("starts-later", "ended-before", "leaves-that-day", "has-left"):
        assert await harness.refusal(harness.ask(name, night)) == "not-active"
    place, _ = await harness.ask("leaves-the-day-after", night)
    assert place.state == "issued"


async def test_nobody_can_ask_when_their_organisation_has_left(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    await harness.apply(left())
    assert await harness.refusal(harness.ask("ans", NIGHT)) == "not-active"


async def test_nobody_can_ask_before_their_organisation_is_known(harness: Harness) -> None:
    await harness.apply(enrolled("ans"), NIGHT)
    assert await harness.refusal(harness.ask("ans", NIGHT)) == "not-active"


async def test_nobody_can_ask_for_an_evening_that_was_called_off(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    await harness.apply(evening_cancelled(NIGHT, 2))
    assert await harness.refusal(harness.ask("ans", NIGHT)) == "evening-cancelled"


async def test_one_can_ask_until_the_evening_begins_and_not_from_then_on(harness: Harness) -> None:
    await harness.apply(partner(), *map(enrolled, ["ans", "bo"]), NIGHT)
    harness.now = NIGHT.starts_at - timedelta(seconds=1)
    await harness.ask("ans", NIGHT)
    harness.now = NIGHT.starts_at
    assert await harness.refusal(harness.ask("bo", NIGHT)) == "evening-begun"
    # Who has a ticket already is told the same: there is nothing left to ask for.
    assert await harness.refusal(harness.ask("ans", NIGHT)) == "evening-begun"


# What becomes of a seat request later


async def test_a_seat_request_outlives_a_move_to_a_day_on_which_they_take_no_part(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans", ends_on=DAY_OF_NIGHT), NIGHT)
    await harness.ask("ans", NIGHT)
    moved = evening(NEXT_YEAR + timedelta(days=1), capacity=2, admission=Admission.ON_REQUEST)
    await harness.apply(evening_changed(moved, 2))
    assert await harness.states(NIGHT) == {}
    await harness.apply(evening_changed(NIGHT, 3))
    assert await harness.holders(NIGHT) == {"ans"}


async def test_a_seat_request_is_forgotten_with_the_enrolment_it_was_made_under(harness: Harness) -> None:
    await harness.apply(partner(), enrolled("ans"), NIGHT)
    await harness.ask("ans", NIGHT)
    await harness.apply(withdrawn("ans", 2, moment(0).date()))
    await harness.apply(enrolled("ans", 3))
    assert await harness.states(NIGHT) == {}
    _, is_new = await harness.ask("ans", NIGHT)
    assert is_new
