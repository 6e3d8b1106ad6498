"""Times without an offset are those of The Hague."""

from datetime import UTC, datetime

import pytest

from culture_connect_cli.programme.times import InvalidTimeError, parse_clock, parse_moment


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-05-07 19:30", 17),
        ("2026-05-07T19:30:00", 17),
        ("2026-05-07 19:30Z", 19),
        ("2026-05-07 19:30 +01:00", 18),
        ("2026-05-07T19:30-02:00", 21),
    ],
)
def test_a_time_without_offset_is_a_local_one_and_an_offset_is_kept(text: str, hour: int) -> None:
    assert parse_moment(text) == datetime(2026, 5, 7, hour, 30, tzinfo=UTC)


def test_winter_has_another_offset() -> None:
    assert parse_moment("2026-11-26 19:00") == datetime(2026, 11, 26, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-03-29 02:00", "2026-03-29 02:30", "2027-03-28 02:59"])
def test_a_time_that_the_spring_leaves_out_is_refused(text: str) -> None:
    with pytest.raises(InvalidTimeError, match=r"does not exist.*write an offset, .*\+02:00"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["2026-10-25 02:00", "2026-10-25 02:30", "2026-10-25T02:59:59"])
def test_a_time_that_comes_twice_in_autumn_is_refused(text: str) -> None:
    with pytest.raises(InvalidTimeError, match=r"comes twice.*write an offset, 2026-10-25 02:.*\+01:00"):
        parse_moment(text)


def test_around_the_change_of_the_clock_times_are_plain() -> None:
    edges = ["2026-03-29 01:59", "2026-03-29 03:00", "2026-10-25 01:59", "2026-10-25 03:00"]
    assert [parse_moment(text).astimezone(UTC).hour for text in edges] == [0, 1, 23, 2]
    assert parse_moment("2026-10-25 02:30+02:00").astimezone(UTC).hour == 0


@pytest.mark.parametrize(
    "text", ["", "19:30", "2026-05-07", "2026-13-07 19:30", "2026-05-07 24:00", "7 mei 2026 19:30", ["x"], None]
)
def test_what_is_no_time_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(InvalidTimeError, match="must be a time such as 2026-11-05 19:30"):
        parse_moment(text)


def test_a_time_of_day_is_on_the_day_of_the_evening() -> None:
    evening = (parse_moment("2026-05-07 19:30"), parse_moment("2026-05-07 23:00"))
    assert parse_clock("21:15", *evening) == parse_moment("2026-05-07 21:15")
    assert parse_clock("9:15", *evening) == parse_moment("2026-05-07 09:15")


def test_a_time_of_day_before_the_start_is_the_next_day_if_the_evening_goes_past_midnight() -> None:
    evening = (parse_moment("2026-05-07 19:30"), parse_moment("2026-05-08 01:00"))
    assert parse_clock("23:30", *evening) == parse_moment("2026-05-07 23:30")
    assert parse_clock("00:30", *evening) == parse_moment("2026-05-08 00:30")


def test_a_time_of_day_in_the_night_of_the_change_is_refused_as_well() -> None:
    evening = (parse_moment("2026-10-24 19:30"), parse_moment("2026-10-25 04:00"))
    with pytest.raises(InvalidTimeError, match="comes twice"):
        parse_clock("02:30", *evening)
