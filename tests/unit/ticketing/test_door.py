"""May this code enter?"""

from uuid import UUID, uuid4

import pytest

from tests.unit.ticketing.news import moment
from ticketing.domain.door import Entry, Refusal, Refused, Scan, TicketAtDoor, Verdict, judge
from ticketing.domain.tickets import TicketState

EVENING, TICKET = uuid4(), uuid4()


def ticket(state: TicketState = TicketState.ISSUED, venue: str = "paard") -> TicketAtDoor:
    admitted_at = moment(1) if state is TicketState.ADMITTED else None
    return TicketAtDoor(TICKET, EVENING, venue, state, admitted_at)


def scan(ticket_id: UUID | None = TICKET, evening_id: UUID = EVENING, minute: int = 5) -> Scan:
    return Scan(f"scan-{minute}", evening_id, ticket_id, moment(minute))


def verdict(scanned: Scan, known: TicketAtDoor | None) -> Verdict:
    [only] = judge("paard", [scanned], {known.ticket_id: known} if known else {})
    return only


def test_a_live_ticket_of_this_evening_enters() -> None:
    assert verdict(scan(), ticket()) == Entry(scan(), TICKET)


@pytest.mark.parametrize("unknown", [scan(ticket_id=None), scan(ticket_id=uuid4())])
def test_a_code_that_no_ticket_stands_behind_is_unknown(unknown: Scan) -> None:
    assert verdict(unknown, ticket()) == Refused(unknown, Refusal.UNKNOWN_CODE)


def test_a_waiting_place_is_no_ticket() -> None:
    assert verdict(scan(), ticket(TicketState.WAITING)) == Refused(scan(), Refusal.UNKNOWN_CODE)


def test_a_ticket_of_another_evening_is_refused() -> None:
    elsewhere = scan(evening_id=uuid4())
    assert verdict(elsewhere, ticket()) == Refused(elsewhere, Refusal.WRONG_EVENING)


def test_another_venues_door_refuses_even_the_right_evening() -> None:
    assert verdict(scan(), ticket(venue="ndt")) == Refused(scan(), Refusal.WRONG_EVENING)


def test_a_cancelled_ticket_is_refused() -> None:
    assert verdict(scan(), ticket(TicketState.CANCELLED)) == Refused(scan(), Refusal.CANCELLED)


def test_who_is_in_already_is_refused_with_the_first_time() -> None:
    assert verdict(scan(), ticket(TicketState.ADMITTED)) == Refused(scan(), Refusal.ALREADY_ADMITTED, moment(1))


def test_of_two_scans_in_one_batch_the_first_enters() -> None:
    first, second = scan(minute=5), scan(minute=6)
    assert judge("paard", [first, second], {TICKET: ticket()}) == [
        Entry(first, TICKET),
        Refused(second, Refusal.ALREADY_ADMITTED, moment(5)),
    ]
