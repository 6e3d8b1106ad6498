"""Somebody asks for a seat."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from culture_connect.contracts import Admission, EveningScheduled
from tests.service.ticketing.house import MONTH_BEFORE, NEXT_YEAR, House
from tests.unit.ticketing.news import (
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
from ticketing.store import pages

NIGHT = evening(NEXT_YEAR, capacity=2, admission=Admission.ON_REQUEST)
BY_THEMSELVES = evening(NEXT_YEAR, capacity=2, title="Vanzelf")
DAY_OF_NIGHT = NEXT_YEAR.date()
OTHER_DAYS = {"before": DAY_OF_NIGHT - timedelta(days=1), "after": DAY_OF_NIGHT + timedelta(days=1)}


@pytest.fixture(autouse=True)
def _a_month_before(house: House) -> None:
    house.now = MONTH_BEFORE


async def own_place(house: House, name: str, night: EveningScheduled) -> tuple[UUID, TicketState]:
    """What somebody who asks gets, or has."""
    place, _ = await house.ask(name, night)
    assert (place.evening_id, place.participant_id, place.partner) == (night.evening_id, person(name), "acme")
    return place.ticket_id, place.state


# What they get


async def test_who_asks_gets_a_seat_while_there_is_one_and_then_a_place_in_the_line(house: House) -> None:
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await house.ask_in_turn(NIGHT, "ans", "bo", "cas", "dee")
    assert await house.states(NIGHT) == {"ans": "issued", "bo": "issued", "cas": "waiting", "dee": "waiting"}
    assert await house.line(NIGHT) == ["cas", "dee"]
    assert await house.counts(NIGHT) == (2, 0, 2)


async def test_the_moment_of_asking_counts_and_not_that_of_enrolling(house: House) -> None:
    names = ["ans", "bo", "cas", "dee", "eef"]
    await house.hear(partner(), *map(enrolled, names), NIGHT)
    await house.ask_in_turn(NIGHT, *reversed(names))
    assert await house.holders(NIGHT) == {"eef", "dee"}
    assert await house.line(NIGHT) == ["cas", "bo", "ans"]


async def test_a_seat_is_told_to_the_house_and_the_box_office_with_a_link_that_opens_their_page(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), NIGHT)
    await house.forget_told()
    place, is_new = await house.ask("ans", NIGHT)
    assert is_new
    core, feed = await house.told()
    assert (core.to, core.type, core.data["ticket_id"]) == ("core", "ticket.issued", str(place.ticket_id))
    assert (feed.to, feed.type, feed.data["holder_name"]) == ("paard", "ticket.issued", "Ans de Vries")
    assert core.data["code"] == feed.data["code"] == await house.code("ans", NIGHT)
    [secret] = await house.secrets("ans", NIGHT)
    async with house.database.begin() as work:
        assert await pages.owner(work, secret) == (NIGHT.evening_id, person("ans"))


async def test_a_place_in_the_line_is_told_to_the_house_with_its_number(house: House) -> None:
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await house.ask_in_turn(NIGHT, "ans", "bo", "cas")
    await house.forget_told()
    await house.ask_in_turn(NIGHT, "dee")
    [told] = await house.told()
    assert (told.to, told.type, told.data["position"]) == ("core", "ticket.waitlisted", 2)
    assert len(await house.secrets("dee", NIGHT)) == 1


@pytest.mark.parametrize("name", ["ans", "cas"])
@pytest.mark.parametrize("night", [NIGHT, BY_THEMSELVES], ids=["on request", "automatic"])
async def test_who_has_a_ticket_or_a_place_already_keeps_it_as_it_is(
    house: House, night: EveningScheduled, name: str
) -> None:
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas"]), night)
    await house.ask_in_turn(night, "ans", "bo", "cas")
    first, known = await own_place(house, name, night), await house.everything()
    house.wait()
    again, is_new = await house.ask(name, night)
    assert (again.ticket_id, again.state, is_new) == (*first, False)
    assert await house.everything() == known


async def test_of_many_who_ask_at_once_as_many_as_there_are_seats_get_one(house: House) -> None:
    names = [f"p{nth}" for nth in range(8)]
    await house.hear(partner(), *map(enrolled, names), NIGHT)
    places = await asyncio.gather(*(house.ask(name, NIGHT) for name in names))
    assert sorted(place.state for place, _ in places) == ["issued"] * 2 + ["waiting"] * 6
    assert await house.counts(NIGHT) == (2, 0, 6)


async def test_somebody_who_asks_twice_at_once_has_one_place(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), NIGHT)
    places = await asyncio.gather(*(house.ask("ans", NIGHT) for _ in range(4)))
    assert len({place.ticket_id for place, _ in places}) == 1
    assert sorted(is_new for _, is_new in places) == [False, False, False, True]
    assert await house.counts(NIGHT) == (1, 0, 0)


# Who goes before whom


async def test_who_missed_out_on_other_evenings_goes_before_who_asked_earlier(house: House) -> None:
    elsewhere = evening(NEXT_YEAR + timedelta(days=9), title="Elders", admission=Admission.ON_REQUEST)
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT, elsewhere)
    await house.ask_in_turn(elsewhere, "cas")
    await house.ask_in_turn(NIGHT, "ans", "bo", "cas", "dee")
    assert await house.line(NIGHT) == ["dee", "cas"]


async def test_tickets_of_another_season_cost_nobody_their_turn(house: House) -> None:
    last_season = evening(NEXT_YEAR + timedelta(days=9), title="Elders", admission=Admission.ON_REQUEST)
    last_season = last_season.model_copy(update={"season": "2025-2026"})
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT, last_season)
    await house.ask_in_turn(last_season, "cas")
    await house.ask_in_turn(NIGHT, "ans", "bo", "cas", "dee")
    assert await house.line(NIGHT) == ["cas", "dee"]


async def test_the_organisation_with_fewer_seats_in_proportion_goes_first(house: House) -> None:
    full = evening(NEXT_YEAR, capacity=3, admission=Admission.ON_REQUEST)
    people = [enrolled(name) for name in ("ans", "bo", "cas")]
    people += [enrolled(name, partner="zeebank") for name in ("yan", "zoe")]
    await house.hear(partner(places=1), partner("zeebank", places=2), *people, full)
    # One more of acme would be the second for one seat kept, one more of zeebank the third for two.
    await house.ask_in_turn(full, "ans", "yan", "zoe")
    await house.hear(enrolled("xia", partner="zeebank"))
    await house.ask_in_turn(full, "bo", "cas", "xia")
    assert await house.line(full) == ["xia", "bo", "cas"]


@pytest.mark.parametrize("night", [NIGHT, BY_THEMSELVES], ids=["on request", "automatic"])
async def test_who_declined_and_asks_again_stands_at_the_end_of_the_line(house: House, night: EveningScheduled) -> None:
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), night)
    await house.ask_in_turn(night, "ans", "bo", "cas", "dee")
    declined = await house.decline("ans", night)
    await house.decline("dee", night)
    await house.hear(enrolled("eef"))
    await house.ask_in_turn(night, "eef", "dee", "ans")
    assert await house.holders(night) == {"bo", "cas"}
    assert await house.line(night) == ["eef", "dee", "ans"]
    assert await house.ticket("ans", night) != declined.ticket_id
    [row] = await house.rows(
        "select requested_at from tickets where ticket_id = :t", t=await house.ticket("ans", night)
    )
    assert row.requested_at == house.now


async def test_a_seat_kept_for_ones_own_organisation_is_not_waited_for_behind_others(house: House) -> None:
    await house.hear(partner(places=1), partner("zeebank", places=1), NIGHT)
    await house.hear(enrolled("ans"), enrolled("bo"), enrolled("zoe", partner="zeebank"))
    await house.ask_in_turn(NIGHT, "ans", "bo", "zoe")
    assert await house.states(NIGHT) == {"ans": "issued", "bo": "waiting", "zoe": "issued"}


async def test_before_the_release_seats_kept_for_others_are_not_to_be_had_and_after_it_they_are(house: House) -> None:
    await house.hear(partner(places=1), partner("zeebank", places=1), NIGHT, *map(enrolled, ["ans", "bo"]))
    await house.ask_in_turn(NIGHT, "ans")
    house.now = NIGHT.release_at - timedelta(seconds=1)
    await house.ask("bo", NIGHT)
    assert await house.states(NIGHT) == {"ans": "issued", "bo": "waiting"}
    await house.decline("bo", NIGHT)
    house.now = NIGHT.release_at
    await house.ask("bo", NIGHT)
    assert await house.states(NIGHT) == {"ans": "issued", "bo": "issued"}


async def test_after_the_closing_a_free_seat_goes_to_who_asks_and_not_to_who_waits(house: House) -> None:
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await house.ask_in_turn(NIGHT, "ans", "bo", "cas")
    house.now = NIGHT.closes_at
    await house.decline("ans", NIGHT)
    await house.ask("dee", NIGHT)
    assert await house.states(NIGHT) == {"bo": "issued", "cas": "waiting", "dee": "issued"}


async def test_while_the_line_is_open_a_free_seat_goes_to_who_waits_and_not_to_who_asks(house: House) -> None:
    await house.hear(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), NIGHT)
    await house.ask_in_turn(NIGHT, "ans", "bo", "cas")
    house.now = NIGHT.closes_at
    await house.decline("ans", NIGHT)
    # The closing is put off without anybody being told yet: whoever asks first finds the line open again.
    await house.rows("update evenings set closes_at = closes_at + interval '1 hour' returning 1")
    await house.ask("dee", NIGHT)
    assert await house.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}


# Who may not


async def test_nobody_can_ask_for_an_evening_that_there_is_not(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), NIGHT)
    assert await house.refusal(house.ask("ans", BY_THEMSELVES)) == "unknown-evening"


async def test_nobody_can_ask_for_a_stranger(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), NIGHT)
    assert await house.refusal(house.ask("nobody", NIGHT)) == "unknown-participant"


async def test_nobody_can_ask_for_somebody_who_was_erased(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), erased("ans", 2), NIGHT)
    assert await house.refusal(house.ask("ans", NIGHT)) == "unknown-participant"


@pytest.mark.parametrize("night", [NIGHT, BY_THEMSELVES], ids=["on request", "automatic"])
async def test_only_who_is_active_on_the_day_may_ask(house: House, night: EveningScheduled) -> None:
    await house.hear(
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
        assert await house.refusal(house.ask(name, night)) == "not-active"
    place, _ = await house.ask("leaves-the-day-after", night)
    assert place.state == "issued"


async def test_nobody_can_ask_when_their_organisation_has_left(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), NIGHT)
    await house.hear(left())
    assert await house.refusal(house.ask("ans", NIGHT)) == "not-active"


async def test_nobody_can_ask_before_their_organisation_is_known(house: House) -> None:
    await house.hear(enrolled("ans"), NIGHT)
    assert await house.refusal(house.ask("ans", NIGHT)) == "not-active"


async def test_nobody_can_ask_for_an_evening_that_was_called_off(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), NIGHT)
    await house.hear(evening_cancelled(NIGHT, 2))
    assert await house.refusal(house.ask("ans", NIGHT)) == "evening-cancelled"


async def test_one_can_ask_until_the_evening_begins_and_not_from_then_on(house: House) -> None:
    await house.hear(partner(), *map(enrolled, ["ans", "bo"]), NIGHT)
    house.now = NIGHT.starts_at - timedelta(seconds=1)
    await house.ask("ans", NIGHT)
    house.now = NIGHT.starts_at
    assert await house.refusal(house.ask("bo", NIGHT)) == "evening-begun"
    # Who has a ticket already is told the same: there is nothing left to ask for.
    assert await house.refusal(house.ask("ans", NIGHT)) == "evening-begun"


# What holds of a wish later


async def test_a_wish_outlives_a_move_to_a_day_on_which_they_take_no_part(house: House) -> None:
    await house.hear(partner(), enrolled("ans", ends_on=DAY_OF_NIGHT), NIGHT)
    await house.ask("ans", NIGHT)
    moved = evening(NEXT_YEAR + timedelta(days=1), capacity=2, admission=Admission.ON_REQUEST)
    await house.hear(evening_changed(moved, 2))
    assert await house.states(NIGHT) == {}
    await house.hear(evening_changed(NIGHT, 3))
    assert await house.holders(NIGHT) == {"ans"}


async def test_a_wish_is_forgotten_with_the_enrolment_it_was_made_under(house: House) -> None:
    await house.hear(partner(), enrolled("ans"), NIGHT)
    await house.ask("ans", NIGHT)
    await house.hear(withdrawn("ans", 2, moment(0).date()))
    await house.hear(enrolled("ans", 3))
    assert await house.states(NIGHT) == {}
    _, is_new = await house.ask("ans", NIGHT)
    assert is_new
