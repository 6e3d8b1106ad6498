"""May this code enter?"""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ticketing.registration_events import moment
from ticketing.domain.admissions import (
    EntryDenied,
    EntryGranted,
    Scan,
    ScannedTicket,
    ScanRefusal,
    Verdict,
    is_double_entry,
    judge,
)
from ticketing.domain.tickets import TicketState

EVENING, TICKET = uuid4(), uuid4()


def ticket(state: TicketState = TicketState.ISSUED, venue: str = "paard") -> ScannedTicket:
    admitted_by = scan(minute=1) if state is TicketState.ADMITTED else None
    return ScannedTicket(TICKET, EVENING, venue, state, admitted_by)


def scan(
    ticket_id: UUID | None = TICKET,
    evening_id: UUID = EVENING,
    minute: int = 5,
    scanner: str = "door-1",
    *,
    offline: bool = False,
) -> Scan:
    return Scan(f"scan-{minute}", evening_id, ticket_id, moment(minute), scanner, offline)


def verdict(scanned: Scan, known: ScannedTicket | None) -> Verdict:
    [only] = judge("paard", [scanned], {known.ticket_id: known} if known else {})
    return only


def test_a_live_ticket_of_this_evening_enters() -> None:
    assert verdict(scan(), ticket()) == EntryGranted(scan(), TICKET)


@pytest.mark.parametrize("unknown", [scan(ticket_id=None), scan(ticket_id=uuid4())])
def test_a_code_that_no_ticket_stands_behind_is_unknown(unknown: Scan) -> None:
    assert verdict(unknown, ticket()) == EntryDenied(unknown, ScanRefusal.UNKNOWN_CODE)


def test_a_waiting_place_is_no_ticket() -> None:
    assert verdict(scan(), ticket(TicketState.WAITING)) == EntryDenied(scan(), ScanRefusal.UNKNOWN_CODE)


def test_a_ticket_of_another_evening_is_refused() -> None:
    elsewhere = scan(evening_id=uuid4())
    assert verdict(elsewhere, ticket()) == EntryDenied(elsewhere, ScanRefusal.WRONG_EVENING)


def test_another_venues_door_refuses_even_the_right_evening() -> None:
    assert verdict(scan(), ticket(venue="ndt")) == EntryDenied(scan(), ScanRefusal.WRONG_EVENING)


def test_a_cancelled_ticket_is_refused() -> None:
    assert verdict(scan(), ticket(TicketState.CANCELLED)) == EntryDenied(scan(), ScanRefusal.CANCELLED)


def test_who_is_in_already_is_refused_with_the_first_time() -> None:
    assert verdict(scan(), ticket(TicketState.ADMITTED)) == EntryDenied(scan(), ScanRefusal.ALREADY_ADMITTED, moment(1))


@pytest.mark.parametrize(
    ("minute", "offline", "refused"),
    [(6, False, True), (4, False, True), (6, True, True), (5, True, True), (4, True, False)],
)
def test_a_code_that_its_holder_has_another_for_is_refused_unless_it_was_scanned_offline_before(
    minute: int, *, offline: bool, refused: bool
) -> None:
    replaced = ScannedTicket(TICKET, EVENING, "paard", TicketState.ISSUED, generation=2, replaced_at=moment(5))
    old = scan(minute=minute, offline=offline)
    assert verdict(old, replaced) == (EntryDenied(old, ScanRefusal.REPLACED) if refused else EntryGranted(old, TICKET))
    new = replace(old, generation=2)
    assert verdict(new, replaced) == EntryGranted(new, TICKET)


def test_a_passed_on_ticket_is_refused_as_such() -> None:
    passed_on = ScannedTicket(TICKET, EVENING, "paard", TicketState.CANCELLED, passed_on=True)
    assert verdict(scan(), passed_on) == EntryDenied(scan(), ScanRefusal.PASSED_ON)


def test_an_earlier_offline_scan_counts_and_overtakes_the_one_that_did() -> None:
    known = ScannedTicket(TICKET, EVENING, "paard", TicketState.ADMITTED, admitted_by=scan(minute=9))
    late = scan(minute=5, offline=True)
    assert verdict(late, known) == EntryGranted(late, TICKET, overtaken=scan(minute=9))


@pytest.mark.parametrize("minute", [1, 9, 20])
def test_a_live_scan_is_judged_by_what_is_known_whatever_its_clock_says(minute: int) -> None:
    known = ScannedTicket(TICKET, EVENING, "paard", TicketState.ADMITTED, admitted_by=scan(minute=9))
    assert verdict(scan(minute=minute, scanner="door-0"), known) == EntryDenied(
        scan(minute=minute, scanner="door-0"), ScanRefusal.ALREADY_ADMITTED, moment(9)
    )


def test_of_two_scans_of_the_same_moment_the_scanner_decides() -> None:
    known = ScannedTicket(TICKET, EVENING, "paard", TicketState.ADMITTED, admitted_by=scan(scanner="door-2"))
    assert isinstance(verdict(scan(scanner="door-1", offline=True), known), EntryGranted)
    assert isinstance(verdict(scan(scanner="door-3", offline=True), known), EntryDenied)


