"""Who gets a seat and who waits."""

from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ticketing.news import FIRST_MOMENT, moment, person
from ticketing.domain.seating import Request, Round, lot, places, serve

EVENING = UUID("0b9f6a52-93cf-4b60-9d5e-2f9f7ab4f9d1")


def request(name: str, minutes: int) -> Request:
    return Request(person(name), (moment(minutes), lot(EVENING, person(name))))


# Few different moments, so that ties are common.
requests = st.lists(
    st.builds(
        lambda who, minutes: Request(who, (FIRST_MOMENT + timedelta(minutes=minutes), lot(EVENING, who))),
        st.uuids(),
        st.integers(0, 3),
    ),
    unique_by=lambda each: each.participant_id,
    max_size=12,
)


def test_the_lot_is_the_hash_that_anyone_can_compute() -> None:
    assert lot(EVENING, person("noor")) == sha256(EVENING.bytes + person("noor").bytes).digest()


def test_the_earliest_requests_are_served_first() -> None:
    round_ = serve(2, [], [request("c", 3), request("a", 1), request("b", 2)], promoting=True)
    assert [each.participant_id for each in round_.seated] == [person("a"), person("b")]
    assert [each.participant_id for each in round_.joining] == [person("c")]


def test_requests_of_the_same_moment_are_served_by_lot() -> None:
    names = ["noor", "daan", "sem", "lotte"]
    round_ = serve(1, [], [request(name, 0) for name in names], promoting=True)
    winner = min(names, key=lambda name: sha256(EVENING.bytes + person(name).bytes).digest())
    assert [each.participant_id for each in round_.seated] == [person(winner)]


def test_who_waits_is_served_before_who_comes_later() -> None:
    round_ = serve(1, [request("first", 1)], [request("later", 2)], promoting=True)
    assert round_ == Round(promoted=[request("first", 1)], seated=[], joining=[request("later", 2)])


def test_after_the_closing_nobody_is_promoted_and_who_comes_may_sit_down() -> None:
    round_ = serve(1, [request("first", 1)], [request("later", 2)], promoting=False)
    assert round_ == Round(promoted=[], seated=[request("later", 2)], joining=[])


@pytest.mark.parametrize("free", [0, -3])
def test_without_a_free_seat_everybody_waits(free: int) -> None:
    round_ = serve(free, [], [request("a", 1)], promoting=True)
    assert round_ == Round(promoted=[], seated=[], joining=[request("a", 1)])


@given(st.integers(-2, 15), requests, st.booleans(), st.data())
def test_seats_are_never_oversold_and_nobody_is_lost_or_doubled(
    free: int, everybody: list[Request], promoting: bool, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(everybody)))
    waiting, newcomers = everybody[:cut], everybody[cut:]
    round_ = serve(free, waiting, newcomers, promoting=promoting)
    assert len(round_.promoted) + len(round_.seated) <= max(free, 0)
    assert set(round_.promoted) <= set(waiting)
    assert sorted([*round_.seated, *round_.joining], key=lambda each: each.turn) == sorted(
        newcomers, key=lambda each: each.turn
    )


@given(st.integers(0, 15), requests, st.data())
def test_nobody_without_a_seat_was_before_anybody_with_one(
    free: int, everybody: list[Request], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(everybody)))
    round_ = serve(free, everybody[:cut], everybody[cut:], promoting=True)
    served = {*round_.promoted, *round_.seated}
    left = [each for each in everybody if each not in served]
    assert len(served) == min(free, len(everybody))
    assert all(lucky.turn < unlucky.turn for lucky in served for unlucky in left)


@given(st.integers(0, 15), requests, st.data())
def test_the_order_in_which_requests_are_looked_at_does_not_matter(
    free: int, everybody: list[Request], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(everybody))
    assert serve(free, [], everybody, promoting=True) == serve(free, [], shuffled, promoting=True)


@given(requests, st.data())
def test_a_place_in_the_line_is_the_number_of_those_before_plus_one(
    everybody: list[Request], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(everybody)))
    waiting = everybody[:cut]
    joining = sorted(everybody[cut:], key=lambda each: each.turn)
    behind = sorted(each.turn for each in waiting if joining and each.turn > joining[0].turn)
    line = sorted(each.turn for each in everybody)
    assert places(joining, len(waiting), behind) == [line.index(each.turn) + 1 for each in joining]
