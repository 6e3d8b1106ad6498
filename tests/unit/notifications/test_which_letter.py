"""Which letter the news calls for."""

from uuid import uuid4

import pytest

from notifications.domain.letters import (
    Decision,
    Kind,
    KnownTicket,
    Standing,
    State,
    Suppression,
    decide,
    invitation_letter_id,
    invitation_stillborn,
    letter_id,
    offer_letter_id,
    offer_stillborn,
)

ISSUED, WAITLISTED, CANCELLED = Standing.ISSUED, Standing.WAITLISTED, Standing.CANCELLED


def plan_of(known: KnownTicket, version: int, standing: Standing, reason: str | None = None) -> Decision:
    decision = decide(known, version, standing, reason)
    assert decision is not None
    return decision


@pytest.mark.parametrize(("standing", "kind"), [(ISSUED, Kind.TICKET_ISSUED), (WAITLISTED, Kind.TICKET_WAITLISTED)])
def test_a_new_ticket_calls_for_its_letter(standing: Standing, kind: Kind) -> None:
    decision = plan_of(KnownTicket(), 1, standing)
    assert (decision.plan, decision.stillborn) == (kind, None)


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_that_was_passed_changes_nothing(version: int) -> None:
    assert decide(KnownTicket(version=2, standing=CANCELLED), version, ISSUED) is None


def test_a_ticket_that_was_cancelled_before_its_issue_arrived_gets_no_ticket_letter() -> None:
    first = plan_of(KnownTicket(), 2, CANCELLED, "declined")
    assert first.stillborn is Suppression.NEVER_TOLD
    assert decide(KnownTicket(version=2, standing=CANCELLED), 1, ISSUED) is None


def test_another_place_in_the_line_calls_for_no_further_letter() -> None:
    known = KnownTicket(version=1, standing=WAITLISTED, letters=[State.SENT])
    assert plan_of(known, 2, WAITLISTED) == Decision()


def test_a_seat_overtakes_the_place_in_the_line() -> None:
    known = KnownTicket(version=1, standing=WAITLISTED, letters=[State.PLANNED])
    assert plan_of(known, 2, ISSUED) == Decision(Kind.TICKET_ISSUED, None, Suppression.OVERTAKEN)


@pytest.mark.parametrize("state", [State.SENT, State.SENDING])
def test_who_was_told_of_a_ticket_is_told_of_its_end(state: State) -> None:
    known = KnownTicket(version=1, standing=ISSUED, letters=[state])
    decision = plan_of(known, 2, CANCELLED, "evening-cancelled")
    assert decision == Decision(Kind.TICKET_CANCELLED, None, Suppression.TICKET_CANCELLED)


@pytest.mark.parametrize("state", [State.PLANNED, State.SUPPRESSED, State.FAILED])
def test_who_never_heard_of_a_ticket_is_not_told_of_its_end(state: State) -> None:
    known = KnownTicket(version=1, standing=ISSUED, letters=[state])
    decision = plan_of(known, 2, CANCELLED, "declined")
    assert decision == Decision(Kind.TICKET_CANCELLED, Suppression.NEVER_TOLD, Suppression.TICKET_CANCELLED)


@pytest.mark.parametrize("standing", list(Standing))
def test_nothing_is_sent_to_somebody_who_was_erased(standing: Standing) -> None:
    assert plan_of(KnownTicket(holder_erased=True), 1, standing).stillborn is Suppression.ERASED


def test_a_ticket_cancelled_by_an_erasure_is_not_talked_about() -> None:
    known = KnownTicket(version=1, standing=ISSUED, letters=[State.SENT])
    assert plan_of(known, 2, CANCELLED, "erased").stillborn is Suppression.ERASED


def test_the_same_news_makes_the_same_letter_and_other_news_another() -> None:
    participant, evening, ticket = uuid4(), uuid4(), uuid4()
    first = letter_id(participant, evening, Kind.TICKET_ISSUED, ticket, 1)
    assert first == letter_id(participant, evening, Kind.TICKET_ISSUED, ticket, 1)
    assert first != letter_id(participant, evening, Kind.TICKET_ISSUED, ticket, 2)
    assert first != letter_id(participant, evening, Kind.TICKET_CANCELLED, ticket, 1)
    assert first != letter_id(uuid4(), evening, Kind.TICKET_ISSUED, ticket, 1)


@pytest.mark.parametrize("standing", [None, ISSUED, WAITLISTED])
def test_a_colleague_is_asked_whether_or_not_the_ticket_is_known_yet(standing: Standing | None) -> None:
    assert offer_stillborn(KnownTicket(version=1, standing=standing), asked_erased=False) is None


def test_nobody_is_offered_a_ticket_that_is_no_more() -> None:
    known = KnownTicket(version=2, standing=CANCELLED)
    assert offer_stillborn(known, asked_erased=False) is Suppression.TICKET_CANCELLED


def test_nobody_is_invited_to_an_evening_that_is_cancelled() -> None:
    assert invitation_stillborn(invited_erased=False, evening_cancelled=True) is Suppression.EVENING_CANCELLED
    assert invitation_stillborn(invited_erased=False, evening_cancelled=False) is None


def test_nobody_is_asked_anything_who_was_erased() -> None:
    assert offer_stillborn(KnownTicket(), asked_erased=True) is Suppression.ERASED
    assert invitation_stillborn(invited_erased=True, evening_cancelled=False) is Suppression.ERASED


def test_an_offer_and_an_invitation_make_one_letter_each() -> None:
    offer = uuid4()
    assert offer_letter_id(offer) == offer_letter_id(offer)
    assert invitation_letter_id(str(offer)) == invitation_letter_id(str(offer))
    assert len({offer_letter_id(offer), offer_letter_id(uuid4()), invitation_letter_id(str(offer))}) == 3
