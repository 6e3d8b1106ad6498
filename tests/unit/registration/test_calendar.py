"""Days and seasons."""

from datetime import UTC, date, datetime

import pytest

from registration.domain.calendar import Term, local_day, running_season


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
