"""The relevance of a letter at the moment it would be written.

Two decisions are made earlier: an event that takes a letter back is in `decisions`, and a reminder whose moment passed
before the ticket was issued is suppressed when its time is set (`store.letters`, one statement for all holders).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from culture_connect.contracts import local_day
from notifications.domain.catalogue import OPTIONAL, REMINDERS, Kind, Suppression, TicketStatus
from notifications.domain.schedule import reminders

# Events of two services may overtake each other by as long as the longest wait before a retry: so long a letter to
# somebody who seems to have left waits for the event that they are back.
EVENT_SKEW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The facts at the moment of writing that decide about a letter.

    `wanted_at` is when the letter should have gone, `withdrawn_on` the first day on which its addressee no longer
    takes part, `status` that of its ticket. `notified` is true when its addressee may have read of the evening before,
    `has_news` when the evening, the first day or the partner's week differs from what they know. `invited` is true for
    a letter about an evening that its addressee was invited to and never requested a seat for.
    """

    kind: Kind
    now: datetime
    wanted_at: datetime
    withdrawn_on: date | None = None
    switched_off: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    evening_cancelled: bool = False
    status: TicketStatus | None = None
    notified: bool = False
    has_news: bool = True
    invited: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """The reason why a letter is not written; one that `is_temporary` is checked again a little later."""

    reason: Suppression
    is_temporary: bool = False


def check_relevance(letter: Circumstances) -> Skip | None:
    """Returns why this letter is not to be written, None when it is."""
    reason = _by_addressee(letter) or _by_time(letter) or _by_status(letter) or _by_news(letter)
    if reason is None:
        return None
    recent = letter.now - letter.wanted_at < EVENT_SKEW
    return Skip(reason, is_temporary=reason is Suppression.WITHDRAWN and recent)


def _by_addressee(letter: Circumstances) -> Suppression | None:
    if letter.switched_off and letter.kind in OPTIONAL:
        return Suppression.UNSUBSCRIBED
    if letter.kind.traits.is_ending and not letter.invited:
        return None
    if letter.evening_cancelled and not letter.kind.traits.is_ending:
        return Suppression.EVENING_CANCELLED
    day = local_day(letter.starts_at or letter.now)
    return Suppression.WITHDRAWN if letter.withdrawn_on is not None and letter.withdrawn_on <= day else None


def _by_time(letter: Circumstances) -> Suppression | None:
    """An ending is never too late; a reminder makes way for the next one."""
    if letter.starts_at is None or letter.ends_at is None or letter.kind.traits.is_ending:
        return None
    if letter.kind in REMINDERS:
        moments = reminders(letter.starts_at)
        last = min((each for each in moments.values() if each > moments[letter.kind]), default=letter.starts_at)
    else:
        last = letter.starts_at if letter.kind.traits.until_start else letter.ends_at
    return Suppression.TOO_LATE if letter.now >= last else None


def _by_status(letter: Circumstances) -> Suppression | None:
    statuses = letter.kind.traits.statuses
    if letter.kind in REMINDERS and letter.status is TicketStatus.ADMITTED:
        return Suppression.ADMITTED
    if letter.invited or not statuses or letter.status in statuses:
        return None
    return Suppression.TICKET_CANCELLED if letter.status is TicketStatus.CANCELLED else Suppression.SUPERSEDED


def _by_news(letter: Circumstances) -> Suppression | None:
    if letter.kind is Kind.EVENING_CHANGED and not letter.notified:
        return Suppression.NEVER_NOTIFIED
    return Suppression.NOTHING_NEW if letter.kind.traits.needs_news and not letter.has_news else None
