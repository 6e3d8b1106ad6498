"""Days and times as letters and pages write them."""

from datetime import UTC, date, datetime

import pytest

from culture_connect import dates
from culture_connect.contracts import Language, local_day

EVENING = datetime(2026, 5, 7, 17, 30, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 3, 1, 23, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "day", "short_day", "clock"),
    [
        (EVENING, "donderdag 7 mei 2026", "donderdag 7 mei", "19.30"),
        (AFTER_MIDNIGHT, "maandag 2 maart 2026", "maandag 2 maart", "00.05"),
    ],
)
def test_dutch_letters_write_small_letters_and_a_point_in_the_time(
    moment: datetime, day: str, short_day: str, clock: str
) -> None:
    assert dates.day(moment, Language.NL) == day
    assert dates.short_day(moment, Language.NL) == short_day
    assert dates.clock(moment, Language.NL) == clock
    assert dates.date(local_day(moment), Language.NL) == day.split(" ", 1)[1]


@pytest.mark.parametrize(
    ("moment", "day", "short_day", "clock"),
    [
        (EVENING, "Thursday 7 May 2026", "Thursday 7 May", "19:30"),
        (AFTER_MIDNIGHT, "Monday 2 March 2026", "Monday 2 March", "00:05"),
    ],
)
def test_english_letters_write_the_day_before_the_month_and_no_comma(
    moment: datetime, day: str, short_day: str, clock: str
) -> None:
    assert dates.day(moment, Language.EN) == day
    assert dates.short_day(moment, Language.EN) == short_day
    assert dates.clock(moment, Language.EN) == clock
    assert dates.date(local_day(moment), Language.EN) == day.split(" ", 1)[1]


@pytest.mark.parametrize("language", list(Language))
def test_every_month_and_day_of_the_week_has_a_name_of_its_own(language: Language) -> None:
    months = {dates.date(date(2026, month, 1), language).split()[1] for month in range(1, 13)}
    days = {dates.day(datetime(2026, 6, day, tzinfo=UTC), language).split()[0] for day in range(1, 8)}
    assert (len(months), len(days)) == (12, 7)


def test_the_day_in_the_hague_begins_at_its_own_midnight() -> None:
    assert local_day(datetime(2026, 6, 30, 21, 59, tzinfo=UTC)) == date(2026, 6, 30)
    assert local_day(datetime(2026, 6, 30, 22, 0, tzinfo=UTC)) == date(2026, 7, 1)
