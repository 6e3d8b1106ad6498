"""The letters that an event calls for, or the reason why there are none."""

from datetime import date
from uuid import uuid4

import pytest

from notifications.domain.catalogue import (
    REMINDERS,
    Bundle,
    Kind,
    State,
    Suppression,
    TicketStatus,
    bundle_of,
    template_of,
)
from notifications.domain.decisions import (
    KnownEnrolment,
    KnownLetter,
    KnownTicket,
    LetterDecision,
    PlannedLetter,
    SuppressionScope,
    TicketUpdate,
    decide_on_enrolment,
    decide_on_ticket,
    decide_on_withdrawal,
    invitation_suppression,
    offer_suppression,
    plan_evening_change,
    plan_start_change,
)
from notifications.domain.letter_ids import (
    change_letter_id,
    digest_letter_id,
    enrolment_letter_id,
    invitation_letter_id,
    offer_letter_id,
    ticket_letter_id,
)

ISSUED, WAITLISTED, ADMITTED, CANCELLED = (
    TicketStatus.ISSUED,
    TicketStatus.WAITLISTED,
    TicketStatus.ADMITTED,
    TicketStatus.CANCELLED,
)
REMINDING = [PlannedLetter(kind) for kind in sorted(REMINDERS)]


def told(kind: Kind = Kind.TICKET_ISSUED, state: State = State.SENT) -> KnownLetter:
    """A letter that may have been read."""
    return KnownLetter(kind, state)


def decision(known: KnownTicket, update: TicketUpdate) -> LetterDecision:
    """Returns the decision on an update that is new."""
    made = decide_on_ticket(known, update)
    assert made is not None
    return made


def first_plan(known: KnownTicket, update: TicketUpdate) -> PlannedLetter:
    """Returns the letter that the update itself calls for."""
    return decision(known, update).plans[0]


def test_a_ticket_calls_for_its_letter_and_two_reminders() -> None:
    made = decision(KnownTicket(), TicketUpdate(1, ISSUED))
    assert list(made.plans) == [PlannedLetter(Kind.TICKET_ISSUED), *REMINDING]


def test_a_waiting_place_calls_for_its_letter_alone() -> None:
    made = decision(KnownTicket(), TicketUpdate(1, WAITLISTED))
    assert list(made.plans) == [PlannedLetter(Kind.TICKET_WAITLISTED)]


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_that_was_passed_changes_nothing(version: int) -> None:
    assert decide_on_ticket(KnownTicket(version=2, status=CANCELLED), TicketUpdate(version, ISSUED)) is None


def test_another_place_in_the_line_calls_for_no_further_letter() -> None:
    known = KnownTicket(1, WAITLISTED, [told(Kind.TICKET_WAITLISTED)])
    assert decision(known, TicketUpdate(2, WAITLISTED)) == LetterDecision(
        [PlannedLetter(Kind.TICKET_WAITLISTED, Suppression.ALREADY_COVERED)]
    )


def test_a_seat_overtakes_the_place_in_the_line_that_nobody_read_of() -> None:
    known = KnownTicket(1, WAITLISTED, [KnownLetter(Kind.TICKET_WAITLISTED, State.PLANNED)])
    made = decision(known, TicketUpdate(2, ISSUED))
    assert made.plans[0] == PlannedLetter(Kind.TICKET_ISSUED)
    assert (made.scope, made.reason) == (SuppressionScope.OWN, Suppression.SUPERSEDED)


@pytest.mark.parametrize("state", [State.SENT, State.SENDING])
def test_who_read_of_a_place_in_the_line_is_told_that_it_became_a_seat(state: State) -> None:
    known = KnownTicket(1, WAITLISTED, [told(Kind.TICKET_WAITLISTED, state)])
    assert first_plan(known, TicketUpdate(2, ISSUED)) == PlannedLetter(Kind.TICKET_PROMOTED)


def test_a_ticket_from_a_colleague_is_told_as_such_also_to_who_waited() -> None:
    known = KnownTicket(1, WAITLISTED, [told(Kind.TICKET_WAITLISTED)])
    for before in (KnownTicket(), known):
        assert first_plan(before, TicketUpdate(2, ISSUED, transferred=True)) == PlannedLetter(Kind.TICKET_RECEIVED)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("declined", Kind.TICKET_DECLINED),
        ("passed-on", Kind.TICKET_PASSED_ON),
        ("evening-cancelled", Kind.EVENING_CANCELLED),
        ("withdrawn", Kind.TICKET_CANCELLED),
        ("revoked", Kind.TICKET_CANCELLED),
    ],
)
def test_who_read_of_a_ticket_is_told_of_its_end_and_gets_nothing_else_about_it(reason: str, kind: Kind) -> None:
    made = decision(KnownTicket(1, ISSUED, [told()]), TicketUpdate(2, CANCELLED, reason))
    assert made == LetterDecision([PlannedLetter(kind)], SuppressionScope.ALL, Suppression.TICKET_CANCELLED)


