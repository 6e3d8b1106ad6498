"""The moments of letters, and the domain whose turn it is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from culture_connect.contracts import LOCAL_TIME
from notifications.delivery.claimer import RoundRobin
from notifications.domain.catalogue import Kind
from notifications.domain.schedule import Backoff, Delays, Week, last_week, reminders


def test_reminders_come_at_ten_in_the_morning_a_week_and_a_day_before() -> None:
    moments = reminders(datetime(2026, 11, 12, 19, tzinfo=UTC))
    assert moments[Kind.REMINDER_WEEK] == datetime(2026, 11, 5, 10, tzinfo=LOCAL_TIME)
    assert moments[Kind.REMINDER_DAY] == datetime(2026, 11, 11, 10, tzinfo=LOCAL_TIME)


def test_a_reminder_on_the_other_side_of_the_change_of_clocks_comes_at_ten_as_well() -> None:
    moments = reminders(datetime(2026, 10, 27, 19, tzinfo=UTC))
    assert moments[Kind.REMINDER_WEEK].astimezone(UTC) == datetime(2026, 10, 20, 8, tzinfo=UTC)
    assert moments[Kind.REMINDER_DAY].astimezone(UTC) == datetime(2026, 10, 26, 9, tzinfo=UTC)


def test_an_evening_just_after_midnight_is_of_the_day_it_is_in_the_hague() -> None:
    moments = reminders(datetime(2026, 11, 11, 23, 30, tzinfo=UTC))
    assert moments[Kind.REMINDER_DAY] == datetime(2026, 11, 11, 10, tzinfo=LOCAL_TIME)


def test_what_belongs_together_has_time_to_come_and_all_else_goes_at_once() -> None:
    delays = Delays(welcome=60, ticket=5, change=300)
    waits = {kind: delays.of(kind).total_seconds() for kind in Kind}
    assert {kind for kind, wait in waits.items() if wait == 60} == {Kind.WELCOME}
    assert {kind for kind, wait in waits.items() if wait == 300} == {Kind.EVENING_CHANGED, Kind.START_CHANGED}
    assert waits[Kind.TICKET_ISSUED] == waits[Kind.TICKET_RECEIVED] == waits[Kind.GOODBYE] == 5
    assert waits[Kind.TICKET_DECLINED] == waits[Kind.INVITATION] == waits[Kind.REMINDER_DAY] == 0


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        (datetime(2026, 11, 23, 7, 59, tzinfo=LOCAL_TIME), date(2026, 11, 9)),
        (datetime(2026, 11, 23, 8, 0, tzinfo=LOCAL_TIME), date(2026, 11, 16)),
        (datetime(2026, 11, 29, 23, 59, tzinfo=LOCAL_TIME), date(2026, 11, 16)),
        (datetime(2026, 11, 30, 8, 0, tzinfo=LOCAL_TIME), date(2026, 11, 23)),
    ],
)
def test_a_week_is_told_on_the_monday_after_it_at_eight(now: datetime, monday: date) -> None:
    week = last_week(now)
    assert week == Week(monday)
    assert week.sunday == monday + timedelta(days=6)
    assert week.due_at <= now


def test_domains_come_in_turn_and_who_joins_waits_for_the_others() -> None:
    rotation = RoundRobin()
    rotation.join(["acme.example", "zuid.example"])
    assert [rotation.next() for _ in range(3)] == ["acme.example", "zuid.example", "acme.example"]
    rotation.join(["noord.example", "acme.example"])
    assert [rotation.next() for _ in range(4)] == ["zuid.example", "acme.example", "noord.example", "zuid.example"]


def test_a_domain_with_nothing_more_leaves_the_others_their_turns() -> None:
    rotation = RoundRobin()
    rotation.join(["acme.example", "zuid.example"])
    rotation.leave("acme.example")
    rotation.leave("acme.example")
    assert [rotation.next(), rotation.next()] == ["zuid.example", "zuid.example"]
    rotation.leave("zuid.example")
    assert not rotation


def test_waits_double_up_to_the_longest() -> None:
    waits = Backoff(first=30, longest=200)
    assert [waits.after(attempts) for attempts in (1, 2, 3, 4, 5)] == [30, 60, 120, 200, 200]


def test_a_letter_can_be_tried_for_ever() -> None:
    assert Backoff(first=30, longest=3600).after(10_000) == 3600
