"""One round of giving out seats: against the reference, and what must hold of any."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ticketing import reference
from ticketing.domain.allocation import Candidate, SeatInventory, allocate_round, rank, tiebreaker, waiting_positions
from ticketing.domain.decisions import Outcome, Rule, SeatDecision

EVENING = UUID("0b9f6a52-93cf-4b60-9d5e-2f9f7ab4f9d1")
START = datetime(2026, 11, 20, 18, tzinfo=UTC)
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
PARTNERS = ("acme", "gemeente", "zeebank")


def somebody(number: int, partner: str = "acme", *, others: int = 0, minutes: int = 0) -> Candidate:
    """The candidate of this number: always the same id, and so the same lot."""
    who = UUID(int=number)
    return Candidate(who, partner, others, NOON + timedelta(minutes=minutes), tiebreaker(EVENING, who))


# Few values of everything, so that ties are common.
candidates = st.lists(
    st.builds(
        somebody,
        st.integers(1, 200),
        st.sampled_from(PARTNERS),
        others=st.integers(0, 2),
        minutes=st.integers(0, 3),
    ),
    max_size=14,
    unique_by=lambda candidate: candidate.participant_id,
)
per_partner = st.dictionaries(st.sampled_from(PARTNERS), st.integers(0, 5))


@st.composite
def inventories(draw: st.DrawFn) -> SeatInventory:
    """Seats as they can be: allotments fit into the capacity, but more may be held than there are by now."""
    allotments = draw(per_partner)
    capacity = sum(allotments.values()) + draw(st.integers(0, 5))
    return SeatInventory(capacity, allotments, draw(per_partner), draw(st.booleans()))


def by_the_reference(seats: SeatInventory, competing: Sequence[Candidate]) -> tuple[list[UUID], list[UUID]]:
    """Returns those who get a seat, and those who wait, in the order in which the reference serves them."""
    season = reference.ReferenceSeason(dict.fromkeys(PARTNERS, 1))
    release_at = NOON if seats.released else START
    evening = reference.ReferenceEvening(
        EVENING, START.date(), START, release_at, START, capacity=seats.capacity, by_hand=dict(seats.allotments)
    )
    # Seats that are held: of people who compete for nothing any more.
    season.schedule(replace(evening, capacity=0), now=NOON)
    for partner, number in seats.held.items():
        for nth in range(number):
            holder = UUID(int=1000 + 100 * PARTNERS.index(partner) + nth)
            season.people[holder] = reference.ReferencePerson(holder, partner, NOON)
            season.tickets[EVENING][holder] = reference.ISSUED
    for nth in range(3):
        other = UUID(int=5000 + nth)
        past = reference.ReferenceEvening(other, NOON.date(), NOON, NOON, NOON, capacity=0)
        season.schedule(past, now=NOON)
        for each in competing:
            if each.other_evenings > nth:
                season.tickets[other][each.participant_id] = reference.ISSUED
    season.schedule(evening, now=NOON)
    before = season.holders(EVENING)
    people = [reference.ReferencePerson(each.participant_id, each.partner, each.requested_at) for each in competing]
    season.people |= {person.participant_id: person for person in people}
    ours = {each.participant_id: each.requested_at for each in competing}
    turns = season._in_order(season.evenings[EVENING], ours)
    season.tick(now=NOON)
    seated = season.holders(EVENING) - before
    return [each for each in turns if each in seated], [each for each in turns if each not in seated]


def seated(decisions: Sequence[SeatDecision]) -> list[UUID]:
    """Returns those who got a seat, in the order of service."""
    return [each.participant_id for each in decisions if each.outcome is Outcome.GRANTED]


@given(inventories(), candidates)
def test_a_round_is_that_of_the_reference(seats: SeatInventory, competing: list[Candidate]) -> None:
    decisions = allocate_round(seats, competing, Outcome.GRANTED)
    waiting = [each.participant_id for each in decisions if each.outcome is Outcome.WAITING]
    assert (seated(decisions), waiting) == by_the_reference(seats, competing)


@given(inventories(), candidates, st.randoms(use_true_random=False))
def test_the_order_in_which_candidates_come_makes_no_difference(
    seats: SeatInventory, competing: list[Candidate], dice: st.DataObject
) -> None:
    shuffled = list(competing)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert allocate_round(seats, shuffled, Outcome.GRANTED) == allocate_round(seats, competing, Outcome.GRANTED)


@given(inventories(), candidates)
def test_nobody_is_seated_beyond_the_capacity(seats: SeatInventory, competing: list[Candidate]) -> None:
    assert len(seated(allocate_round(seats, competing, Outcome.GRANTED))) <= seats.free


@given(inventories(), candidates)
def test_before_the_release_seats_that_are_kept_go_to_no_other_partner(
    seats: SeatInventory, competing: list[Candidate]
) -> None:
    seats = replace(seats, released=False)
    partner_of = {each.participant_id: each.partner for each in competing}
    taken = dict.fromkeys(PARTNERS, 0)
    for who in seated(allocate_round(seats, competing, Outcome.GRANTED)):
        taken[partner_of[who]] += 1
    beyond = sum(
        max(0, seats.held.get(each, 0) + taken[each] - max(seats.allotments.get(each, 0), seats.held.get(each, 0)))
        for each in PARTNERS
    )
    assert beyond <= max(seats.pool_left, 0)


@given(inventories(), candidates)
def test_no_seat_stays_free_that_somebody_who_waits_may_have(seats: SeatInventory, competing: list[Candidate]) -> None:
    decisions = allocate_round(seats, competing, Outcome.GRANTED)
    partner_of = {each.participant_id: each.partner for each in competing}
    held = dict(seats.held)
    for who in seated(decisions):
        held[partner_of[who]] = held.get(partner_of[who], 0) + 1
    after = replace(seats, held=held)
    waiting = {partner_of[each.participant_id] for each in decisions if each.outcome is Outcome.WAITING}
    assert [after.attainable(partner) for partner in waiting] == [0] * len(waiting)


@given(inventories(), candidates)
def test_the_heads_of_a_line_are_enough_to_serve_it(seats: SeatInventory, line: list[Candidate]) -> None:
    heads: list[Candidate] = []
    for partner in PARTNERS:
        own = sorted(
            (each for each in line if each.partner == partner),
            key=lambda each: (each.other_evenings, each.requested_at, each.tiebreaker),
        )
        heads += own[: seats.attainable(partner)]
    assert seated(allocate_round(seats, heads, Outcome.GRANTED)) == seated(allocate_round(seats, line, Outcome.GRANTED))


@given(inventories(), candidates)
def test_every_decision_has_the_figures_that_make_it(seats: SeatInventory, competing: list[Candidate]) -> None:
    for nth, decision in enumerate(allocate_round(seats, competing, Outcome.GRANTED), start=1):
        figures = decision.figures
        assert (figures.place, figures.competing) == (nth, len(competing))
        match decision.rule:
            case Rule.FULL:
                assert figures.held >= figures.capacity
            case Rule.ALLOTMENT_USED:
                assert figures.held < figures.capacity
                assert figures.partner_held >= figures.allotment
                assert figures.pool_left == 0
            case Rule.ALLOTMENT:
                assert figures.partner_held < figures.allotment
            case Rule.COMMON_POOL:
                assert figures.partner_held >= figures.allotment
                assert figures.pool_left > 0
            case rule:
                assert rule is Rule.RELEASED
                assert seats.released


def test_who_missed_out_comes_first() -> None:
    inventory = SeatInventory(1, {"acme": 1}, {}, released=False)
    early, missed_out = somebody(1, others=1, minutes=0), somebody(2, others=0, minutes=5)
    assert seated(allocate_round(inventory, [early, missed_out], Outcome.GRANTED)) == [missed_out.participant_id]


def test_fills_are_compared_exactly_where_rounded_numbers_would_not_tell_them_apart() -> None:
    # 2/3 of 100,000 places against 66,667 of 100,001: the second is the smaller by less than a millionth.
    inventory = SeatInventory(
        300_000, {"acme": 99_999, "gemeente": 100_001}, {"acme": 66_665, "gemeente": 66_666}, released=True
    )
    acme, gemeente = somebody(1, "acme", minutes=0), somebody(2, "gemeente", minutes=5)
    [first, _] = rank(inventory, [acme, gemeente])
    assert first[0] == (acme if 66_666 * 100_001 <= 66_667 * 99_999 else gemeente)


def test_the_lot_is_the_one_that_anyone_can_draw() -> None:
    who = UUID(int=7)
    assert tiebreaker(EVENING, who) == sha256(EVENING.bytes + who.bytes).digest()


def test_places_in_a_new_line_are_counted_from_one_in_the_order_of_service() -> None:
    inventory = SeatInventory(1, {"acme": 1}, {}, released=False)
    people = [somebody(nth, minutes=nth) for nth in (3, 1, 2)]
    assert waiting_positions(allocate_round(inventory, people, Outcome.GRANTED)) == {UUID(int=2): 1, UUID(int=3): 2}
