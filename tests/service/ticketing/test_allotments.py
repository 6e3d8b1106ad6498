"""The seats of an evening kept for each partner, and the time until which they follow the contracts."""

from datetime import date, timedelta

import httpx
import pytest

from tests.service.ticketing.harness import MONTH_BEFORE, NEXT_YEAR, Harness
from tests.unit.http.kit import bearer
from tests.unit.ticketing.registration_events import (
    enrolled,
    evening,
    evening_cancelled,
    evening_changed,
    evening_moved,
    left,
    partner,
    partner_changed,
)

NIGHT = evening(NEXT_YEAR, capacity=10)
ACME, GEMEENTE, ZEEBANK = partner(places=8), partner("gemeente", places=4), partner("zeebank", places=3)
FIRST_DAY, LAST_DAY = date(2026, 9, 1), date(2027, 8, 31)
A_DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _a_month_before(harness: Harness) -> None:
    harness.now = MONTH_BEFORE


async def allotments(harness: Harness) -> dict[str, int]:
    """The seats of the night that are kept for each partner."""
    rows = await harness.rows(
        "select partner, allotment from shares where evening_id = :evening and allotment > 0",
        evening=NIGHT.evening_id,
    )
    return {row.partner: row.allotment for row in rows}


# From the contracts


async def test_a_venue_too_small_for_all_places_is_shared_as_in_the_example_of_the_rules(harness: Harness) -> None:
    await harness.apply(ACME, GEMEENTE, ZEEBANK, NIGHT)
    assert await allotments(harness) == {"acme": 5, "gemeente": 3, "zeebank": 2}


async def test_a_venue_large_enough_keeps_everybodys_places_and_the_rest_for_all(
    harness: Harness, api: httpx.AsyncClient
) -> None:
    await harness.apply(ACME, GEMEENTE, ZEEBANK, evening(NEXT_YEAR, capacity=20))
    await harness.apply(enrolled("ans"), enrolled("bo"))
    answer = (await api.get(f"/evenings/{NIGHT.evening_id}", headers=bearer("desk"))).json()
    assert (answer["capacity"], answer["common_pool"], answer["issued"]) == (20, 5, 2)
    assert answer["partners"] == {
        "acme": {"allotment": 8, "issued": 2, "admitted": 0, "waiting": 0},
        "gemeente": {"allotment": 4, "issued": 0, "admitted": 0, "waiting": 0},
        "zeebank": {"allotment": 3, "issued": 0, "admitted": 0, "waiting": 0},
    }


async def test_the_order_of_the_news_makes_no_difference(harness: Harness) -> None:
    await harness.apply(NIGHT)
    assert await allotments(harness) == {}
    for news in (ZEEBANK, ACME, GEMEENTE):
        await harness.apply(news)
    assert await allotments(harness) == {"acme": 5, "gemeente": 3, "zeebank": 2}


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "counts"),
    [
        (None, None, True),
        (FIRST_DAY, LAST_DAY, True),
        (None, FIRST_DAY, True),
        (LAST_DAY, None, True),
        (None, FIRST_DAY - A_DAY, False),
        (LAST_DAY + A_DAY, None, False),
        (date(2020, 9, 1), date(2021, 8, 31), False),
    ],
)
async def test_only_contracts_of_the_season_count(
    harness: Harness, starts_on: date | None, ends_on: date | None, counts: bool
) -> None:
    await harness.apply(ACME, partner("zeebank", places=4, starts_on=starts_on, ends_on=ends_on), NIGHT)
    assert await allotments(harness) == ({"acme": 7, "zeebank": 3} if counts else {"acme": 8})


async def test_a_contract_of_another_season_counts_for_the_evenings_of_that_one(harness: Harness) -> None:
    await harness.apply(ACME, partner("zeebank", places=4, starts_on=LAST_DAY + A_DAY))
    await harness.apply(NIGHT.model_copy(update={"season": "2027-2028"}))
    assert await allotments(harness) == {"acme": 7, "zeebank": 3}


