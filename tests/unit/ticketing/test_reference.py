"""The reference against the sentences of "Who gets a seat", worked out by hand.

People are numbers; a lower number was enrolled earlier, unless told otherwise.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

import pytest

from tests.unit.ticketing.reference import ReferenceEvening, ReferencePerson, ReferenceSeason, allot
from tests.unit.ticketing.scenarios import Enrol, Schedule, Step, Tick, play, scenario

NOW = datetime(2031, 3, 1, 9, tzinfo=UTC)
START = datetime(2031, 3, 20, 18, tzinfo=UTC)
RELEASE = START - timedelta(days=7)
CLOSING = START - timedelta(hours=2)
MINUTE = timedelta(minutes=1)
TALK = UUID(int=1001)


def evening(
    capacity: int, evening_id: UUID = TALK, *, starts_at: datetime = START, on_request: bool = False
) -> ReferenceEvening:
    """An evening with the usual release and closing."""
    release_at, closes_at = starts_at - timedelta(days=7), starts_at - timedelta(hours=2)
    return ReferenceEvening(evening_id, starts_at.date(), starts_at, release_at, closes_at, capacity, on_request)


def people(slug: str, numbers: Iterable[int]) -> list[ReferencePerson]:
    """People of one partner."""
    return [ReferencePerson(UUID(int=number), slug, NOW - timedelta(days=1) + number * MINUTE) for number in numbers]


def season(places: Mapping[str, int], *groups: Iterable[ReferencePerson]) -> ReferenceSeason:
    """A season with these partners and people, and no evening yet."""
    begun = ReferenceSeason(places)
    begun.enrol([person for group in groups for person in group], now=NOW)
    return begun


def seated(season: ReferenceSeason, evening_id: UUID = TALK) -> list[int]:
    """Returns the holders of tickets, by number."""
    return sorted(holder.int for holder in season.holders(evening_id))


def waiting(season: ReferenceSeason, evening_id: UUID = TALK) -> list[int]:
    """Returns those who wait, in their order."""
    return [waiter.int for waiter in season.line(evening_id)]


@pytest.mark.parametrize(
    ("capacity", "places", "allotments"),
    [
        (10, {"acme": 8, "gemeente": 4, "zeebank": 3}, {"acme": 5, "gemeente": 3, "zeebank": 2}),  # the page's own
        (20, {"acme": 8, "gemeente": 4, "zeebank": 0}, {"acme": 8, "gemeente": 4, "zeebank": 0}),
        (2, {"acme": 1, "zeebank": 3}, {"acme": 0, "zeebank": 2}),  # quotas 0.5 and 1.5: more places
        (1, {"zeebank": 2, "acme": 2}, {"acme": 1, "zeebank": 0}),  # quotas 0.5 and 0.5, as many places: slug
        (3, {}, {}),
    ],
)
def test_allotments_are_the_places_or_else_by_largest_remainder(
    capacity: int, places: dict[str, int], allotments: dict[str, int]
) -> None:
    assert allot(capacity, places) == allotments


def test_before_the_release_a_partner_has_its_allotment_and_what_is_left_of_the_common_pool() -> None:
    it = season({"acme": 1, "zeebank": 2}, people("acme", [1, 2, 3, 4]))
    it.schedule(evening(5), now=NOW)  # 1 and 2 allotted, a pool of 2
    assert seated(it) == [1, 2, 3]
    assert it.held(TALK) == {"acme": 3}
    assert not it.may_have(TALK, UUID(int=4), RELEASE - MINUTE)
    assert it.may_have(TALK, UUID(int=4), RELEASE)

    it.enrol(people("zeebank", [5]), now=NOW + MINUTE)
    assert (seated(it), waiting(it)) == ([1, 2, 3, 5], [4])
    it.enrol(people("zeebank", [6, 7]), now=NOW + 2 * MINUTE)
    assert (seated(it), waiting(it)) == ([1, 2, 3, 5, 6], [7, 4])  # zeebank's at 3/2, acme's at 4/1


def test_what_is_not_claimed_is_for_everybody_from_the_release_on() -> None:
    it = season({"acme": 1, "zeebank": 1}, people("acme", [1, 2]))
    it.schedule(evening(2), now=NOW)
    it.tick(now=RELEASE - MINUTE)
    assert (seated(it), waiting(it)) == ([1], [2])
    it.tick(now=RELEASE)
    assert (seated(it), waiting(it)) == ([1, 2], [])


def test_who_missed_out_comes_first() -> None:
    it = season({"acme": 4, "zeebank": 1}, people("acme", [1]), people("zeebank", [2, 3]))
    it.schedule(evening(1), now=NOW)
    other = evening(2, UUID(int=1002), starts_at=START + timedelta(days=1))
    it.schedule(replace(other, release_at=NOW), now=NOW)
    assert seated(it) == [1]
    # Allotments 2 and 0: 1 stands at 1/2, 2 at 1/1, 3 at 2/1, but 1 has an evening already.
    assert (seated(it, other.evening_id), waiting(it, other.evening_id)) == ([2, 3], [1])


def test_the_partner_with_the_smallest_fill_is_served_first() -> None:
    acme, zeebank, gemeente = people("acme", [1, 2, 3, 4]), people("zeebank", [5, 6]), people("gemeente", [7])
    it = season({"acme": 4, "zeebank": 2, "gemeente": 1}, acme, zeebank, gemeente)
    after_the_release = START - timedelta(days=3)
    it.schedule(evening(3), now=after_the_release)
    # Allotments 2, 1 and 0. acme's stand at 1/2, 2/2, 3/2, 4/2, zeebank's at 1/1 and 2/1, the gemeente's at 1/1.
    assert seated(it) == [1, 2, 5]
    # With 2, 1 and 0 held: acme's at 3/2 and 4/2, zeebank's at 2/1, the gemeente's at 1/1 still.
    assert waiting(it) == [7, 3, 4, 6]


@pytest.mark.parametrize("slugs", [["acme"] * 5, ["acme", "gemeente", "haven", "museum", "zeebank"]])
def test_a_lottery_that_anyone_can_check_decides_between_equals(slugs: list[str]) -> None:
    equals = [ReferencePerson(UUID(int=number), slug, NOW) for number, slug in enumerate(slugs)]
    it = season(dict.fromkeys(slugs, 0), equals)
    it.schedule(evening(1), now=NOW)
    by_lot = sorted(range(5), key=lambda number: sha256(TALK.bytes + UUID(int=number).bytes).hexdigest())
    assert seated(it) + waiting(it) == by_lot


def test_on_request_only_who_asked_takes_part() -> None:
    it = season({"acme": 2}, people("acme", [1, 2, 3]))
    it.schedule(evening(1, on_request=True), now=NOW)
    assert (seated(it), waiting(it)) == ([], [])
    it.ask(TALK, [UUID(int=3)], now=NOW + MINUTE)
    it.ask(TALK, [UUID(int=2)], now=NOW + 2 * MINUTE)
    assert (seated(it), waiting(it)) == ([3], [2])


def test_who_comes_later_does_not_overtake_the_waiting_list() -> None:
    it = season({"acme": 1, "zeebank": 1}, people("acme", [1, 2]), people("zeebank", [3]))
    it.schedule(evening(2, on_request=True), now=NOW)
    it.ask(TALK, [UUID(int=1), UUID(int=2)], now=NOW)
    # In one round 3 would be before 2 (1/1 before 2/1), but the seat that was released is for the line.
    it.ask(TALK, [UUID(int=3)], now=RELEASE)
    assert (seated(it), waiting(it)) == ([1, 2], [3])


def test_a_seat_that_comes_free_goes_to_whoever_is_first_on_the_waiting_list_and_may_have_it() -> None:
    it = season({"acme": 1, "zeebank": 1}, people("acme", [1, 2]), people("zeebank", [3, 4]))
    it.schedule(evening(2), now=NOW)
    assert (seated(it), waiting(it)) == ([1, 3], [2, 4])
    it.decline(TALK, UUID(int=3), now=NOW + MINUTE)
    assert (seated(it), waiting(it)) == ([1, 4], [2])


def test_after_the_closing_nobody_is_promoted_but_who_asks_gets_a_free_seat() -> None:
    it = season({"acme": 1}, people("acme", [1, 2]))
    it.schedule(evening(1), now=NOW)
    it.decline(TALK, UUID(int=1), now=CLOSING)
    assert (seated(it), waiting(it)) == ([], [2])
    it.ask(TALK, [UUID(int=1)], now=CLOSING + MINUTE)
    assert (seated(it), waiting(it)) == ([1], [2])


def test_a_smaller_capacity_takes_no_ticket_away() -> None:
    it = season({"acme": 3}, people("acme", [1, 2, 3, 4]))
    it.schedule(evening(3), now=NOW)
    it.schedule(evening(2), now=NOW + MINUTE)
    assert seated(it) == [1, 2, 3]
    it.decline(TALK, UUID(int=1), now=NOW + 2 * MINUTE)
    assert (seated(it), waiting(it)) == ([2, 3], [4])
    it.decline(TALK, UUID(int=2), now=NOW + 3 * MINUTE)
    assert (seated(it), waiting(it)) == ([3, 4], [])


def test_a_ticket_is_passed_on_to_a_colleague_whatever_their_turn() -> None:
    it = season({"acme": 2, "zeebank": 1}, people("acme", [1, 2, 3, 4]), people("zeebank", [5, 6]))
    it.schedule(evening(3), now=NOW)
    assert (seated(it), waiting(it)) == ([1, 2, 5], [3, 4, 6])
    assert not it.pass_on(TALK, UUID(int=1), UUID(int=6), now=CLOSING)  # of another partner
    assert not it.pass_on(TALK, UUID(int=1), UUID(int=2), now=CLOSING)  # holds a ticket already
    assert not it.pass_on(TALK, UUID(int=3), UUID(int=4), now=CLOSING)  # has none to pass on
    assert it.pass_on(TALK, UUID(int=1), UUID(int=4), now=CLOSING)
    assert (seated(it), waiting(it)) == ([2, 4, 5], [3, 6])
    it.admit(TALK, UUID(int=4), now=CLOSING + MINUTE)
    assert not it.pass_on(TALK, UUID(int=4), UUID(int=3), now=CLOSING + 2 * MINUTE)


def test_who_declines_and_asks_again_is_at_the_end_of_the_waiting_list() -> None:
    it = season({"acme": 1}, people("acme", [1, 2, 3]))
    it.schedule(evening(1), now=NOW)
    it.decline(TALK, UUID(int=1), now=NOW + MINUTE)
    assert (seated(it), waiting(it)) == ([2], [3])
    it.ask(TALK, [UUID(int=1)], now=NOW + 2 * MINUTE)
    assert (seated(it), waiting(it)) == ([2], [3, 1])


def test_a_withdrawal_frees_at_once_what_is_on_or_after_its_day_and_a_new_enrolment_asks_anew() -> None:
    it = season({"acme": 1}, people("acme", [1, 2, 3]))
    later = UUID(int=1002)
    it.schedule(evening(1), now=NOW)
    it.schedule(evening(2, later, starts_at=START + timedelta(days=1)), now=NOW)
    it.decline(later, UUID(int=2), now=NOW + MINUTE)
    assert (seated(it), seated(it, later)) == ([1], [1, 3])
    it.withdraw(UUID(int=1), START.date() + timedelta(days=1), now=NOW + 2 * MINUTE)
    assert (seated(it), seated(it, later)) == ([1], [3])
    it.withdraw(UUID(int=1), START.date(), now=NOW + 3 * MINUTE)
    assert (seated(it), waiting(it)) == ([2], [3])  # 2 has no other evening
    it.enrol([ReferencePerson(UUID(int=1), "acme", NOW + 4 * MINUTE)], now=NOW + 4 * MINUTE)
    assert (seated(it), waiting(it)) == ([2], [3, 1])  # each holds one other evening; 3 was enrolled before


def test_allotments_follow_the_contracts_until_the_release_unless_they_were_set_by_hand() -> None:
    it = season({"acme": 2}, people("acme", [1, 2, 3]))
    by_hand = replace(evening(3, UUID(int=1002)), by_hand={"acme": 1, "zeebank": 2})
    it.schedule(evening(3), now=NOW)
    it.schedule(by_hand, now=NOW)
    assert (seated(it), seated(it, by_hand.evening_id)) == ([1, 2, 3], [1])
    it.partner("zeebank", 1, now=NOW + MINUTE)
    it.decline(TALK, UUID(int=1), now=NOW + 2 * MINUTE)
    assert not it.may_have(TALK, UUID(int=1), NOW + 2 * MINUTE)  # the third seat is zeebank's by now
    it.partner("acme", 9, now=RELEASE)
    assert it.allotments == {TALK: {"acme": 2, "zeebank": 1}, by_hand.evening_id: {"acme": 1, "zeebank": 2}}


def test_an_evening_that_moves_keeps_its_tickets_but_not_of_who_is_not_active_then() -> None:
    leaver = replace(people("acme", [1])[0], ends_on=START.date())
    it = season({"acme": 2}, [leaver], people("acme", [2, 3]))
    it.schedule(evening(2), now=NOW)
    assert (seated(it), waiting(it)) == ([1, 2], [3])
    it.schedule(evening(2, starts_at=START + timedelta(days=1)), now=NOW + MINUTE)
    assert (seated(it), waiting(it)) == ([2, 3], [])
    it.cancel(TALK, now=NOW + 2 * MINUTE)
    assert (seated(it), waiting(it)) == ([], [])


def test_a_partner_that_leaves_gives_up_its_seats_and_its_people_start_anew_when_it_is_back() -> None:
    it = season({"acme": 1, "zeebank": 1}, people("acme", [1, 2]), people("zeebank", [3, 4]))
    it.schedule(evening(2), now=NOW)
    it.partner_leaves("acme", now=NOW + MINUTE)
    assert (seated(it), waiting(it)) == ([3, 4], [])
    it.partner("acme", 1, now=NOW + 2 * MINUTE)
    assert (seated(it), waiting(it)) == ([3, 4], [1, 2])  # "SeatInventory held stay held"


def test_nothing_changes_any_more_once_an_evening_has_begun() -> None:
    it = season({"acme": 1}, people("acme", [1, 2]))
    it.schedule(evening(1), now=NOW)
    it.decline(TALK, UUID(int=1), now=START)
    it.ask(TALK, [UUID(int=2)], now=START)
    assert not it.pass_on(TALK, UUID(int=1), UUID(int=2), now=START)
    it.erase(UUID(int=1), now=START)
    it.partner_leaves("acme", now=START)
    assert seated(it) == [1]


def test_no_story_oversells_an_evening_or_gives_anybody_two_places() -> None:
    for seed in range(60):
        it = ReferenceSeason()
        largest: dict[UUID, int] = {}
        for step in scenario(random.Random(seed)):
            play(it, step)
            if isinstance(step, Schedule):
                largest[step.evening.evening_id] = max(largest.get(step.evening.evening_id, 0), step.evening.capacity)
            for evening_id in it.evenings:
                assert len(it.holders(evening_id)) <= largest[evening_id], seed
                assert not it.holders(evening_id) & set(it.line(evening_id)), seed


def test_scenarios_are_the_same_for_the_same_dice_and_tell_of_every_moment_they_pass() -> None:
    for seed in range(20):
        base = datetime(2040 + seed, 9, 1, 12, tzinfo=UTC)
        told: list[Step] = scenario(random.Random(seed), steps=30, base=base)
        assert told == scenario(random.Random(seed), steps=30, base=base)
        assert all(earlier.now < later.now for earlier, later in pairwise(told))
        assert any(isinstance(step, Enrol) for step in told)
        releases = {step.evening.evening_id: step.evening.release_at for step in told if isinstance(step, Schedule)}
        ticks = {step.now for step in told if isinstance(step, Tick)}
        announced = {step.evening.evening_id: step.now for step in told if isinstance(step, Schedule)}
        for evening_id, release_at in releases.items():
            assert release_at in ticks or not announced[evening_id] < release_at <= told[-1].now