@pytest.mark.parametrize("reason", ["evening-cancelled", "withdrawn", "revoked"])
def test_nobody_is_told_of_the_end_of_what_they_never_heard_of(reason: str) -> None:
    known = KnownTicket(1, ISSUED, [KnownLetter(Kind.TICKET_ISSUED, State.PLANNED)])
    assert first_plan(known, TicketUpdate(2, CANCELLED, reason)).suppressed is Suppression.NEVER_NOTIFIED


def test_a_letter_that_may_have_arrived_counts_as_read() -> None:
    known = KnownTicket(1, ISSUED, [KnownLetter(Kind.TICKET_ISSUED, State.PLANNED, written=True)])
    assert first_plan(known, TicketUpdate(2, CANCELLED, "revoked")).suppressed is None


@pytest.mark.parametrize("reason", ["declined", "passed-on"])
def test_who_gave_the_ticket_up_gets_the_confirmation_whatever_they_were_sent(reason: str) -> None:
    assert first_plan(KnownTicket(1, ISSUED), TicketUpdate(2, CANCELLED, reason)).suppressed is None


def test_a_ticket_whose_end_is_heard_of_first_is_never_told() -> None:
    assert first_plan(KnownTicket(), TicketUpdate(2, CANCELLED, "declined")).suppressed is Suppression.NEVER_NOTIFIED
    assert decide_on_ticket(KnownTicket(2, CANCELLED), TicketUpdate(1, ISSUED)) is None


def test_who_went_in_is_reminded_no_more_and_hears_nothing_of_it() -> None:
    made = decision(KnownTicket(1, ISSUED, [told()]), TicketUpdate(2, ADMITTED))
    assert made == LetterDecision((), SuppressionScope.REMINDERS, Suppression.ADMITTED)


@pytest.mark.parametrize("standing", [ISSUED, WAITLISTED, CANCELLED])
def test_nothing_is_planned_for_somebody_who_was_erased(standing: TicketStatus) -> None:
    made = decision(KnownTicket(holder_erased=True), TicketUpdate(1, standing, "revoked"))
    assert [plan.suppressed for plan in made.plans] == [Suppression.ERASED]


def test_who_takes_part_is_welcomed_once() -> None:
    assert decide_on_enrolment(KnownEnrolment(), 1) == LetterDecision(
        [PlannedLetter(Kind.WELCOME)], SuppressionScope.OWN, Suppression.SUPERSEDED
    )
    again = decide_on_enrolment(KnownEnrolment(1, enrolled=True, notified=True), 2)
    assert again == LetterDecision([PlannedLetter(Kind.WELCOME, Suppression.ALREADY_COVERED)])
    assert decide_on_enrolment(KnownEnrolment(2, enrolled=True), 2) is None


def test_who_comes_back_is_welcomed_again() -> None:
    made = decide_on_enrolment(KnownEnrolment(2, enrolled=False, notified=True), 3)
    assert made is not None
    assert made.plans[0] == PlannedLetter(Kind.WELCOME)


def test_who_leaves_is_bid_farewell_once_unless_nobody_ever_wrote_to_them() -> None:
    welcomed = decide_on_withdrawal(KnownEnrolment(1, enrolled=True, notified=True), 2)
    assert welcomed == LetterDecision([PlannedLetter(Kind.GOODBYE)], SuppressionScope.OWN, Suppression.WITHDRAWN)
    unheard = decide_on_withdrawal(KnownEnrolment(1, enrolled=True), 2)
    assert unheard is not None
    assert unheard.plans[0].suppressed is Suppression.NEVER_NOTIFIED
    again = decide_on_withdrawal(KnownEnrolment(2, enrolled=False, notified=True), 3)
    assert again == LetterDecision([PlannedLetter(Kind.GOODBYE, Suppression.ALREADY_COVERED)])
    assert decide_on_withdrawal(KnownEnrolment(3), 2) is None


def test_neither_welcome_nor_farewell_goes_to_somebody_who_was_erased() -> None:
    for made in (
        decide_on_enrolment(KnownEnrolment(erased=True), 1),
        decide_on_withdrawal(KnownEnrolment(erased=True), 1),
    ):
        assert made is not None
        assert made.plans[0].suppressed is Suppression.ERASED


def test_several_changes_within_minutes_are_one_letter() -> None:
    assert plan_evening_change([]) == PlannedLetter(Kind.EVENING_CHANGED)
    pending = [KnownLetter(Kind.EVENING_CHANGED, State.PLANNED)]
    assert plan_evening_change(pending) == PlannedLetter(Kind.EVENING_CHANGED, Suppression.ALREADY_COVERED)
    on_its_way = [KnownLetter(Kind.EVENING_CHANGED, State.PLANNED, written=True)]
    assert plan_evening_change(on_its_way) == PlannedLetter(Kind.EVENING_CHANGED)


