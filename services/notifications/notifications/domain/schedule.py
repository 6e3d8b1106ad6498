"""The moments of letters: reminders and digests have theirs, most others go at once or after a short delay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from culture_connect.contracts import LOCAL_TIME, local_day
from notifications.domain.catalogue import Delay, Kind

REMINDED_AT = time(10)  # in The Hague
DIGEST_AT = time(8)  # on Monday, in The Hague

# A server that says "not now" to a letter for so long means "no".
GIVES_UP_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Delays:
    """The seconds that a letter waits, so that letters which belong together go together.

    `welcome` is for the tickets of somebody new (they take the welcome along when they come first), `ticket` for more
    tickets, waiting places and their ends, `change` for further changes of the same evening or first day.
    """

    welcome: float = 60.0
    ticket: float = 5.0
    change: float = 300.0

    def of(self, kind: Kind) -> timedelta:
        """Returns how long a letter of this kind waits."""
        seconds = {Delay.WELCOME: self.welcome, Delay.TICKET: self.ticket, Delay.CHANGE: self.change, Delay.NONE: 0.0}
        return timedelta(seconds=seconds[kind.traits.delay])


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double: `first` seconds after the first attempt, never more than `longest`."""

    first: float
    longest: float

    def after(self, attempts: int) -> float:
        """Returns the seconds to wait after so many failed attempts, 1 or more."""
        # The exponent is bounded, since a letter may be tried for weeks.
        return float(min(self.first * 2 ** min(attempts - 1, 30), self.longest))


@dataclass(frozen=True, slots=True)
class Week:
    """The seven days that a digest is about, from Monday to Sunday in The Hague."""

    monday: date

    @property
    def sunday(self) -> date:
        """Returns its last day."""
        return self.monday + timedelta(days=6)

    @property
    def due_at(self) -> datetime:
        """Returns the moment its digest is due: at eight on the Monday after it."""
        return datetime.combine(self.monday + timedelta(days=7), DIGEST_AT, LOCAL_TIME)


def last_week(now: datetime) -> Week:
    """Returns the last week whose digest is due by now."""
    today = local_day(now)
    week = Week(today - timedelta(days=today.weekday() + 7))
    return week if now >= week.due_at else Week(week.monday - timedelta(days=7))


def reminders(starts_at: datetime) -> Mapping[Kind, datetime]:
    """Returns the moments of the reminders of an evening: at ten, on days before it by the calendar of The Hague."""
    day = local_day(starts_at)
    return {
        kind: datetime.combine(day - timedelta(days=kind.traits.days_before), REMINDED_AT, LOCAL_TIME)
        for kind in Kind
        if kind.traits.days_before is not None
    }
