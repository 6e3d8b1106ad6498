"""The plan that makes the programme the same as the file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from culture_connect_cli.programme import plan_text
from culture_connect_cli.programme.plan import Plan, Scheduled, resolve
from culture_connect_cli.programme.plan import compare as compare_at
from culture_connect_cli.programme.season_file import Entry, season_of
from tests.unit.cli.programme.season import PARTS, evening, file

SUMMER = datetime(2026, 7, 1, tzinfo=UTC)
WHY = {"nl": "De zaal heeft waterschade", "en": "The hall has water damage"}


def entries(*evenings: dict[str, Any]) -> list[Entry]:
    return season_of(file(*evenings)).entries


def scheduled(*evenings: dict[str, Any]) -> list[Scheduled]:
    """As if these had been scheduled, and called off where they say so."""
    return [
        Scheduled(entry.draft.filled(uuid4(), 1), cancelled=entry.reason is not None)
        for each in evenings
        for entry in entries(each)
    ]


def compare(entries: Sequence[Entry], programme: Sequence[Scheduled], *, prune: bool = False) -> Plan:
    """As it is in the summer before the season, unless another moment matters."""
    return compare_at(entries, programme, SUMMER, prune=prune)


def only_change(plan: Plan) -> dict[str, Any]:
    assert (plan.steps, len(plan.change)) == (1, 1)
    return plan.change[0].body


def test_a_season_as_in_the_file_needs_nothing() -> None:
    season = [evening("paard", "2026-09-24"), evening("ndt", "2026-10-08", admission="on_request")]
    plan = compare(entries(*season), scheduled(*season))
    assert (plan.steps, plan.same, list(plan_text.plan_lines(plan))) == (0, 2, ["= 2 evenings are as in the file"])


def test_what_the_programme_does_not_have_is_scheduled() -> None:
    plan = compare(entries(evening("paard", "2026-09-24")), [])
    assert [entry.number for entry in plan.schedule] == [1]
    assert list(plan_text.plan_lines(plan)) == ["+ schedule PAARD, 2026-09-24 19:30, “Evening at paard”"]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"capacity": "250"}, "capacity 200 -> 250"),
        ({"admission": "on_request"}, "admission automatic -> on_request"),
        ({"location": "Amare"}, "location “Den Haag” -> “Amare”"),
        ({"title": {"nl": "Avond bij paard", "en": "Night"}}, "title.en “Evening at paard” -> “Night”"),
        ({"ends_at": "2026-09-24 23:30"}, "ends_at 2026-09-24 23:00 -> 2026-09-24 23:30"),
        ({"release_at": "2026-09-01 12:00"}, "release_at 2026-09-17 19:30 -> 2026-09-01 12:00"),
        ({"allotments": {"acme": "10"}}, None),
    ],
)
def test_one_difference_is_one_line_and_one_field(fields: dict[str, Any], line: str | None) -> None:
    plan = compare(entries(evening("paard", "2026-09-24", **fields)), scheduled(evening("paard", "2026-09-24")))
    assert list(only_change(plan)) == list(fields)
    if line:
        assert list(plan_text.plan_lines(plan)) == [f"~ change PAARD, 2026-09-24 19:30, “Evening at paard”: {line}"]


def test_several_differences_are_told_below_the_evening() -> None:
    parts = [
        {"kind": kind, "title": {"nl": f"Avond bij {kind}", "en": kind}, "starts_at": start, "ends_at": end}
        for kind, start, end in PARTS
    ]
    before, after = evening("paard", "2026-09-24", programme=parts), evening("paard", "2026-09-24", capacity="90")
    after["programme"] = [parts[0], {**parts[1], "ends_at": "21:30"}, parts[2]]
    plan = compare(entries(after), scheduled(before))
    assert list(plan_text.plan_lines(plan)) == [
        "~ change PAARD, 2026-09-24 19:30, “Evening at paard”:",
        "    capacity 200 -> 90",
        "    programme.1.ends_at 2026-09-24 21:45 -> 2026-09-24 21:30",
    ]


def test_what_the_file_leaves_out_goes_back_to_its_default() -> None:
    said = {
        "release_at": "2026-09-01 12:00",
        "closes_at": "2026-09-24 12:00",
        "admission": "on_request",
        "allotments": {"acme": "10"},
    }
    plan = compare(entries(evening("paard", "2026-09-24")), scheduled(evening("paard", "2026-09-24", **said)))
    assert only_change(plan) == {"release_at": None, "closes_at": None, "admission": "automatic", "allotments": None}


def test_a_default_across_the_change_of_the_clock_is_at_the_same_time_of_day() -> None:
    plain, spelled = evening("paard", "2026-10-29"), evening("paard", "2026-10-29", release_at="2026-10-22 19:30")
    assert compare(entries(plain), scheduled(spelled)).steps == 0
    assert compare(entries(spelled), scheduled(plain)).steps == 0


def test_one_evening_of_a_venue_left_on_both_sides_has_moved() -> None:
    before = scheduled(evening("paard", "2026-09-24"), evening("ndt", "2026-10-08"))
    plan = compare(entries(evening("ndt", "2026-10-08"), evening("paard", "2026-10-01")), before)
    body = only_change(plan)
    assert plan.change[0].scheduled is before[0]
    # Release and closing are at their defaults and move along by themselves.
    assert set(body) == {"starts_at", "ends_at", "programme"}
    assert not plan.not_in_file


def test_a_release_that_the_file_holds_on_to_does_not_move_along() -> None:
    before = scheduled(evening("paard", "2026-09-24"))
    moved = evening("paard", "2026-09-25", release_at="2026-09-17 19:30")
    assert only_change(compare(entries(moved), before))["release_at"] == "2026-09-17T19:30:00+02:00"


def another_title(day: str, **fields: Any) -> dict[str, Any]:
    return evening("paard", day, title={"nl": "Iets anders", "en": "Another thing"}, **fields)


def test_two_evenings_of_a_venue_left_are_not_guessed_about() -> None:
    before = scheduled(evening("paard", "2026-09-24"), evening("paard", "2026-10-08"))
    wanted = entries(evening("paard", "2026-11-12"))
    for prune in (False, True):
        plan = compare(wanted, before, prune=prune)
        assert (plan.steps, plan.not_in_file) == (0, ())
        [ambiguity] = plan.ambiguities
        assert (ambiguity.entry, list(ambiguity.candidates)) == (wanted[0], before)


def test_an_evening_of_another_title_at_the_same_venue_is_in_doubt_until_somebody_says_which() -> None:
    before = scheduled(evening("paard", "2026-09-24"))
    wanted = entries(another_title("2026-10-01"))
    plan = compare(wanted, before)
    assert (plan.steps, list(plan_text.plan_lines(plan))) == (
        0,
        [
            (
                "? PAARD, 2026-10-01 19:30, “Another thing” may be another evening, or one that has moved: "
                "PAARD, 2026-09-24 19:30, “Evening at paard”"
            )
        ],
    )
    [ambiguity] = plan.ambiguities
    moved = compare(resolve(wanted, ambiguity, before[0]), before)
    assert (moved.ambiguities, moved.schedule, [each.scheduled for each in moved.change]) == ((), (), before)
    another = compare(resolve(wanted, ambiguity, None), before)
    assert (another.ambiguities, another.change, len(another.schedule), list(another.not_in_file)) == (
        (),
        (),
        1,
        before,
    )


def test_what_the_file_says_about_ids_leaves_no_doubt() -> None:
    before = scheduled(evening("paard", "2026-09-24"), evening("paard", "2026-10-08"))
    ids = [str(each.evening.evening_id) for each in before]
    # The two change their names and days: by venue, day and title they would be taken for each other.
    after = [
        another_title("2026-10-08", evening_id=ids[0]),
        evening("paard", "2026-11-12", evening_id=ids[1]),
        evening("paard", "2026-09-24", evening_id="new"),
    ]
    plan = compare(entries(*after), before)
    assert [(each.scheduled.evening.evening_id, each.entry.number) for each in plan.change] == [
        (before[1].evening.evening_id, 2),
        (before[0].evening.evening_id, 1),
    ]
    assert ([each.number for each in plan.schedule], plan.ambiguities, plan.conflicts, plan.not_in_file) == (
        [3],
        (),
        (),
        (),
    )


def test_an_evening_that_is_new_once_is_the_same_evening_the_next_time() -> None:
    new = another_title("2026-10-01", evening_id="new")
    both = scheduled(evening("paard", "2026-09-24"), another_title("2026-10-01"))
    plan = compare(entries(new), both)
    assert (plan.steps, plan.same, plan.ambiguities, list(plan.not_in_file)) == (0, 1, (), both[:1])


def test_an_evening_named_by_its_id_is_called_off_wherever_it_stands() -> None:
    before = scheduled(evening("paard", "2026-09-24"), evening("paard", "2026-10-08"))
    off = evening("paard", "2026-10-01", cancelled=WHY, evening_id=str(before[1].evening.evening_id))
    plan = compare(entries(off), before)
    assert ([each.scheduled for each in plan.cancel], list(plan.not_in_file)) == (before[1:], before[:1])


@pytest.mark.parametrize(
    ("venue", "cancelled", "known", "conflict"),
    [
        ("paard", False, False, "evening 1, evening_id: the season has no such evening"),
        ("ndt", False, True, "evening 1, venue: cannot be changed, the evening is at paard: call it off and"),
        ("paard", True, True, "evening 1, evening_id: that evening was called off; without this line it is"),
    ],
)
def test_an_id_that_cannot_be_meant_is_a_conflict(venue: str, cancelled: bool, known: bool, conflict: str) -> None:
    before = scheduled(evening("paard", "2026-09-24", cancelled=WHY if cancelled else None))
    evening_id = before[0].evening.evening_id if known else uuid4()
    plan = compare(entries(evening(venue, "2026-09-24", evening_id=str(evening_id))), before)
    assert [each.startswith(conflict) for each in plan.conflicts] == [True]
    assert plan.steps == 0


@pytest.mark.parametrize("by_id", [True, False])
def test_an_evening_does_not_move_into_the_past(by_id: bool) -> None:
    before = scheduled(evening("paard", "2026-09-24"))
    said = {"evening_id": str(before[0].evening.evening_id)} if by_id else {}
    wanted = entries(evening("paard", "2026-07-02", **said))
    now = wanted[0].draft.starts_at
    assert compare_at(wanted, before, now).conflicts == ("evening 1, starts_at: must not move into the past",)
    assert compare(wanted, before).conflicts == ()


def test_an_evening_that_took_place_can_be_corrected_and_is_not_taken_for_one_that_moved() -> None:
    before = scheduled(evening("paard", "2026-09-24"))
    after = datetime(2026, 10, 1, tzinfo=UTC)
    corrected = compare_at(entries(another_title("2026-09-24")), before, after)
    assert ([*only_change(corrected)], corrected.conflicts) == (["title"], ())
    following = compare_at(entries(evening("paard", "2026-11-12")), before, after)
    assert (len(following.schedule), following.ambiguities, list(following.not_in_file)) == (1, (), before)


def test_an_evening_that_is_over_before_it_is_scheduled_is_shown_as_such() -> None:
    plan = compare_at(entries(evening("paard", "2026-09-24")), [], datetime(2026, 10, 1, tzinfo=UTC))
    assert list(plan_text.plan_lines(plan)) == [
        "+ schedule PAARD, 2026-09-24 19:30, “Evening at paard”, which is over already: nobody hears of it"
    ]


def test_an_evening_that_the_file_does_not_have_stays_unless_it_is_pruned() -> None:
    before = scheduled(evening("paard", "2026-09-24"))
    plan, pruned = (compare(entries(evening("ndt", "2026-10-08")), before, prune=prune) for prune in (False, True))
    stays = "? not in the file: PAARD, 2026-09-24 19:30, “Evening at paard”; it stays, --prune calls it off"
    assert stays in plan_text.plan_lines(plan)
    assert not plan.cancel
    assert "- call off PAARD, 2026-09-24 19:30, “Evening at paard”" in plan_text.plan_lines(pruned)
    assert [each.scheduled for each in pruned.cancel] == before


def test_an_entry_that_is_called_off_calls_its_evening_off_once() -> None:
    off = evening("paard", "2026-09-24", cancelled=WHY)
    plan = compare(entries(off), scheduled(evening("paard", "2026-09-24")))
    assert list(plan_text.plan_lines(plan)) == [
        "- call off PAARD, 2026-09-24 19:30, “Evening at paard”: The hall has water damage"
    ]
    assert compare(entries(off), scheduled(off)) == Plan(same=1)


def test_an_evening_that_was_called_off_is_scheduled_anew_when_its_entry_is_not_any_more() -> None:
    over = scheduled(evening("paard", "2026-09-24", cancelled=WHY))
    plan = compare(entries(evening("paard", "2026-09-24")), over, prune=True)
    assert (plan.steps, len(plan.schedule)) == (1, 1)


def test_an_evening_scheduled_again_is_called_off_again() -> None:
    again = scheduled(evening("paard", "2026-09-24", cancelled=WHY), evening("paard", "2026-09-24"))
    plan = compare(entries(evening("paard", "2026-09-24", cancelled=WHY)), again)
    assert [each.scheduled for each in plan.cancel] == again[1:]


def test_a_called_off_entry_that_never_was_there_is_not_scheduled_nor_guessed_to_have_moved() -> None:
    before = scheduled(evening("paard", "2026-09-24"))
    plan = compare(entries(evening("paard", "2026-10-01", cancelled=WHY)), before)
    assert (plan.steps, len(plan.never_scheduled), list(plan.not_in_file)) == (0, 1, before)


def test_a_house_that_steps_in_takes_the_day_of_the_one_that_is_called_off() -> None:
    before = scheduled(evening("paard", "2026-09-24"))
    plan = compare(entries(evening("paard", "2026-09-24", cancelled=WHY), evening("ndt", "2026-09-24")), before)
    assert (len(plan.cancel), len(plan.schedule), plan.conflicts) == (1, 1, ())


def test_a_day_is_freed_before_another_evening_moves_to_it() -> None:
    before = scheduled(
        evening("paard", "2026-09-24"), evening("ndt", "2026-10-01"), evening("beelden-aan-zee", "2026-10-08")
    )
    after = entries(
        evening("paard", "2026-10-01"), evening("ndt", "2026-10-08"), evening("beelden-aan-zee", "2026-10-15")
    )
    plan = compare(after, before)
    assert [change.entry.draft.venue.value for change in plan.change] == ["beelden-aan-zee", "ndt", "paard"]
    assert not plan.conflicts


def test_evenings_that_change_places_are_a_conflict() -> None:
    before = scheduled(evening("paard", "2026-09-24"), evening("ndt", "2026-10-01"))
    plan = compare(entries(evening("paard", "2026-10-01"), evening("ndt", "2026-09-24")), before)
    assert [conflict.partition(": ")[0] for conflict in plan.conflicts] == [
        "evening 1, starts_at",
        "evening 2, starts_at",
    ]


def test_a_day_that_an_evening_outside_the_file_has_is_a_conflict_unless_it_is_pruned() -> None:
    before = scheduled(evening("paard", "2026-09-24"))
    wanted = entries(evening("ndt", "2026-09-24"))
    [conflict] = compare(wanted, before).conflicts
    assert conflict == (
        "evening 1, starts_at: the season has another evening on 2026-09-24, which is not in the file: "
        "PAARD, 2026-09-24 19:30, “Evening at paard”"
    )
    assert compare(wanted, before, prune=True).conflicts == ()
