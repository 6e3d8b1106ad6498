"""Days and seasons."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from culture_connect.contracts import local_day
from registration.domain.calendar import Term, kept_after, next_midnight, running_season


@pytest.mark.parametrize(
    ("today", "first"), [(date(2026, 8, 31), 2025), (date(2026, 9, 1), 2026), (date(2027, 1, 1), 2026)]
)
def test_a_season_runs_from_september_to_august(today: date, first: int) -> None:
    assert running_season(today) == Term(date(first, 9, 1), date(first + 1, 8, 31))


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 7, 1, 22, 30, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 12, 1, 22, 30, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2026, 12, 1, 23, 0, tzinfo=UTC), date(2026, 12, 2)),
    ],
)
def test_the_day_is_the_day_in_the_hague(moment: datetime, day: date) -> None:
    assert local_day(moment) == day


@pytest.mark.parametrize(
    ("midnight", "hours"),
    [
        (datetime(2026, 3, 27, 23, tzinfo=UTC), 24),
        (datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        (datetime(2026, 3, 29, 22, tzinfo=UTC), 24),
        (datetime(2026, 10, 23, 22, tzinfo=UTC), 24),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        (datetime(2026, 10, 25, 23, tzinfo=UTC), 24),
    ],
    ids=[
        "before summer time begins",
        "summer time begins",
        "in summer time",
        "before summer time ends",
        "summer time ends",
        "in winter time",
    ],
)
def test_a_day_lasts_until_the_next_midnight_also_when_the_clock_is_changed(midnight: datetime, hours: int) -> None:
    next_ = midnight + timedelta(hours=hours)
    for moment in (midnight, midnight + timedelta(hours=2), next_ - timedelta(microseconds=1)):
        assert next_midnight(moment) - moment == next_ - moment
    assert next_midnight(next_) > next_


@given(st.integers(0, 4_000_000_000_000).map(lambda milliseconds: datetime.fromtimestamp(milliseconds / 1000, UTC)))
def test_the_next_midnight_is_where_the_day_changes(moment: datetime) -> None:
    midnight = next_midnight(moment).astimezone(UTC)
    assert midnight > moment
    assert local_day(midnight) == local_day(moment) + timedelta(days=1)
    assert local_day(midnight - timedelta(microseconds=1)) == local_day(moment)


@pytest.mark.parametrize(
    ("months", "today", "year"),
    [
        (0, date(2026, 8, 30), 2025),
        (0, date(2026, 8, 31), 2025),
        (0, date(2026, 9, 1), 2026),
        (1, date(2026, 8, 31), 2025),
        (1, date(2026, 9, 1), 2025),
        (1, date(2026, 9, 30), 2025),
        (1, date(2026, 10, 1), 2026),
        (12, date(2026, 8, 31), 2024),
        (12, date(2026, 9, 1), 2025),
        (12, date(2027, 8, 31), 2025),
        (18, date(2027, 2, 28), 2024),
        (18, date(2027, 3, 1), 2025),
        (18, date(2028, 2, 28), 2025),
        (18, date(2028, 2, 29), 2025),
        (18, date(2028, 3, 1), 2026),
        (120, date(2026, 8, 31), 2015),
        (120, date(2026, 9, 1), 2016),
    ],
)
def test_people_are_kept_for_whole_months_after_their_season(months: int, today: date, year: int) -> None:
    assert kept_after(today, months) == date(year, 8, 31)


@given(st.dates(date(2000, 1, 1), date(2190, 1, 1)), st.integers(0, 120))
def test_it_is_the_newest_end_of_a_season_that_is_long_enough_ago(today: date, months: int) -> None:
    end = kept_after(today, months)
    assert (end.month, end.day) == (8, 31)
    assert _months_after_the_first_of_september(end.year, months) <= today
    assert _months_after_the_first_of_september(end.year + 1, months) > today


def _months_after_the_first_of_september(year: int, months: int) -> date:
    day = date(year, 9, 1)
    for _ in range(months):
        day = (day + timedelta(days=31)).replace(day=1)
    return day