async def test_who_is_of_a_partner_without_a_contract_in_the_season_competes_for_the_common_pool(
    harness: Harness,
) -> None:
    nine = evening(NEXT_YEAR, capacity=9)
    await harness.apply(ACME, partner("zeebank", ends_on=FIRST_DAY - A_DAY))
    await harness.apply(*(enrolled(name, partner="zeebank") for name in ("yan", "zoe")), nine)
    assert await harness.states(nine) == {"yan": "issued", "zoe": "waiting"}
    assert (await harness.decisions(nine, "yan"))[-1] == ("yan", "granted", "common-pool")


# Following them


async def test_until_the_release_allotments_follow_the_contracts(harness: Harness) -> None:
    await harness.apply(ACME, GEMEENTE, NIGHT)
    assert await allotments(harness) == {"acme": 7, "gemeente": 3}
    harness.now = NIGHT.release_at - timedelta(seconds=1)
    await harness.apply(ZEEBANK)
    assert await allotments(harness) == {"acme": 5, "gemeente": 3, "zeebank": 2}
    await harness.apply(partner_changed("acme", 2, places=3))
    assert await allotments(harness) == {"acme": 3, "gemeente": 4, "zeebank": 3}
    await harness.apply(left("gemeente"))
    assert await allotments(harness) == {"acme": 3, "zeebank": 3}
    await harness.apply(partner_changed("zeebank", 2, places=3, ends_on=FIRST_DAY - A_DAY))
    assert await allotments(harness) == {"acme": 3}


async def test_from_the_release_on_they_follow_them_no_more(harness: Harness) -> None:
    await harness.apply(ACME, GEMEENTE, NIGHT)
    harness.now = NIGHT.release_at
    await harness.apply(ZEEBANK, partner_changed("acme", 2, places=1))
    await harness.apply(left("gemeente"))
    await harness.apply(evening_changed(NIGHT, 2, capacity=40))
    assert await allotments(harness) == {"acme": 7, "gemeente": 3}


async def test_an_evening_put_off_before_its_new_release_follows_the_contracts_again(harness: Harness) -> None:
    await harness.apply(ACME, GEMEENTE, NIGHT)
    harness.now = NIGHT.release_at
    await harness.apply(ZEEBANK)
    assert "zeebank" not in await allotments(harness)
    await harness.apply(evening_moved(NIGHT, 2, timedelta(days=14)))
    assert await allotments(harness) == {"acme": 5, "gemeente": 3, "zeebank": 2}


async def test_an_evening_first_heard_of_after_its_release_gets_allotments_once(harness: Harness) -> None:
    harness.now = NIGHT.release_at
    await harness.apply(ACME, GEMEENTE, NIGHT)
    assert await allotments(harness) == {"acme": 7, "gemeente": 3}
    await harness.apply(ZEEBANK)
    assert await allotments(harness) == {"acme": 7, "gemeente": 3}


async def test_allotments_follow_the_capacity(harness: Harness) -> None:
    await harness.apply(ACME, GEMEENTE, ZEEBANK, NIGHT)
    await harness.apply(evening_changed(NIGHT, 2, capacity=15))
    assert await allotments(harness) == {"acme": 8, "gemeente": 4, "zeebank": 3}
    await harness.apply(evening_changed(NIGHT, 3, capacity=1))
    assert await allotments(harness) == {"acme": 1}


async def test_an_evening_that_was_called_off_keeps_the_allotments_it_had(harness: Harness) -> None:
    await harness.apply(ACME, NIGHT)
    await harness.apply(evening_cancelled(NIGHT, 2))
    await harness.apply(ZEEBANK)
    assert await allotments(harness) == {"acme": 8}


# By hand


async def test_allotments_set_by_hand_are_those_and_nobody_elses(harness: Harness) -> None:
    await harness.apply(ACME, GEMEENTE, ZEEBANK, NIGHT.model_copy(update={"allotments": {"zeebank": 6, "acme": 1}}))
    assert await allotments(harness) == {"acme": 1, "zeebank": 6}


