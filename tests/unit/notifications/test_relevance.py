"""The relevance of a letter at the moment it would be written."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from culture_connect.contracts import LOCAL_TIME
from notifications.domain.catalogue import ENDINGS, REMINDERS, TICKETS, Kind, Suppression, TicketStatus
from notifications.domain.relevance import EVENT_SKEW, Circumstances, Skip, check_relevance
from notifications.domain.schedule import reminders

STARTS = datetime(2026, 11, 12, 20, tzinfo=LOCAL_TIME)
NOW = STARTS - timedelta(days=3)
ORDINARY = Circumstances(
    kind=Kind.TICKET_ISSUED,
    now=NOW,
    wanted_at=NOW,
    starts_at=STARTS,
    ends_at=STARTS + timedelta(hours=3),
    status=TicketStatus.ISSUED,
    notified=True,
)
STATUSES = {
    Kind.TICKET_WAITLISTED: TicketStatus.WAITLISTED,
    **dict.fromkeys(ENDINGS, TicketStatus.CANCELLED),
}


def ordinary(kind: Kind) -> Circumstances:
    """A letter of this kind of which nothing is wrong."""
    early = reminders(STARTS)[kind] if kind in REMINDERS else NOW
    return replace(ORDINARY, kind=kind, now=early, wanted_at=early, status=STATUSES.get(kind, TicketStatus.ISSUED))


def reason(letter: Circumstances) -> Suppression | None:
    """Returns why it is not written."""
    skip = check_relevance(letter)
    return skip.reason if skip else None


@pytest.mark.parametrize("kind", list(Kind))
def test_a_letter_of_any_kind_is_written_when_nothing_is_wrong(kind: Kind) -> None:
    assert check_relevance(ordinary(kind)) is None


@pytest.mark.parametrize("kind", list(Kind))
def test_of_a_cancelled_evening_only_its_end_is_told(kind: Kind) -> None:
    expected = None if kind in ENDINGS else Suppression.EVENING_CANCELLED
    assert reason(replace(ordinary(kind), evening_cancelled=True)) is expected


@pytest.mark.parametrize("kind", sorted(set(Kind) - ENDINGS))
def test_who_leaves_before_the_evening_hears_nothing_more_of_it(kind: Kind) -> None:
    letter = replace(ordinary(kind), withdrawn_on=STARTS.date())
    late = replace(letter, wanted_at=letter.now - EVENT_SKEW)
    assert check_relevance(late) == Skip(Suppression.WITHDRAWN)
    # Perhaps they are back, and the news of it is on its way.
    assert check_relevance(letter) == Skip(Suppression.WITHDRAWN, is_temporary=True)


def test_who_leaves_after_the_evening_hears_of_it() -> None:
    assert check_relevance(replace(ORDINARY, withdrawn_on=STARTS.date() + timedelta(days=1))) is None


def test_who_left_is_not_welcomed_and_who_will_leave_is() -> None:
    welcome = Circumstances(Kind.WELCOME, NOW, NOW - timedelta(hours=1))
    assert reason(replace(welcome, withdrawn_on=NOW.date())) is Suppression.WITHDRAWN
    assert reason(replace(welcome, withdrawn_on=date(2027, 1, 1))) is None


@pytest.mark.parametrize("kind", [*sorted(REMINDERS), Kind.DIGEST])
def test_what_was_switched_off_stays_away(kind: Kind) -> None:
    assert reason(replace(ordinary(kind), switched_off=True)) is Suppression.UNSUBSCRIBED


@pytest.mark.parametrize("kind", sorted(set(Kind) - REMINDERS - {Kind.DIGEST}))
def test_tickets_cancellations_and_all_else_always_come(kind: Kind) -> None:
    assert check_relevance(replace(ordinary(kind), switched_off=True)) is None


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        (Kind.REMINDER_WEEK, datetime(2026, 11, 11, 10, tzinfo=LOCAL_TIME)),
        (Kind.REMINDER_DAY, STARTS),
        (Kind.INVITATION, STARTS),
        (Kind.TICKET_OFFERED, STARTS),
        (Kind.TICKET_ISSUED, STARTS + timedelta(hours=3)),
        (Kind.EVENING_CHANGED, STARTS + timedelta(hours=3)),
    ],
)
def test_a_letter_that_an_outage_held_up_goes_as_long_as_it_is_of_use(kind: Kind, last: datetime) -> None:
    letter = ordinary(kind)
    assert check_relevance(replace(letter, now=last - timedelta(seconds=1))) is None
    assert reason(replace(letter, now=last)) is Suppression.TOO_LATE


@pytest.mark.parametrize("kind", sorted(ENDINGS))
def test_an_end_is_told_whenever(kind: Kind) -> None:
    assert check_relevance(replace(ordinary(kind), now=STARTS + timedelta(days=9))) is None


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        *((kind, TicketStatus.CANCELLED, Suppression.TICKET_CANCELLED) for kind in sorted(TICKETS | REMINDERS)),
        *((kind, TicketStatus.WAITLISTED, Suppression.SUPERSEDED) for kind in sorted(TICKETS | REMINDERS)),
        *((kind, TicketStatus.ADMITTED, Suppression.ADMITTED) for kind in sorted(REMINDERS)),
        *((kind, TicketStatus.ADMITTED, None) for kind in sorted(TICKETS)),
        (Kind.TICKET_WAITLISTED, TicketStatus.ISSUED, Suppression.SUPERSEDED),
        (Kind.TICKET_WAITLISTED, TicketStatus.CANCELLED, Suppression.TICKET_CANCELLED),
        (Kind.TICKET_OFFERED, None, None),
        (Kind.TICKET_OFFERED, TicketStatus.CANCELLED, Suppression.TICKET_CANCELLED),
        (Kind.EVENING_CHANGED, TicketStatus.WAITLISTED, None),
        (Kind.EVENING_CHANGED, TicketStatus.CANCELLED, Suppression.TICKET_CANCELLED),
        (Kind.TICKET_DECLINED, TicketStatus.ISSUED, Suppression.SUPERSEDED),
    ],
)
def test_a_letter_tells_where_its_ticket_stands_or_is_not_written(
    kind: Kind, status: TicketStatus | None, expected: Suppression | None
) -> None:
    assert reason(replace(ordinary(kind), status=status)) is expected


def test_a_change_is_told_to_those_who_know_the_evening_and_only_while_there_is_one() -> None:
    change = ordinary(Kind.EVENING_CHANGED)
    assert reason(replace(change, notified=False)) is Suppression.NEVER_NOTIFIED
    assert reason(replace(change, has_news=False)) is Suppression.NOTHING_NEW


def test_a_week_without_news_makes_no_digest() -> None:
    assert reason(replace(ordinary(Kind.DIGEST), has_news=False)) is Suppression.NOTHING_NEW
