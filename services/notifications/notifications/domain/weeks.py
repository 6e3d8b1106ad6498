"""The weeks that a digest is about: from Monday to Sunday in The Hague."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from culture_connect.contracts import LOCAL_TIME, local_day
from notifications.domain.timing import DIGEST_AT


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days, by their Monday."""

    monday: date

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    @property
    def told_at(self) -> datetime:
        """When its digest is to go: on the Monday after it, at eight."""
        return datetime.combine(self.monday + timedelta(days=7), DIGEST_AT, LOCAL_TIME)


def last_week(now: datetime) -> Week:
    """The last week whose digest is to be there by now."""
    today = local_day(now)
    week = Week(today - timedelta(days=today.weekday() + 7))
    return week if now >= week.told_at else Week(week.monday - timedelta(days=7))
