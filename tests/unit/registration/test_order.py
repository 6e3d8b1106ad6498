"""Commands about an employee count in the order in which they were sent, whatever the order of their arrival."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from culture_connect.contracts import Envelope, Outcome
from registration.domain.enrolment import Command, decide, decide_all
from registration.domain.roster import Participant, Roster, Standing, Tombstone
from registration.handlers.enrolments import employee_of
from tests.unit.registration.hr import (
    CONTRACT,
    NOW,
    TODAY,
    codes,
    erasure,
    participant,
    request,
    roster,
    told,
    withdrawal,
)
from tests.unit.registration.registry import Registry

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
LAST = NOW + HOUR + timedelta(milliseconds=400)


def commanded(standing: Standing = Standing.ENROLLED, at: datetime | None = LAST) -> Participant:
    """Somebody about whom the last command was sent at this moment."""
    leaves_on = TODAY if standing is Standing.WITHDRAWN else None
    return replace(participant("e-1", standing=standing, leaves_on=leaves_on), last_command_at=at)


def test_a_request_that_a_withdrawal_overtook_brings_nobody_back() -> None:
    decided = decide_all(roster(participant("e-1")), [withdrawal(sent_at=LAST), request(sent_at=LAST - MOMENT)], TODAY)
    assert codes(decided.of_each[1]) == ["superseded"]
    assert [each.standing for each in decided.changed] == [Standing.WITHDRAWN]


@pytest.mark.parametrize("late", [request(), withdrawal(), erasure()], ids=["requested", "withdrawn", "erased"])
@pytest.mark.parametrize("earlier", [MOMENT, HOUR, timedelta(days=400)])
@pytest.mark.parametrize("standing", [Standing.ENROLLED, Standing.WITHDRAWN])
def test_an_older_command_has_no_effect_whatever_it_asks_for(
    late: Command, earlier: timedelta, standing: Standing
) -> None:
    decision = told([commanded(standing)], replace(late, sent_at=LAST - earlier))
    assert codes(decision) == ["superseded"]
    assert decision.errors[0].field == "employee_ref"
    assert "2026-11-02T10:00:00.400000Z" in decision.errors[0].message
    assert (decision.outcome, decision.participant, decision.event) == (None, None, None)


@pytest.mark.parametrize("later", [timedelta(), MOMENT, HOUR])
@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (request(), Outcome.UNCHANGED),
        (request(given_name="Eva"), Outcome.CHANGED),
        (withdrawal(), Outcome.WITHDRAWN),
        (erasure(), Outcome.ERASED),
    ],
)
def test_a_command_sent_since_or_at_the_same_moment_counts(
    command: Command, outcome: Outcome, later: timedelta
) -> None:
    assert told([commanded()], replace(command, sent_at=LAST + later)).outcome is outcome


def test_who_was_known_before_times_were_kept_is_as_if_told_of_long_ago() -> None:
    assert told([commanded(at=None)], withdrawal(sent_at=NOW - 9999 * HOUR)).outcome is Outcome.WITHDRAWN


def test_a_time_in_whole_seconds_is_any_moment_of_its_second() -> None:
    second = LAST.replace(microsecond=0)
    assert told([commanded()], withdrawal(sent_at=second)).outcome is Outcome.WITHDRAWN
    assert codes(told([commanded()], withdrawal(sent_at=second - timedelta(seconds=1)))) == ["superseded"]
    next_one = commanded(at=second + timedelta(seconds=1))
    assert codes(told([next_one], withdrawal(sent_at=second))) == ["superseded"]


def test_a_time_in_whole_seconds_takes_nothing_from_a_later_one_in_its_second() -> None:
    second = LAST.replace(microsecond=0)
    between = request(sent_at=LAST - MOMENT)
    decided = decide_all(roster(commanded()), [withdrawal(sent_at=second), between], TODAY)
    assert codes(decided.of_each[1]) == ["superseded"]
    assert [each.last_command_at for each in decided.changed] == [LAST]


def test_a_command_that_changes_nothing_is_the_last_one_all_the_same() -> None:
    known = commanded()
    decided = decide_all(roster(known), [request(sent_at=LAST + HOUR), withdrawal(sent_at=LAST + MOMENT)], TODAY)
    assert decided.of_each[0].outcome is Outcome.UNCHANGED
    assert codes(decided.of_each[1]) == ["superseded"]
    assert (decided.changed, decided.confirmed) == ([], {known.participant_id: LAST + HOUR})


def test_what_is_asked_for_directly_comes_after_everything_that_was_applied() -> None:
    slow_clock = replace(withdrawal(sent_at=LAST - HOUR), direct=True)
    decision = told([commanded()], slow_clock)
    assert decision.outcome is Outcome.WITHDRAWN
    assert decision.participant is not None
    assert decision.participant.last_command_at == LAST


def test_a_late_message_about_somebody_who_came_back_after_an_erasure_is_told_so() -> None:
    tombstone = Tombstone(participant("e-1").participant_id, NOW)
    back = Roster(CONTRACT, 1, [commanded()], {"e-1": tombstone})
    assert codes(decide(back, request(sent_at=NOW - MOMENT), TODAY)) == ["erased_since"]
    assert codes(decide(back, request(sent_at=NOW + MOMENT), TODAY)) == ["superseded"]
    assert codes(decide(back, erasure(sent_at=NOW - MOMENT), TODAY)) == ["superseded"]


def test_the_messages_about_an_employee_share_an_ordering_key_however_it_is_written() -> None:
    envelope = Envelope(id="1", type="any", source="/hr", time=NOW)
    written = [request("e-1"), request(" e-1"), withdrawal("e-1 "), erasure("e-1")]
    assert {employee_of(command.message, envelope) for command in written} == {"e-1"}


COMMANDS = st.lists(
    st.sampled_from([request(), request(given_name="Eva"), withdrawal(), withdrawal(), erasure()]),
    min_size=1,
    max_size=6,
).map(lambda commands: [replace(each, sent_at=NOW + n * MOMENT) for n, each in enumerate(commands, 1)])


@given(commands=COMMANDS, data=st.data())
def test_who_was_withdrawn_or_erased_last_is_gone_in_whatever_order_and_however_often_it_is_told(
    commands: list[Command], data: st.DataObject
) -> None:
    arriving = data.draw(st.permutations([*commands, *data.draw(st.lists(st.sampled_from(commands), max_size=4))]))
    in_order, shuffled = Registry(), Registry()
    in_order.decide(commands)
    for command in arriving:
        shuffled.decide([command])
    assert shuffled.enrolled() == in_order.enrolled()