def test_an_offer_is_told_while_its_ticket_stands_and_its_addressee_is_known() -> None:
    assert offer_suppression(KnownTicket(1, ISSUED), colleague_erased=False) is None
    assert offer_suppression(KnownTicket(1, CANCELLED), colleague_erased=False) is Suppression.TICKET_CANCELLED
    assert offer_suppression(KnownTicket(1, ISSUED), colleague_erased=True) is Suppression.ERASED


def test_an_invitation_is_told_while_its_evening_stands_and_its_addressee_is_known() -> None:
    assert invitation_suppression(invited_erased=False, evening_cancelled=False) is None
    assert invitation_suppression(invited_erased=False, evening_cancelled=True) is Suppression.EVENING_CANCELLED
    assert invitation_suppression(invited_erased=True, evening_cancelled=True) is Suppression.ERASED


def test_what_comes_with_an_enrolment_travels_together_and_so_does_what_comes_with_a_withdrawal() -> None:
    arriving = {kind for kind in Kind if bundle_of(kind) is Bundle.ARRIVAL}
    assert arriving == {
        Kind.WELCOME,
        Kind.TICKET_ISSUED,
        Kind.TICKET_PROMOTED,
        Kind.TICKET_RECEIVED,
        Kind.TICKET_WAITLISTED,
    }
    assert bundle_of(Kind.GOODBYE) is bundle_of(Kind.TICKET_CANCELLED, "withdrawn") is Bundle.DEPARTURE
    assert bundle_of(Kind.TICKET_CANCELLED, "revoked") is None


@pytest.mark.parametrize(
    ("kinds", "template"),
    [
        ([Kind.TICKET_ISSUED], "ticket-issued"),
        ([Kind.TICKET_ISSUED, Kind.TICKET_ISSUED], "tickets"),
        ([Kind.TICKET_ISSUED, Kind.WELCOME], "welcome"),
        ([Kind.TICKET_CANCELLED, Kind.GOODBYE], "goodbye"),
    ],
)
def test_a_mail_has_the_folder_of_its_letter_or_of_its_like(kinds: list[Kind], template: str) -> None:
    assert template_of(kinds) == template


def test_the_same_news_makes_the_same_letter_and_other_news_another() -> None:
    who, evening, ticket = uuid4(), uuid4(), uuid4()
    ids = [
        ticket_letter_id(who, evening, Kind.TICKET_ISSUED, ticket, 1),
        ticket_letter_id(who, evening, Kind.TICKET_ISSUED, ticket, 2),
        ticket_letter_id(who, evening, Kind.TICKET_DECLINED, ticket, 2),
        enrolment_letter_id(who, Kind.WELCOME, 1),
        enrolment_letter_id(who, Kind.GOODBYE, 1),
        enrolment_letter_id(who, Kind.WELCOME, 3),
        change_letter_id(who, evening, 2),
        change_letter_id(who, evening, 3),
        offer_letter_id(ticket),
        invitation_letter_id("an event"),
        digest_letter_id("acme", date(2026, 11, 16)),
        digest_letter_id("acme", date(2026, 11, 23)),
    ]
    assert len(set(ids)) == len(ids)
    assert ids[0] == ticket_letter_id(who, evening, Kind.TICKET_ISSUED, ticket, 1)


@pytest.mark.parametrize("kind", sorted(REMINDERS))
def test_there_is_one_reminder_of_a_kind_whatever_became_of_the_tickets(kind: Kind) -> None:
    who, evening = uuid4(), uuid4()
    assert ticket_letter_id(who, evening, kind, uuid4(), 1) == ticket_letter_id(who, evening, kind, uuid4(), 7)


TODAY = date(2026, 11, 2)
WELCOMED = [KnownLetter(Kind.WELCOME, State.SENT)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (None, date(2027, 1, 4), True),
        (date(2027, 1, 4), date(2027, 2, 1), True),
        (date(2027, 1, 4), None, True),
        (date(2027, 1, 4), TODAY, True),
        (date(2026, 9, 1), None, False),
        (date(2026, 9, 1), date(2026, 10, 1), False),
        (date(2027, 1, 4), date(2027, 1, 4), False),
    ],
)
def test_another_first_day_is_told_when_it_makes_a_difference(old: date | None, new: date | None, told: bool) -> None:
    assert (plan_start_change(old, new, TODAY, WELCOMED) == PlannedLetter(Kind.START_CHANGED)) is told


def test_another_first_day_is_told_by_a_welcome_that_is_still_to_come_or_by_the_letter_that_waits() -> None:
    later = date(2027, 1, 4)
    assert plan_start_change(None, later, TODAY, []) is None
    assert plan_start_change(None, later, TODAY, [KnownLetter(Kind.WELCOME, State.PLANNED)]) is None
    waiting = [*WELCOMED, KnownLetter(Kind.START_CHANGED, State.PLANNED)]
    assert plan_start_change(None, later, TODAY, waiting) == PlannedLetter(
        Kind.START_CHANGED, Suppression.ALREADY_COVERED
    )
