"""Days and seasons of the programme, which lives on the calendar of The Hague."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

LOCAL_TIME = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Term:
    """A time span in whole days, both ends included."""

    starts_on: date
    ends_on: date


def local_day(moment: datetime) -> date:
    """The day in The Hague of an aware moment."""
    return moment.astimezone(LOCAL_TIME).date()


def running_season(today: date) -> Term:
    """The season around `today`: 1 September to 31 August."""
    first = today.year if today.month >= 9 else today.year - 1
    return Term(date(first, 9, 1), date(first + 1, 8, 31))
