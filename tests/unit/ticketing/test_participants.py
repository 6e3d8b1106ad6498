"""The projection of a participant, from events in any order."""

from datetime import UTC, date, datetime
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from culture_connect.contracts import local_day
from tests.unit.ticketing.registration_events import changed, enrolled, erased, moment, person, withdrawn
from ticketing.domain.participants import Participant, ParticipantEvent, apply_event, has_re_enrolled

STORY: list[tuple[ParticipantEvent, datetime]] = [
    (enrolled("noor", 1), moment(1)),
    (changed("noor", 2, ends_on=date(2027, 7, 31)), moment(2)),
    (withdrawn("noor", 3, date(2026, 12, 1)), moment(3)),
    (enrolled("noor", 4, starts_on=date(2026, 10, 1)), moment(4)),
    (changed("noor", 5), moment(5)),
    (withdrawn("noor", 6), moment(6)),
]


def known_after(events: list[tuple[ParticipantEvent, datetime]]) -> Participant:
    return reduce(lambda known, event: apply_event(known, *event), events, Participant(person("noor")))


@given(st.permutations(STORY), st.lists(st.sampled_from(STORY)))
def test_what_is_known_does_not_depend_on_the_order_nor_on_repetition(
    shuffled: list[tuple[ParticipantEvent, datetime]], repeated: list[tuple[ParticipantEvent, datetime]]
) -> None:
    assert known_after([*shuffled, *repeated]) == known_after(STORY)


@given(st.permutations([*STORY, (erased("noor", 7), moment(7))]))
def test_nothing_personal_is_left_after_an_erasure_whatever_comes_late(
    shuffled: list[tuple[ParticipantEvent, datetime]],
) -> None:
    assert known_after(shuffled) == Participant(person("noor"), version=7, erased=True)


def test_a_ticket_is_printed_for_somebody_with_one_name_without_a_blank_before_or_after_it() -> None:
    whole = changed("noor", 2)
    for names, printed in [({"family_name": ""}, whole.given_name), ({"given_name": ""}, whole.family_name)]:
        told = whole.model_copy(update=names)
        assert known_after([(enrolled("noor", 1), moment(1)), (told, moment(2))]).holder_name == printed


def test_the_request_time_is_that_of_the_enrolment_that_made_them_active() -> None:
    assert known_after(STORY[:2]).requested_at == moment(1)
    assert known_after(STORY[:5]).requested_at == moment(4)


def test_a_withdrawal_that_arrives_before_the_enrolment_it_ends_still_counts() -> None:
    known = known_after([(withdrawn("noor", 2, date(2026, 12, 1)), moment(2)), (enrolled("noor", 1), moment(1))])
    assert known.active_until == date(2026, 12, 1)
    assert known.holder_name == "Noor de Vries"


def test_a_withdrawal_without_a_day_holds_from_the_local_day_of_its_event() -> None:
    just_after_midnight_in_the_hague = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)
    assert local_day(just_after_midnight_in_the_hague) == date(2026, 11, 4)
    known = known_after([STORY[0], (withdrawn("noor", 2), just_after_midnight_in_the_hague)])
    assert known.active_until == date(2026, 11, 4)


def test_enrolling_again_takes_a_withdrawal_back() -> None:
    known = known_after(STORY[:4])
    assert not known.withdrawn
    assert known.active_until is None


def test_the_last_day_counts_as_active() -> None:
    assert known_after([(enrolled("noor", ends_on=date(2027, 1, 31)), moment(1))]).active_until == date(2027, 2, 1)


def test_whichever_end_comes_first_counts() -> None:
    events: list[tuple[ParticipantEvent, datetime]] = [
        (enrolled("noor", 1, ends_on=date(2027, 1, 31)), moment(1)),
        (withdrawn("noor", 2, date(2027, 3, 1)), moment(2)),
    ]
    assert known_after(events).active_until == date(2027, 2, 1)


@given(st.permutations([STORY[0], *STORY[2:4]]))
def test_who_withdrew_and_enrolled_again_is_seen_to_return_once_in_any_order(
    shuffled: list[tuple[ParticipantEvent, datetime]],
) -> None:
    known = Participant(person("noor"))
    returns = []
    for event, at in shuffled:
        before, known = known, apply_event(known, event, at)
        returns.append(has_re_enrolled(before, known))
    assert returns.count(True) == 1


def test_a_change_of_data_is_no_return() -> None:
    known = known_after(STORY[:4])
    assert not has_re_enrolled(known, apply_event(known, *STORY[4]))


def test_somebody_who_enrolled_once_did_not_return() -> None:
    assert not has_re_enrolled(Participant(person("noor")), known_after(STORY[:1]))
