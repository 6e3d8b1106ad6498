"""Seats kept for partners."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ticketing import reference
from ticketing.domain.allotments import calculate_allotments

slugs = st.sampled_from(["acme", "belastingdienst", "gemeente", "haven", "zeebank", "zuid"])
contracts = st.dictionaries(slugs, st.integers(1, 40), max_size=6)


def test_the_example_of_the_rules() -> None:
    assert calculate_allotments(10, {"acme": 8, "gemeente": 4, "zeebank": 3}) == {
        "acme": 5,
        "gemeente": 3,
        "zeebank": 2,
    }


def test_a_venue_with_room_for_all_places_keeps_them_all_and_leaves_the_rest_to_everybody() -> None:
    assert calculate_allotments(20, {"acme": 8, "gemeente": 4}) == {"acme": 8, "gemeente": 4}


@pytest.mark.parametrize("capacity", [0, 1, 5])
def test_without_partners_nothing_is_kept(capacity: int) -> None:
    assert calculate_allotments(capacity, {}) == {}


def test_equal_remainders_go_to_more_places_first_and_then_by_slug() -> None:
    # Quotas 1.5, 0.5, 0.5 and 1.5: both left-over seats could go to four.
    assert calculate_allotments(4, {"acme": 1, "haven": 3, "zeebank": 3, "zuid": 1}) == {
        "acme": 0,
        "haven": 2,
        "zeebank": 2,
        "zuid": 0,
    }
    assert calculate_allotments(1, {"zeebank": 2, "acme": 2}) == {"acme": 1, "zeebank": 0}


@given(st.integers(0, 60), contracts)
def test_allotments_are_those_of_the_reference(capacity: int, places: dict[str, int]) -> None:
    assert calculate_allotments(capacity, places) == reference.allot(capacity, places)


@given(st.integers(0, 60), contracts)
def test_a_venue_that_is_too_small_is_allotted_to_the_last_seat_and_nobody_gets_more_than_their_places(
    capacity: int, places: dict[str, int]
) -> None:
    seats = calculate_allotments(capacity, places)
    assert sum(seats.values()) == min(capacity, sum(places.values()))
    assert all(seats[slug] <= places[slug] for slug in places)
