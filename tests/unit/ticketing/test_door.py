"""May this code enter?"""

from uuid import UUID, uuid4

import pytest

from tests.unit.ticketing.news import moment
from ticketing.domain.door import Entry, Refusal, Refused, Scan, TicketAtDoor, Verdict, judge
from ticketing.domain.tickets import TicketState

EVENING, TICKET = uuid4(), uuid4()


def ticket(state: TicketState = TicketState.ISSUED, venue: str = "paard") -> TicketAtDoor:
    admitted_by = scan(minute=1) if state is TicketState.ADMITTED else None
    return TicketAtDoor(TICKET, EVENING, venue, state, admitted_by)


def scan(ticket_id: UUID | None = TICKET, evening_id: UUID = EVENING, minute: int = 5, scanner: str = "door-1") -> Scan:
    return Scan(f"scan-{minute}", evening_id, ticket_id, moment(minute), scanner)


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


def test_a_passed_on_ticket_is_refused_as_such() -> None:
    passed_on = TicketAtDoor(TICKET, EVENING, "paard", TicketState.CANCELLED, passed_on=True)
    assert verdict(scan(), passed_on) == Refused(scan(), Refusal.PASSED_ON)


def test_an_earlier_scan_that_is_told_later_counts_and_overtakes_the_one_that_did() -> None:
    known = TicketAtDoor(TICKET, EVENING, "paard", TicketState.ADMITTED, admitted_by=scan(minute=9))
    assert verdict(scan(minute=5), known) == Entry(scan(minute=5), TICKET, overtaken=scan(minute=9))


def test_of_two_scans_of_the_same_moment_the_scanner_decides() -> None:
    known = TicketAtDoor(TICKET, EVENING, "paard", TicketState.ADMITTED, admitted_by=scan(scanner="door-2"))
    assert isinstance(verdict(scan(scanner="door-1"), known), Entry)
    assert isinstance(verdict(scan(scanner="door-3"), known), Refused)


def test_a_second_scan_of_one_scanner_in_the_same_moment_is_refused() -> None:
    known = TicketAtDoor(TICKET, EVENING, "paard", TicketState.ADMITTED, admitted_by=scan(scanner="door-1"))
    assert isinstance(verdict(scan(scanner="door-1"), known), Refused)


@pytest.mark.parametrize("turned_round", [False, True])
def test_of_two_scans_in_one_batch_the_earlier_enters(turned_round: bool) -> None:
    first, second = scan(minute=5), scan(minute=6)
    batch = [second, first] if turned_round else [first, second]
    assert judge("paard", batch, {TICKET: ticket()}) == [
        Entry(first, TICKET),
        Refused(second, Refusal.ALREADY_ADMITTED, moment(5)),
    ]
