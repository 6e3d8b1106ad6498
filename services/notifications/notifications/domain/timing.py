"""When a letter is to go: reminders at their moments, most others at once or when their like has had time to come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from culture_connect.contracts import LOCAL_TIME, local_day
from notifications.domain.kinds import TICKETS, Kind

REMINDED_AT = time(10)  # in The Hague
DIGEST_AT = time(8)  # on Monday, in The Hague
_DAYS_BEFORE = {Kind.REMINDER_WEEK: 7, Kind.REMINDER_DAY: 1}

# A server that says "not now" to a letter for so long means "no".
GIVES_UP_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a letter waits, so that what belongs together comes together.

    `welcome` for the tickets of somebody new (they take the welcome along when they come first), `ticket` for more
    tickets and waiting places, and `goodbye` for their ends; `change` for further changes of the same evening, or of
    the same first day.
    """

    welcome: float = 60.0
    ticket: float = 5.0
    change: float = 300.0

    def of(self, kind: Kind) -> timedelta:
        """How long a letter of this kind waits."""
        match kind:
            case Kind.WELCOME:
                return timedelta(seconds=self.welcome)
            case Kind.EVENING_CHANGED | Kind.START_CHANGED:
                return timedelta(seconds=self.change)
            case Kind.TICKET_WAITLISTED | Kind.TICKET_CANCELLED | Kind.EVENING_CANCELLED | Kind.GOODBYE:
                return timedelta(seconds=self.ticket)
            case _ if kind in TICKETS:
                return timedelta(seconds=self.ticket)
            case _:
                return timedelta(0)


def reminders(starts_at: datetime) -> Mapping[Kind, datetime]:
    """The moments of the reminders of an evening: on the days before it by the calendar of The Hague, at ten."""
    day = local_day(starts_at)
    return {
        kind: datetime.combine(day - timedelta(days=days), REMINDED_AT, LOCAL_TIME)
        for kind, days in _DAYS_BEFORE.items()
    }
