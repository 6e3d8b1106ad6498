"""A change of an evening as people would tell it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from culture_connect.contracts import Language, Localised, PartKind, ProgrammePart, Venue
from notifications.contents import PublishedEvening
from notifications.domain.decisions import material_changes
from notifications.rendering.evening_changes import Change, changes
from tests.unit.notifications.composed import told_evening

BEFORE = told_evening()
CONCERT, IN_DEPTH, DRINKS = BEFORE.programme
TOUR = ProgrammePart(
    kind=PartKind.EXHIBITION,
    title=Localised(nl="Rondgang", en="Tour"),
    starts_at=datetime(2026, 11, 5, 19, 30, tzinfo=UTC),
    ends_at=datetime(2026, 11, 5, 19, 45, tzinfo=UTC),
)


def told(language: Language = Language.NL, /, **changed: Any) -> list[Change]:
    """Returns what is told of these changes."""
    return changes(BEFORE, told_evening(**changed), language)


def moved(evening: PublishedEvening, by: timedelta) -> dict[str, Any]:
    """The fields of the evening with all its parts so much later."""
    return {
        "starts_at": evening.starts_at + by,
        "ends_at": evening.ends_at + by,
        "programme": [later(part, by) for part in evening.programme],
    }


def later(part: ProgrammePart, by: timedelta) -> ProgrammePart:
    """The part so much later."""
    return part.model_copy(update={"starts_at": part.starts_at + by, "ends_at": part.ends_at + by})


def titled(part: ProgrammePart, nl: str) -> ProgrammePart:
    """The part with another title."""
    return part.model_copy(update={"title": Localised(nl=nl, en=nl)})


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"capacity": 1},
        {"version": 9},
        {"closes_at": datetime(2026, 11, 1, tzinfo=UTC)},
        {"season": "2027-2028"},
        {"evening_id": UUID(int=1)},
    ],
)
def test_what_guests_would_not_notice_is_no_change(changed: dict[str, Any]) -> None:
    assert material_changes(BEFORE, told_evening(**changed)) == frozenset()
    assert told(**changed) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", Localised(nl="Ruis", en="Noise")),
        ("theme", Localised(nl="Tijd", en="Time")),
        ("starts_at", BEFORE.starts_at - timedelta(hours=1)),
        ("ends_at", BEFORE.ends_at + timedelta(hours=1)),
        ("venue", Venue.NDT),
        ("location", "Spuiplein 150, Den Haag"),
        ("programme", [CONCERT, TOUR, IN_DEPTH, DRINKS]),
    ],
)
def test_everything_guests_are_told_of_is_material(field: str, value: Any) -> None:
    assert material_changes(BEFORE, told_evening(**{field: value})) == {field}
    assert len(told(**{field: value})) == 1


def test_the_same_moment_written_with_another_offset_is_no_change() -> None:
    same = BEFORE.starts_at.astimezone(UTC)
    assert material_changes(BEFORE, told_evening(starts_at=same)) == frozenset()


def test_another_hour_is_told_with_its_day_in_the_readers_language() -> None:
    earlier = {"starts_at": datetime(2026, 11, 5, 18, 0, tzinfo=UTC)}
    assert told(**earlier) == [
        Change(
            "Wanneer",
            "donderdag 5 november 2026, 19.30 tot 23.00 uur",
            "donderdag 5 november 2026, 19.00 tot 23.00 uur",
        )
    ]
    assert told(Language.EN, **earlier) == [
        Change("When", "Thursday 5 November 2026, 19:30 to 23:00", "Thursday 5 November 2026, 19:00 to 23:00")
    ]


@pytest.mark.parametrize("by", [timedelta(days=7), timedelta(minutes=30), timedelta(days=-1, hours=1)])
def test_parts_that_move_with_their_evening_are_not_told_one_by_one(by: timedelta) -> None:
    assert [change.label for change in told(**moved(BEFORE, by))] == ["Wanneer"]


def test_an_evening_that_moves_across_a_change_of_clocks_keeps_its_programme() -> None:
    # From winter time to summer time, in UTC an hour less than whole days.
    [change] = told(**moved(BEFORE, timedelta(days=147) - timedelta(hours=1)))
    assert change.new == "donderdag 1 april 2027, 19.30 tot 23.00 uur"


def test_house_and_place_are_told_as_one() -> None:
    assert told(venue=Venue.NDT, location="Spuiplein 150, Den Haag") == [
        Change("Waar", "PAARD, Prinsegracht 12, Den Haag", "Nederlands Dans Theater, Spuiplein 150, Den Haag")
    ]


def test_a_title_that_changed_in_the_other_language_only_is_not_told() -> None:
    other = Localised(nl=BEFORE.title.nl, en="Noise & silence")
    assert told(title=other) == []
    assert told(Language.EN, title=other) == [Change("Title", "Sound & silence", "Noise & silence")]


def test_a_part_that_moves_alone_is_told_by_its_name() -> None:
    longer = CONCERT.model_copy(update={"ends_at": CONCERT.ends_at - timedelta(minutes=15)})
    assert told(programme=[longer, IN_DEPTH, DRINKS]) == [
        Change("Concert: Nieuwe stemmen", "19.30 – 20.45", "19.30 – 20.30")
    ]


def test_a_part_that_is_added_has_no_old_and_one_that_is_gone_no_new() -> None:
    assert told(programme=[CONCERT, TOUR, DRINKS]) == [
        Change("Nieuw op het programma", None, "20.30 – 20.45, Tentoonstelling: Rondgang"),
        Change("Niet meer op het programma", "20.45 – 21.30, Verdieping: In gesprek met de componist", None),
    ]


def test_another_title_at_the_same_time_is_another_title_and_no_other_part() -> None:
    assert told(programme=[titled(CONCERT, "Oude stemmen"), IN_DEPTH, DRINKS]) == [
        Change("Concert", "Nieuwe stemmen", "Oude stemmen")
    ]


def test_another_title_at_another_time_is_told_with_the_times() -> None:
    other = later(titled(CONCERT, "Oude stemmen"), timedelta(minutes=-15))
    assert told(programme=[other, IN_DEPTH, DRINKS]) == [
        Change("Concert", "19.30 – 20.45, Nieuwe stemmen", "19.15 – 20.30, Oude stemmen")
    ]


def test_of_two_parts_of_the_same_name_the_one_that_is_gone_is_told() -> None:
    again = later(TOUR, timedelta(minutes=15))
    before = told_evening(programme=[TOUR, again, IN_DEPTH, DRINKS])
    now = told_evening(programme=[again, IN_DEPTH, DRINKS])
    assert changes(before, now, Language.NL) == [
        Change("Niet meer op het programma", "20.30 – 20.45, Tentoonstelling: Rondgang", None)
    ]


def test_text_from_outside_is_told_in_a_line() -> None:
    [change] = told(title=Localised.model_construct(nl="Klank\r\n& =?utf-8?q?x?=", en="x"))
    assert change.new == "Klank & = ?utf-8?q?x?="
