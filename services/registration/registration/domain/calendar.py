"""Days and seasons of the programme, which lives on the calendar of The Hague."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from culture_connect.contracts import LOCAL_TIME, local_day


@dataclass(frozen=True, slots=True)
class Term:
    """A time span in whole days, both ends included."""

    starts_on: date
    ends_on: date


def next_midnight(moment: datetime) -> datetime:
    """Returns the beginning of the next day in The Hague after an aware moment."""
    return datetime.combine(local_day(moment) + timedelta(days=1), time(), LOCAL_TIME)


def running_season(today: date) -> Term:
    """The season around `today`: 1 September to 31 August."""
    first = today.year if today.month >= 9 else today.year - 1
    return Term(date(first, 9, 1), date(first + 1, 8, 31))


def kept_after(today: date, months: int) -> date:
    """Returns the last day of those who are to be forgotten by `today`: they took part up to it, or shorter.

    It is the last day of the newest season that ended at least `months` whole months ago.
    """
    newest = running_season(today).starts_on.year
    ended = (date(year, 8, 31) for year in range(newest, newest - months // 12 - 2, -1))
    return next(end for end in ended if _months_later(end, months) < today)


def _months_later(day: date, months: int) -> date:
    """The last day of the month so many months after the month of `day`."""
    years, month = divmod(day.month + months, 12)
    return date(day.year + years, month + 1, 1) - timedelta(days=1)