def test_a_second_scan_of_one_scanner_in_the_same_moment_is_refused() -> None:
    known = ScannedTicket(TICKET, EVENING, "paard", TicketState.ADMITTED, admitted_by=scan(scanner="door-1"))
    assert isinstance(verdict(scan(scanner="door-1", offline=True), known), EntryDenied)


@pytest.mark.parametrize("turned_round", [False, True])
def test_of_two_offline_scans_in_one_batch_the_earlier_enters(turned_round: bool) -> None:
    first, second = scan(minute=5, offline=True), scan(minute=6, offline=True)
    batch = [second, first] if turned_round else [first, second]
    assert judge("paard", batch, {TICKET: ticket()}) == [
        EntryGranted(first, TICKET),
        EntryDenied(second, ScanRefusal.ALREADY_ADMITTED, moment(5)),
    ]


def test_of_two_live_scans_in_one_batch_the_one_sent_first_enters() -> None:
    first, second = scan(minute=6), scan(minute=5)
    assert judge("paard", [first, second], {TICKET: ticket()}) == [
        EntryGranted(first, TICKET),
        EntryDenied(second, ScanRefusal.ALREADY_ADMITTED, moment(6)),
    ]


@pytest.mark.parametrize("told_first", ["live", "offline"])
def test_an_earlier_offline_scan_of_a_batch_keeps_the_door_shut_for_a_live_one(told_first: str) -> None:
    live, offline = scan(minute=6), scan(minute=5, offline=True)
    batch = [live, offline] if told_first == "live" else [offline, live]
    assert judge("paard", batch, {TICKET: ticket()}) == [
        EntryGranted(offline, TICKET),
        EntryDenied(live, ScanRefusal.ALREADY_ADMITTED, moment(5)),
    ]


def test_only_who_was_let_in_twice_is_a_double_entry() -> None:
    inside = ticket(TicketState.ADMITTED)
    assert not is_double_entry(verdict(scan(), ticket()))
    assert not is_double_entry(verdict(scan(), inside))
    assert not is_double_entry(verdict(scan(offline=True), ticket(TicketState.CANCELLED)))
    assert is_double_entry(verdict(scan(offline=True), inside))
    assert is_double_entry(verdict(scan(minute=0, offline=True), inside))


@pytest.mark.parametrize("passed_on", [False, True])
def test_an_offline_scan_of_before_a_cancellation_enters_and_no_other_does(passed_on: bool) -> None:
    ended = ScannedTicket(TICKET, EVENING, "paard", TicketState.CANCELLED, passed_on=passed_on, ended_at=moment(7))
    before = scan(minute=6, offline=True)
    assert verdict(before, ended) == EntryGranted(before, TICKET)
    reason = ScanRefusal.PASSED_ON if passed_on else ScanRefusal.CANCELLED
    for other in (scan(minute=6), scan(minute=7, offline=True), scan(minute=8, offline=True)):
        assert verdict(other, ended) == EntryDenied(other, reason)


def test_a_cancelled_ticket_that_somebody_went_in_with_is_refused_with_the_time() -> None:
    ended = ScannedTicket(
        TICKET, EVENING, "paard", TicketState.CANCELLED, admitted_by=scan(minute=6), ended_at=moment(7)
    )
    assert verdict(scan(minute=9), ended) == EntryDenied(scan(minute=9), ScanRefusal.CANCELLED, moment(6))
    earlier, later = scan(minute=3, offline=True), scan(minute=6, scanner="door-2", offline=True)
    assert verdict(earlier, ended) == EntryGranted(earlier, TICKET, overtaken=scan(minute=6))
    assert verdict(later, ended) == EntryDenied(later, ScanRefusal.ALREADY_ADMITTED, moment(6))


def test_an_offline_scan_sent_before_a_live_one_is_known_to_it_in_one_batch_as_in_two() -> None:
    offline, live, between = scan(minute=9, offline=True), scan(minute=3), scan(minute=6, offline=True)
    assert judge("paard", [offline, live], {TICKET: ticket()}) == [
        EntryGranted(offline, TICKET),
        EntryDenied(live, ScanRefusal.ALREADY_ADMITTED, moment(9)),
    ]
    assert judge("paard", [offline, live, between], {TICKET: ticket()}) == [
        EntryGranted(between, TICKET),
        EntryDenied(offline, ScanRefusal.ALREADY_ADMITTED, moment(6)),
        EntryDenied(live, ScanRefusal.ALREADY_ADMITTED, moment(6)),
    ]


SCANS = st.lists(
    st.builds(
        lambda number, minute, offline: Scan(str(number), EVENING, TICKET, moment(minute), "door", offline),
        st.integers(0, 10**9),
        st.integers(2, 9),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda each: each.scan_id,
)


@given(SCANS)
def test_of_any_batch_one_enters_and_nobody_overtakes_within_it(batch: list[Scan]) -> None:
    verdicts = judge("paard", batch, {TICKET: ticket()})
    entries = [each for each in verdicts if isinstance(each, EntryGranted)]
    assert sorted(each.scan.scan_id for each in verdicts) == sorted(each.scan_id for each in batch)
    assert len(entries) == (1 if batch else 0)
    assert not [each for each in entries if each.overtaken]
    if entries and (offline := [each for each in batch if each.is_offline]):
        assert min(each.precedence for each in offline) >= entries[0].scan.precedence
