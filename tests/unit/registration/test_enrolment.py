"""Decisions about a message of an HR system."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from culture_connect.contracts import (
    Outcome,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
)
from registration.domain.enrolment import Command, Decision, decide
from registration.domain.roster import Participant, Standing
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

TOMORROW = TODAY + timedelta(days=1)
YESTERDAY = TODAY - timedelta(days=1)


def test_somebody_new_is_enrolled_as_version_one() -> None:
    command = request("e-1", starts_on=TODAY)
    decision = told([], command)
    assert decision.outcome == Outcome.ENROLLED
    assert isinstance(decision.event, ParticipantEnrolled)
    assert (decision.event.participant_id, decision.event.partner) == (command.new_id, "acme")
    assert (decision.event.email, decision.event.starts_on, decision.event.version) == ("e-1@acme.example", TODAY, 1)


def test_a_start_on_a_later_day_is_scheduled_and_told_at_once() -> None:
    decision = told([], request(starts_on=TOMORROW))
    assert decision.outcome == Outcome.SCHEDULED
    assert isinstance(decision.event, ParticipantEnrolled)
    assert decision.event.starts_on == TOMORROW


def test_the_same_data_again_is_unchanged_and_no_event() -> None:
    known = participant("e-1", version=4)
    decision = told([known], request("e-1"))
    assert decision == Decision(Outcome.UNCHANGED, known.participant_id)


def test_new_data_of_a_known_employee_is_a_change_of_the_same_participant() -> None:
    known = participant("e-1", version=4)
    decision = told([known], request("e-1", family_name="van der Meer"))
    assert decision.outcome == Outcome.CHANGED
    assert isinstance(decision.event, ParticipantChanged)
    assert (decision.event.participant_id, decision.event.family_name) == (known.participant_id, "van der Meer")
    assert decision.event.version == 5


def test_somebody_withdrawn_comes_back_as_the_same_participant() -> None:
    known = participant("e-1", standing=Standing.WITHDRAWN, leaves_on=YESTERDAY, version=2)
    decision = told([known], request("e-1"))
    assert decision.outcome == Outcome.ENROLLED
    assert isinstance(decision.event, ParticipantEnrolled)
    assert (decision.event.participant_id, decision.event.version) == (known.participant_id, 3)
    assert decision.participant is not None
    assert decision.participant.leaves_on is None


def test_a_request_takes_back_a_withdrawal_on_a_later_day() -> None:
    leaving = participant("e-1", leaves_on=TOMORROW, version=2)
    decision = told([leaving], request("e-1"))
    assert decision.outcome == Outcome.ENROLLED
    assert decision.participant == replace(leaving, leaves_on=None, version=3, last_command_at=NOW)


def test_a_withdrawal_without_a_day_holds_today() -> None:
    decision = told([participant("e-1", version=1)], withdrawal("e-1"))
    assert decision.outcome == Outcome.WITHDRAWN
    assert isinstance(decision.event, ParticipantWithdrawn)
    assert (decision.event.effective_on, decision.event.version) == (TODAY, 2)
    assert decision.participant is not None
    assert not decision.participant.enrolled


def test_a_withdrawal_on_a_later_day_keeps_the_place_until_then() -> None:
    decision = told([participant("e-1")], withdrawal("e-1", TOMORROW))
    assert decision.outcome == Outcome.SCHEDULED
    assert isinstance(decision.event, ParticipantWithdrawn)
    assert decision.event.effective_on == TOMORROW
    assert decision.participant is not None
    assert decision.participant.enrolled


def test_a_withdrawal_cannot_reach_into_the_past() -> None:
    decision = told([participant("e-1")], withdrawal("e-1", YESTERDAY))
    assert isinstance(decision.event, ParticipantWithdrawn)
    assert decision.event.effective_on == TODAY


@pytest.mark.parametrize(
    "known",
    [
        participant("e-1", standing=Standing.WITHDRAWN, leaves_on=YESTERDAY),
        participant("e-1", leaves_on=TOMORROW),
    ],
    ids=["withdrawn", "leaving on that day"],
)
def test_withdrawing_again_is_unchanged(known: Participant) -> None:
    decision = told([known], withdrawal("e-1", TOMORROW))
    assert (decision.outcome, decision.event) == (Outcome.UNCHANGED, None)


def test_the_day_of_a_withdrawal_can_be_moved() -> None:
    leaving = participant("e-1", leaves_on=TOMORROW + timedelta(days=7))
    decision = told([leaving], withdrawal("e-1", TOMORROW))
    assert isinstance(decision.event, ParticipantWithdrawn)
    assert decision.event.effective_on == TOMORROW


def test_an_erased_participant_keeps_an_id_and_nothing_else() -> None:
    known = participant("e-1", version=3)
    decision = told([known], erasure("e-1"))
    assert decision.outcome == Outcome.ERASED
    assert decision.event == ParticipantErased(participant_id=known.participant_id, version=4)
    erased = decision.participant
    assert erased is not None
    assert (erased.employee_ref, erased.person, erased.leaves_on) == (None, None, None)


@pytest.mark.parametrize("command", [withdrawal("e-9"), erasure("e-9")], ids=["withdrawn", "erased"])
def test_who_is_not_known_cannot_be_withdrawn_or_erased(command: Command) -> None:
    assert codes(told([participant("e-1")], command)) == ["unknown_employee"]


def test_two_active_participants_cannot_share_an_address_however_it_is_written() -> None:
    known = participant("e-1")
    assert codes(told([known], request("e-2", email="E-1@ACME.Example"))) == ["email_in_use"]


def test_the_address_of_somebody_withdrawn_is_free() -> None:
    known = participant("e-1", standing=Standing.WITHDRAWN)
    assert told([known], request("e-2", email="e-1@acme.example")).outcome == Outcome.ENROLLED


def test_who_comes_back_needs_an_address_of_their_own() -> None:
    known = participant("e-1", standing=Standing.WITHDRAWN)
    heir = replace(participant("e-2"), person=known.person)
    assert codes(told([known, heir], request("e-1"))) == ["email_in_use"]


def test_an_address_may_be_written_differently_by_its_holder() -> None:
    assert told([participant("e-1")], request("e-1", email="E-1@acme.example")).outcome == Outcome.CHANGED


def test_nobody_is_enrolled_beyond_the_contracted_places() -> None:
    full = [participant(f"e-{number}") for number in range(CONTRACT.places)]
    decision = told(full, request("e-9"))
    assert codes(decision) == ["no_places_left"]
    assert "3 contracted places" in decision.errors[0].message


def test_a_change_needs_no_further_place() -> None:
    full = [participant(f"e-{number}") for number in range(CONTRACT.places)]
    assert told(full, request("e-0", given_name="Eva")).outcome == Outcome.CHANGED


def test_coming_back_needs_a_place() -> None:
    full = [participant(f"e-{number}") for number in range(CONTRACT.places)]
    known = participant("e-9", standing=Standing.WITHDRAWN)
    assert codes(told([*full, known], request("e-9"))) == ["no_places_left"]


def test_after_the_end_of_the_contract_nobody_is_enrolled_and_everybody_can_leave() -> None:
    over = replace(CONTRACT, ends_on=YESTERDAY)
    partner = roster(participant("e-1"), contract=over)
    assert codes(decide(partner, request("e-2"), TODAY)) == ["contract_ended"]
    assert decide(partner, withdrawal("e-1"), TODAY).outcome == Outcome.WITHDRAWN
    assert decide(partner, erasure("e-1"), TODAY).outcome == Outcome.ERASED


def test_on_the_last_day_of_the_contract_people_can_be_enrolled() -> None:
    partner = roster(contract=replace(CONTRACT, ends_on=TODAY))
    assert decide(partner, request("e-2"), TODAY).outcome == Outcome.ENROLLED


def test_a_start_after_the_contract_is_refused() -> None:
    assert codes(told([], request(starts_on=date(2027, 9, 1)))) == ["starts_after_contract"]


def test_an_enrolment_that_is_over_already_is_refused() -> None:
    assert codes(told([], request(ends_on=YESTERDAY))) == ["already_over"]


def test_a_refusal_names_everything_that_is_wrong() -> None:
    full = [participant(f"e-{number}") for number in range(CONTRACT.places)]
    wrong = request("e-9", email="e-1@acme.example", ends_on=YESTERDAY)
    assert codes(told(full, wrong)) == ["already_over", "email_in_use", "no_places_left"]


@pytest.mark.parametrize("command", [request(), withdrawal(), erasure()], ids=["requested", "withdrawn", "erased"])
def test_who_is_no_partner_is_refused(command: Command) -> None:
    assert codes(decide(roster(contract=None), command, TODAY)) == ["unknown_partner"]


def test_a_decision_leaves_the_roster_as_it_was() -> None:
    partner = roster(participant("e-1"))
    decide(partner, erasure("e-1"), TODAY)
    assert partner.employee("e-1") is not None
    assert partner.active == 1


def test_a_list_that_names_somebody_leaves_a_withdrawal_on_a_later_day_standing() -> None:
    leaving = participant("e-1", leaves_on=TOMORROW)
    assert told([leaving], replace(request("e-1"), listed=True)).outcome == Outcome.UNCHANGED


def test_a_list_that_changes_somebody_who_leaves_tells_their_last_day_with_it() -> None:
    leaving = participant("e-1", leaves_on=TOMORROW)
    decision = told([leaving], replace(request("e-1", given_name="Nora"), listed=True))
    assert decision.outcome == Outcome.CHANGED
    assert decision.participant is not None
    assert decision.participant.leaves_on == TOMORROW
    assert isinstance(decision.event, ParticipantChanged)
    assert (decision.event.given_name, decision.event.ends_on) == ("Nora", TODAY)


def test_a_list_brings_back_who_is_withdrawn() -> None:
    gone = participant("e-1", standing=Standing.WITHDRAWN, leaves_on=TODAY)
    assert told([gone], replace(request("e-1"), listed=True)).outcome == Outcome.ENROLLED
