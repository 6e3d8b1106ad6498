"""Candidates with fewer tickets for other evenings of the season come first, whatever becomes of those evenings."""

from datetime import timedelta

import pytest

from culture_connect.contracts import Admission
from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.unit.ticketing.registration_events import enrolled, evening, evening_cancelled, evening_changed, partner

NIGHT = evening(NEXT_YEAR, capacity=2)
ELSEWHERE = evening(NEXT_YEAR + timedelta(days=9), title="Elders", admission=Admission.ON_REQUEST)


@pytest.fixture
async def full(harness: Harness) -> Harness:
    """Ans and Bo have the two seats of the night, Cas and Dee wait; Cas, who asked sooner, has a seat elsewhere."""
    harness.now = MONTH_BEFORE
    await harness.apply(partner(), *map(enrolled, ["ans", "bo", "cas", "dee"]), ELSEWHERE)
    await harness.ask_in_turn(ELSEWHERE, "cas")
    await harness.apply(NIGHT)
    return harness


async def test_who_has_a_ticket_elsewhere_lets_the_others_go_first(full: Harness) -> None:
    await full.decline("ans", NIGHT)
    assert await full.states(NIGHT) == {"bo": "issued", "dee": "issued", "cas": "waiting"}


async def test_who_gives_the_ticket_elsewhere_up_is_in_front_again(full: Harness) -> None:
    await full.decline("cas", ELSEWHERE)
    await full.decline("ans", NIGHT)
    assert await full.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}


async def test_a_ticket_that_is_passed_on_counts_for_whoever_has_it(full: Harness) -> None:
    await full.pass_on("cas", ELSEWHERE, "dee")
    await full.decline("ans", NIGHT)
    assert await full.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}


async def test_an_evening_that_is_called_off_counts_no_more(full: Harness) -> None:
    await full.apply(evening_cancelled(ELSEWHERE, 2))
    await full.decline("ans", NIGHT)
    assert await full.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}


async def test_an_evening_that_goes_to_another_season_counts_no_more(full: Harness) -> None:
    await full.apply(evening_changed(ELSEWHERE, 2, season="2027-2028"))
    await full.decline("ans", NIGHT)
    assert await full.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting"}


async def test_an_evening_that_comes_back_to_the_season_counts_again(full: Harness) -> None:
    await full.apply(enrolled("eef"), evening_changed(ELSEWHERE, 2, season="2027-2028"))
    await full.decline("ans", NIGHT)
    assert await full.states(NIGHT) == {"bo": "issued", "cas": "issued", "dee": "waiting", "eef": "waiting"}
    await full.ask_in_turn(ELSEWHERE, "dee")
    await full.apply(evening_changed(ELSEWHERE, 3, season=NIGHT.season))
    await full.decline("bo", NIGHT)
    assert await full.states(NIGHT) == {"cas": "issued", "eef": "issued", "dee": "waiting"}


async def test_places_that_were_never_counted_are_counted_before_the_next_is_served(full: Harness) -> None:
    await full.rows("update tickets set others = null where state = 'waiting' returning ticket_id")
    await full.decline("ans", NIGHT)
    assert await full.states(NIGHT) == {"bo": "issued", "dee": "issued", "cas": "waiting"}
