"""A change of an evening as people would tell it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from culture_connect.contracts import Language, Localised, PartKind, ProgrammePart, Venue
from notifications.domain.changes import material
from notifications.rendering.changes import Change, changes
from tests.unit.notifications.composed import told_evening

BEFORE = told_evening()


def told(language: Language = Language.NL, /, **changed: Any) -> list[Change]:
    """What is told of these changes."""
    return changes(BEFORE, told_evening(**changed), language)


def test_an_evening_that_stayed_as_it_was_has_nothing_to_tell() -> None:
    assert told() == []


@pytest.mark.parametrize(
    "changed",
    [{"capacity": 1}, {"version": 9}, {"closes_at": datetime(2026, 11, 1, tzinfo=UTC)}, {"season": "2027-2028"}],
)
def test_what_guests_would_not_notice_is_no_change(changed: dict[str, Any]) -> None:
    assert material(BEFORE, told_evening(**changed)) == frozenset()
    assert told(**changed) == []


def test_another_day_at_the_same_hour_is_another_date() -> None:
    later = {
        "starts_at": datetime(2026, 11, 12, 18, 30, tzinfo=UTC),
        "ends_at": datetime(2026, 11, 12, 22, 0, tzinfo=UTC),
    }
    assert told(**later) == [Change("Datum", "donderdag 5 november 2026", "donderdag 12 november 2026")]


def test_another_hour_is_told_in_the_readers_language() -> None:
    earlier = {"starts_at": datetime(2026, 11, 5, 18, 0, tzinfo=UTC)}
    assert told(**earlier) == [Change("Tijd", "19.30 – 23.00", "19.00 – 23.00")]
    assert told(Language.EN, **earlier) == [Change("Time", "19:30 – 23:00", "19:00 – 23:00")]


def test_house_and_place_are_told_apart() -> None:
    assert told(venue=Venue.NDT, location="Spuiplein 150, Den Haag") == [
        Change("Huis", "PAARD", "Nederlands Dans Theater"),
        Change("Plaats", "Prinsegracht 12, Den Haag", "Spuiplein 150, Den Haag"),
    ]


def test_a_title_that_changed_in_the_other_language_only_is_not_told() -> None:
    other = Localised(nl=BEFORE.title.nl, en="Noise & silence")
    assert told(title=other) == []
    assert told(Language.EN, title=other) == [Change("Title", "Sound & silence", "Noise & silence")]


def test_parts_of_the_programme_are_added_moved_and_dropped() -> None:
    concert, in_depth, drinks = BEFORE.programme
    moved = concert.model_copy(update={"ends_at": datetime(2026, 11, 5, 19, 30, tzinfo=UTC)})
    added = ProgrammePart(
        kind=PartKind.EXHIBITION,
        title=Localised(nl="Rondgang", en="Tour"),
        starts_at=datetime(2026, 11, 5, 19, 30, tzinfo=UTC),
        ends_at=datetime(2026, 11, 5, 19, 45, tzinfo=UTC),
    )
    assert told(programme=[moved, added, drinks]) == [
        Change("Concert: Nieuwe stemmen", "19.30 – 20.45", "19.30 – 20.30"),
        Change("Tentoonstelling: Rondgang", "stond niet op het programma", "20.30 – 20.45"),
        Change("Verdieping: In gesprek met de componist", "20.45 – 21.30", "vervalt"),
    ]
    assert in_depth.kind is PartKind.IN_DEPTH


def test_another_evening_id_alone_is_no_change() -> None:
    assert told(evening_id=UUID(int=1)) == []
