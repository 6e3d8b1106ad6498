"""Whether a letter still makes sense at the moment it would be written."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from culture_connect.contracts import local_day
from notifications.domain.kinds import ENDINGS, OPTIONAL, REMINDERS, TICKETS, Kind, Suppression
from notifications.domain.letters import Standing
from notifications.domain.timing import reminders

# Events of two services may overtake each other by as long as the longest pause of a retry: so long a letter to
# somebody who seems to have left waits for the news that they are back.
NEWS_MAY_TAKE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds at the moment of writing.

    `wanted_at` is when the letter should have gone, `withdrawn_on` the first day on which its addressee no longer
    takes part, `standing` that of its ticket. `told` is true when its addressee may have read of the evening before,
    `news` when there is something to tell: of the evening since then, of the first day, or of the partner's week.
    `invited` is true when it is about an evening that its addressee was invited to and never asked for.
    """

    kind: Kind
    now: datetime
    wanted_at: datetime
    withdrawn_on: date | None = None
    switched_off: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    evening_cancelled: bool = False
    standing: Standing | None = None
    told: bool = False
    news: bool = True
    invited: bool = False


@dataclass(frozen=True, slots=True)
class Silence:
    """Why the letter is not written; with `for_now` it is looked at again a little later."""

    reason: Suppression
    for_now: bool = False


def silence(letter: Circumstances) -> Silence | None:
    """Why this letter is not to be written, None when it is."""
    reason = _out_of_place(letter) or _out_of_date(letter) or _out_of_standing(letter) or _nothing_new(letter)
    if reason is None:
        return None
    return Silence(
        reason,
        for_now=reason is Suppression.WITHDRAWN and letter.now - letter.wanted_at < NEWS_MAY_TAKE,
    )


def _out_of_place(letter: Circumstances) -> Suppression | None:
    if letter.switched_off and letter.kind in OPTIONAL:
        return Suppression.UNSUBSCRIBED
    if letter.kind in ENDINGS and not letter.invited:
        return None
    if letter.evening_cancelled and letter.kind not in ENDINGS:
        return Suppression.EVENING_CANCELLED
    day = local_day(letter.starts_at or letter.now)
    return Suppression.WITHDRAWN if letter.withdrawn_on is not None and letter.withdrawn_on <= day else None


def _out_of_date(letter: Circumstances) -> Suppression | None:
    """An ending is told whenever; a reminder of a week makes way for that of a day."""
    if letter.starts_at is None or letter.ends_at is None or letter.kind in ENDINGS:
        return None
    last = letter.ends_at
    if letter.kind is Kind.REMINDER_WEEK:
        last = reminders(letter.starts_at)[Kind.REMINDER_DAY]
    elif letter.kind in (Kind.REMINDER_DAY, Kind.INVITATION, Kind.TICKET_OFFERED):
        last = letter.starts_at
    return Suppression.TOO_LATE if letter.now >= last else None


def _out_of_standing(letter: Circumstances) -> Suppression | None:
    if letter.invited:
        return None
    standing = letter.standing
    if letter.kind in REMINDERS and standing is Standing.ADMITTED:
        return Suppression.ADMITTED
    match letter.kind:
        case Kind.TICKET_DECLINED | Kind.TICKET_PASSED_ON | Kind.TICKET_CANCELLED | Kind.EVENING_CANCELLED:
            return None if standing is Standing.CANCELLED else Suppression.OVERTAKEN
        case Kind.TICKET_WAITLISTED:
            expected: tuple[Standing, ...] = (Standing.WAITLISTED,)
        case Kind.EVENING_CHANGED:
            expected = (Standing.ISSUED, Standing.WAITLISTED)
        case kind if kind in TICKETS or kind in REMINDERS or kind is Kind.TICKET_OFFERED:
            expected = (Standing.ISSUED, Standing.ADMITTED)
        case _:
            return None
    if standing in expected or (letter.kind is Kind.TICKET_OFFERED and standing is None):
        return None
    return Suppression.TICKET_CANCELLED if standing is Standing.CANCELLED else Suppression.OVERTAKEN


def _nothing_new(letter: Circumstances) -> Suppression | None:
    if letter.kind is Kind.EVENING_CHANGED and not letter.told:
        return Suppression.NEVER_TOLD
    if letter.kind in (Kind.EVENING_CHANGED, Kind.START_CHANGED, Kind.DIGEST) and not letter.news:
        return Suppression.NOTHING_HAPPENED
    return None
