"""An erasure holds, whatever arrives late; and people of a partner that left can still go."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from culture_connect.contracts import Outcome, ParticipantEnrolled, ParticipantErased, ParticipantWithdrawn
from registration.domain.enrolment import Command, Decision, decide, decide_all
from registration.domain.roster import Participant, Roster, Standing, Tombstone
from tests.unit.registration.hr import (
    CONTRACT,
    NOW,
    TODAY,
    codes,
    erasure,
    participant,
    request,
    roster,
    withdrawal,
)

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
LEFT = replace(CONTRACT, has_left=True)
GONE = participant("e-1")


def buried(*participants: Participant, erased_at: datetime = NOW) -> Roster:
    """A partner where `GONE` was erased, as it is loaded later; these are there now."""
    return Roster(CONTRACT, len(participants), participants, {"e-1": Tombstone(GONE.participant_id, erased_at)})


@pytest.mark.parametrize("again", [0, 1, 5])
def test_an_erasure_asked_for_again_has_the_same_answer_and_one_event(again: int) -> None:
    decided = decide_all(roster(GONE), [erasure(sent_at=NOW + n * HOUR) for n in range(again + 1)], TODAY)
    assert {(each.outcome, each.participant_id) for each in decided.of_each} == {(Outcome.ERASED, GONE.participant_id)}
    assert [type(each.event) for each in decided.of_each] == [ParticipantErased] + [type(None)] * again
    assert [each.standing for each in decided.changed] == [Standing.ERASED]
    assert decided.tombstones["e-1"] == Tombstone(GONE.participant_id, NOW + again * HOUR)


def test_a_tombstone_answers_long_after_the_erasure() -> None:
    assert decide(buried(), erasure(sent_at=NOW + HOUR), TODAY) == Decision(Outcome.ERASED, GONE.participant_id)


def test_a_tombstone_speaks_for_its_own_employee_only() -> None:
    assert codes(decide(buried(), erasure("e-2"), TODAY)) == ["unknown_employee"]
    assert decide(buried(), request("e-2", sent_at=NOW - HOUR), TODAY).outcome is Outcome.ENROLLED


def test_who_was_erased_cannot_be_withdrawn() -> None:
    assert codes(decide(buried(), withdrawal(), TODAY)) == ["unknown_employee"]


@pytest.mark.parametrize("earlier", [MOMENT, HOUR, timedelta(days=400)])
def test_a_message_from_before_the_erasure_brings_nobody_back(earlier: timedelta) -> None:
    decision = decide(buried(), request(sent_at=NOW - earlier), TODAY)
    assert codes(decision) == ["erased_since"]
    assert decision.errors[0].field == "employee_ref"
    assert (decision.outcome, decision.participant, decision.event) == (None, None, None)


@pytest.mark.parametrize("later", [timedelta(), MOMENT, HOUR])
def test_a_message_sent_since_enrols_somebody_new(later: timedelta) -> None:
    command = request(sent_at=NOW + later)
    decision = decide(buried(), command, TODAY)
    assert decision.outcome is Outcome.ENROLLED
    assert isinstance(decision.event, ParticipantEnrolled)
    assert (decision.event.participant_id, decision.event.version) == (command.new_id, 1)
    assert command.new_id != GONE.participant_id


@pytest.mark.parametrize(
    ("sent", "erased", "comes_back"),
    [
        (0, 300_000, True),  # whole seconds: any moment of that second
        (300_000, 300_456, True),  # whole milliseconds
        (300_000, 301_456, False),
        (300_001, 300_456, False),
        (300_456, 300_000, True),
        (0, 1_300_000, False),
    ],
)
def test_times_of_unlike_precision_are_compared_at_the_coarser_one(sent: int, erased: int, comes_back: bool) -> None:
    second = NOW.replace(microsecond=0)
    known = buried(erased_at=second + timedelta(microseconds=erased))
    decision = decide(known, request(sent_at=second + timedelta(microseconds=sent)), TODAY)
    assert codes(decision) == ([] if comes_back else ["erased_since"])


def test_a_late_message_does_not_change_who_came_back_under_the_same_reference() -> None:
    back = participant("e-1")
    late = request(family_name="van vroeger", sent_at=NOW - HOUR)
    assert codes(decide(buried(back), late, TODAY)) == ["erased_since"]


def test_a_late_message_is_told_all_that_is_wrong_with_it() -> None:
    full = [participant(f"e-{number}") for number in range(2, 2 + CONTRACT.places)]
    late = request(sent_at=NOW - HOUR, email="e-2@acme.example")
    assert codes(decide(buried(*full), late, TODAY)) == ["email_in_use", "no_places_left", "erased_since"]


def test_the_person_who_came_back_can_be_erased_as_well() -> None:
    first, second = request(sent_at=NOW + HOUR), erasure(sent_at=NOW + 2 * HOUR)
    between, since = request(sent_at=NOW + HOUR), request(sent_at=NOW + 2 * HOUR)
    decided = decide_all(buried(), [first, second, second, between, since], TODAY)
    _, erased, again, late, anew = decided.of_each
    assert erased.event == ParticipantErased(participant_id=first.new_id, version=2)
    assert again == Decision(Outcome.ERASED, first.new_id)
    assert codes(late) == ["erased_since"]
    assert (anew.outcome, anew.participant_id) == (Outcome.ENROLLED, since.new_id)
    assert decided.tombstones == {"e-1": Tombstone(first.new_id, NOW + 2 * HOUR)}


def test_what_was_sent_between_an_erasure_and_its_repetition_brings_nobody_back() -> None:
    between = request(sent_at=NOW + HOUR)
    decided = decide_all(buried(), [erasure(sent_at=NOW + 2 * HOUR), between], TODAY)
    assert codes(decided.of_each[1]) == ["erased_since"]
    assert decided.tombstones == {"e-1": Tombstone(GONE.participant_id, NOW + 2 * HOUR)}


def test_an_erasure_that_arrives_late_does_not_make_an_older_one_of_it() -> None:
    decided = decide_all(buried(), [erasure(sent_at=NOW - HOUR), request(sent_at=NOW - MOMENT)], TODAY)
    assert codes(decided.of_each[1]) == ["erased_since"]
    assert decided.tombstones == {"e-1": Tombstone(GONE.participant_id, NOW)}


@pytest.mark.parametrize("known", [(), (participant("e-1", standing=Standing.WITHDRAWN, leaves_on=TODAY),)])
def test_nobody_is_enrolled_at_a_partner_that_left(known: tuple[Participant, ...]) -> None:
    assert codes(decide(roster(*known, contract=LEFT), request(), TODAY)) == ["partner_left"]


@pytest.mark.parametrize(
    ("command", "outcome"),
    [(withdrawal(), Outcome.WITHDRAWN), (erasure(), Outcome.ERASED)],
    ids=["withdrawn", "erased"],
)
def test_people_of_a_partner_that_left_can_still_go(command: Command, outcome: Outcome) -> None:
    decision = decide(roster(GONE, contract=LEFT), command, TODAY)
    assert decision.outcome is outcome
    assert isinstance(decision.event, ParticipantWithdrawn | ParticipantErased)
