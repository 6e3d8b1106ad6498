"""The rules of an evening, with the field that breaks them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from culture_connect.contracts import (
    Admission,
    Evening,
    EveningDraft,
    Venue,
    default_closing,
    default_release,
    refusals,
)

START = datetime(2026, 11, 19, 18, 30, tzinfo=UTC)
EVENING_ID = UUID("5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01")


def at(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def part(kind: str, begins: int, ends: int) -> dict[str, Any]:
    return {"kind": kind, "title": {"nl": kind, "en": kind}, "starts_at": at(begins), "ends_at": at(ends)}


CONCERT, TALK, DRINKS = part("concert", 0, 60), part("in-depth", 60, 100), part("drinks", 100, 180)


def evening(**fields: Any) -> dict[str, Any]:
    """Returns the body of an evening, with no more than it must have."""
    return {
        "season": "2026-2027",
        "venue": "paard",
        "title": {"nl": "Ritme", "en": "Rhythm"},
        "theme": {"nl": "Stad", "en": "City"},
        "starts_at": at(0),
        "ends_at": at(180),
        "location": "PAARD, Prinsegracht 12",
        "capacity": 150,
        "programme": [CONCERT, TALK, DRINKS],
        **fields,
    }


def problems_with(**fields: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(ValidationError) as caught:
        EveningDraft.model_validate(evening(**fields))
    return [(each.field, each.code) for each in refusals(caught.value)]


def test_a_draft_leaves_open_what_has_a_default() -> None:
    filled = EveningDraft.model_validate(evening()).filled(EVENING_ID, 1)

    assert isinstance(filled, Evening)
    assert (filled.evening_id, filled.version, filled.venue) == (EVENING_ID, 1, Venue.PAARD)
    assert filled.admission is Admission.AUTOMATIC
    assert filled.release_at == START - timedelta(days=7)
    assert filled.closes_at == START - timedelta(hours=2)
    assert filled.allotments is None


def test_a_draft_keeps_what_it_says() -> None:
    said = {"release_at": at(-600), "closes_at": at(-10), "admission": "on_request", "allotments": {"acme": 150}}

    filled = EveningDraft.model_validate(evening(**said)).filled(EVENING_ID, 1)

    assert filled.release_at == START - timedelta(minutes=600)
    assert filled.closes_at == START - timedelta(minutes=10)
    assert filled.admission is Admission.ON_REQUEST
    assert filled.allotments == {"acme": 150}


@pytest.mark.parametrize(
    ("starts_at", "released_at"),
    [
        # Clocks go forward on 28 March 2027 and back on 25 October 2026.
        ("2027-03-27T19:30:00+01:00", "2027-03-20T19:30:00+01:00"),
        ("2027-03-29T19:30:00+02:00", "2027-03-22T19:30:00+01:00"),
        ("2027-04-03T17:30:00+00:00", "2027-03-27T19:30:00+01:00"),
        ("2027-04-04T19:30:00+02:00", "2027-03-28T19:30:00+02:00"),
        ("2026-10-24T19:30:00+02:00", "2026-10-17T19:30:00+02:00"),
        ("2026-10-25T19:30:00+01:00", "2026-10-18T19:30:00+02:00"),
        ("2026-10-26T18:30:00+00:00", "2026-10-19T19:30:00+02:00"),
        # There is no such time a week before, or it is there twice.
        ("2027-04-04T02:30:00+02:00", "2027-03-28T03:30:00+02:00"),
        ("2026-11-01T02:30:00+01:00", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_seats_are_released_a_week_before_at_the_same_time_on_the_clock(starts_at: str, released_at: str) -> None:
    starts, released = datetime.fromisoformat(starts_at), datetime.fromisoformat(released_at)

    assert default_release(starts) == released
    assert default_closing(starts) == starts - timedelta(hours=2)


def test_parts_may_go_on_beside_each_other() -> None:
    EveningDraft.model_validate(evening(programme=[part("exhibition", 0, 180), TALK, DRINKS]))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"season": "2026"}, ("season", "not_a_season")),
        ({"season": "2026-2028"}, ("season", "not_a_season")),
        ({"season": "2026-2027\n"}, ("season", "not_a_season")),
        ({"season": 2026}, ("season", "not_a_string")),
        ({"venue": "elsewhere"}, ("venue", "not_allowed")),
        ({"title": {"nl": "Ritme"}}, ("title.en", "missing")),
        ({"title": {"nl": "Ritme", "en": "a\nb"}}, ("title.en", "control_character")),
        ({"starts_at": "2026-11-19T18:30:00"}, ("starts_at", "no_offset")),
        ({"starts_at": 1_800_000_000}, ("starts_at", "not_a_time")),
        ({"starts_at": "1800000000"}, ("starts_at", "not_a_time")),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, ("starts_at", "out_of_range")),
        ({"ends_at": at(0), "programme": [CONCERT]}, ("ends_at", "before_start")),
        ({"capacity": 0}, ("capacity", "too_small")),
        ({"capacity": "150"}, ("capacity", "not_an_integer")),
        ({"capacity": 150.0}, ("capacity", "not_an_integer")),
        ({"capacity": True}, ("capacity", "not_an_integer")),
        ({"admission": "paid"}, ("admission", "not_allowed")),
        ({"release_at": at(1)}, ("release_at", "after_start")),
        ({"release_at": at(0)}, ("release_at", "after_start")),
        ({"closes_at": at(1)}, ("closes_at", "after_start")),
        ({"closes_at": at(0)}, ("closes_at", "after_start")),
        ({"programme": []}, ("programme", "too_short")),
        ({"programme": [TALK, DRINKS]}, ("programme", "nothing_to_see")),
        ({"programme": [CONCERT, DRINKS]}, ("programme", "one_in_depth_part")),
        ({"programme": [CONCERT, TALK, TALK, DRINKS]}, ("programme", "one_in_depth_part")),
        ({"programme": [CONCERT, TALK]}, ("programme", "drinks_last")),
        ({"programme": [part("exhibition", 0, 200), TALK, DRINKS]}, ("programme", "drinks_last")),
        ({"programme": [TALK, CONCERT, DRINKS]}, ("programme", "out_of_order")),
        ({"programme": [part("concert", -10, 60), TALK, DRINKS]}, ("programme", "outside_evening")),
        ({"programme": [CONCERT, TALK, part("drinks", 100, 181)]}, ("programme", "outside_evening")),
        ({"programme": [part("concert", 60, 60), TALK, DRINKS]}, ("programme.0.ends_at", "before_start")),
        ({"allotments": {"acme": 100, "gemeente": 51}}, ("allotments", "over_capacity")),
        ({"allotments": {"acme": -1}}, ("allotments.acme", "too_small")),
        ({"evening_id": str(EVENING_ID)}, ("evening_id", "unknown_field")),
        ({"colour": "red"}, ("colour", "unknown_field")),
    ],
)
def test_an_evening_that_breaks_a_rule_is_refused(fields: dict[str, Any], problem: tuple[str, str]) -> None:
    assert problem in problems_with(**fields)


def test_a_partner_of_an_allotment_is_named_by_its_slug() -> None:
    [(field, code)] = problems_with(allotments={"Acme N.V.": 3})

    assert code == "malformed"
    assert (field or "").startswith("allotments")