async def test_allotments_set_by_hand_follow_no_contract(harness: Harness) -> None:
    await harness.apply(ACME, NIGHT.model_copy(update={"allotments": {"acme": 2}}))
    await harness.apply(GEMEENTE, partner_changed("acme", 2, places=9))
    await harness.apply(evening_changed(NIGHT, 2, capacity=30, allotments={"acme": 2}))
    assert await allotments(harness) == {"acme": 2}
    await harness.apply(left(version=3))
    assert await allotments(harness) == {"acme": 2}


async def test_an_evening_without_a_seat_kept_for_anybody_can_be_set_by_hand(harness: Harness) -> None:
    two = evening(NEXT_YEAR, capacity=2).model_copy(update={"allotments": {}})
    await harness.apply(ACME, GEMEENTE, *(enrolled(name) for name in ("ans", "bo", "cas")), two)
    assert await allotments(harness) == {}
    assert await harness.holders(two) == {"ans", "bo"}
    assert {rule for _, outcome, rule in await harness.decisions(two) if outcome == "granted"} == {"common-pool"}


async def test_allotments_set_by_hand_no_longer_follow_the_contracts_from_then_on(harness: Harness) -> None:
    await harness.apply(ACME, GEMEENTE, ZEEBANK, NIGHT.model_copy(update={"allotments": {"acme": 1}}))
    await harness.apply(evening_changed(NIGHT, 2, allotments=None))
    assert await allotments(harness) == {"acme": 5, "gemeente": 3, "zeebank": 2}
    await harness.apply(evening_changed(NIGHT, 3, allotments={"gemeente": 9}))
    assert await allotments(harness) == {"gemeente": 9}


# What they give


async def test_seats_move_with_the_allotments_and_seats_held_stay_held(harness: Harness) -> None:
    await harness.apply(partner(places=1), partner("zeebank", places=1))
    two = evening(NEXT_YEAR, capacity=2)
    await harness.apply(*map(enrolled, ["ans", "bo", "cas"]), two)
    assert await harness.states(two) == {"ans": "issued", "bo": "waiting", "cas": "waiting"}
    # Acme takes over the place of zeebank: somebody waits for that.
    await harness.apply(left("zeebank"), partner_changed("acme", 2, places=2))
    assert await harness.holders(two) == {"ans", "bo"}
    await harness.apply(partner("zeebank", version=3, places=1), partner_changed("acme", 3, places=1))
    await harness.apply(enrolled("zoe", partner="zeebank"))
    assert await harness.states(two) == {"ans": "issued", "bo": "issued", "cas": "waiting", "zoe": "waiting"}
    # What acme holds beyond its one seat was zeebank's: the next seat of acme that comes free goes there.
    await harness.decline("ans", two)
    assert await harness.states(two) == {"bo": "issued", "zoe": "issued", "cas": "waiting"}


async def test_a_partner_that_leaves_frees_its_seats_for_the_others(harness: Harness) -> None:
    await harness.apply(partner(places=1), partner("zeebank", places=1))
    two = evening(NEXT_YEAR, capacity=2)
    await harness.apply(*map(enrolled, ["ans", "bo"]), *(enrolled(name, partner="zeebank") for name in ("yan", "zoe")))
    await harness.apply(two)
    assert await harness.holders(two) == {"ans", "yan"}
    await harness.apply(left("zeebank"))
    # One seat is acme's own, the other one is kept for nobody any more.
    assert await harness.states(two) == {"ans": "issued", "bo": "issued"}
    assert await harness.counts(two) == (2, 0, 0)


async def test_the_common_pool_of_an_evening_that_shrank_after_its_release_is_empty(
    harness: Harness, api: httpx.AsyncClient
) -> None:
    await harness.apply(ACME, NIGHT)
    harness.now = NIGHT.release_at
    await harness.apply(evening_changed(NIGHT, 2, capacity=2))
    answer = (await api.get(f"/evenings/{NIGHT.evening_id}", headers=bearer("desk"))).json()
    assert (answer["common_pool"], answer["partners"]["acme"]["allotment"]) == (0, 8)
