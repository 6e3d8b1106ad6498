"""Changes of an evening that are accepted."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from culture_connect.contracts import Evening, EveningDraft
from registration.domain.errors import InvalidRequest
from registration.domain.programme import changed
from tests.service.registration.harness import evening as body
from tests.service.registration.harness import moved

NOW = datetime.fromisoformat("2027-05-07T18:00:00+02:00")  # when the evening begins
MOMENT = timedelta(microseconds=1)
TIMES = ("starts_at", "ends_at", "programme")


def evening(day: str = "2027-05-07") -> Evening:
    return EveningDraft.model_validate(moved(body(), day)).filled(uuid4(), 1)


def to(day: str) -> dict[str, Any]:
    return {name: moved(body(), day)[name] for name in TIMES}


@pytest.mark.parametrize("day", ["2027-05-07", "2027-04-01", "2001-12-31"])
def test_an_evening_does_not_move_to_a_moment_that_has_come(day: str) -> None:
    later = evening("2027-05-08")
    with pytest.raises(InvalidRequest) as caught:
        changed(later, to(day), NOW)
    assert [(each.field, each.code) for each in caught.value.errors] == [("starts_at", "in_the_past")]


def test_an_evening_moves_to_any_moment_that_is_still_to_come() -> None:
    after, fields = changed(evening("2027-05-08"), to("2027-05-07"), NOW - MOMENT)
    assert (after.starts_at, "starts_at" in fields) == (NOW, True)


@pytest.mark.parametrize(
    "correction", [{"title": {"nl": "Anders", "en": "Another"}}, {"ends_at": "2027-05-07T23:00:00+02:00"}, {}]
)
def test_an_evening_that_is_over_is_corrected_in_all_but_its_start(correction: dict[str, Any]) -> None:
    _, fields = changed(evening(), {**to("2027-05-07"), **correction}, NOW + timedelta(days=300))
    assert fields == list(correction)


def test_an_evening_that_is_over_moves_to_a_day_to_come() -> None:
    assert changed(evening(), to("2027-06-07"), NOW + timedelta(days=1))[0].version == 2
