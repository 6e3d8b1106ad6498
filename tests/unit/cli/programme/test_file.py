"""Reading the file of a season."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from culture_connect.contracts import LOCAL_TIME, Admission, Venue
from culture_connect_cli.programme.season_file import SeasonFileError, read_season, season_of, with_locations
from culture_connect_cli.programme.times import parse_moment
from tests.unit.cli.programme.season import evening, file

SAMPLE = Path(__file__).parents[4] / "deploy" / "samples" / "season-2026-2027.yaml"
GAP = (
    "does not exist in The Hague, where the clock goes forward then: "
    "write an offset, 2026-03-29 02:30+02:00 or 2026-03-29 02:30+01:00"
)


def problems_of(text: str) -> list[str]:
    with pytest.raises(SeasonFileError) as caught:
        season_of(text)
    return caught.value.problems


def part(kind: str, starts_at: str, ends_at: str) -> dict[str, object]:
    return {"kind": kind, "title": {"nl": kind, "en": kind}, "starts_at": starts_at, "ends_at": ends_at}


def test_an_evening_becomes_what_the_contract_asks_for() -> None:
    season = season_of(file(evening("paard", "2026-09-24", allotments={"acme": "12"})))
    draft = season.entries[0].draft
    assert (season.season, draft.season, draft.venue, draft.capacity) == ("2026-2027", "2026-2027", Venue.PAARD, 200)
    assert draft.starts_at == datetime(2026, 9, 24, 17, 30, tzinfo=UTC)
    assert draft.programme[2].ends_at == datetime(2026, 9, 24, 21, 0, tzinfo=UTC)
    assert draft.allotments == {"acme": 12}
    assert (draft.admission, draft.release_at, draft.closes_at) == (Admission.AUTOMATIC, None, None)


def test_an_empty_field_that_may_be_left_out_is_left_out() -> None:
    draft = season_of(file(evening("paard", "2026-09-24", release_at="", admission="", allotments=""))).entries[0].draft
    assert (draft.admission, draft.release_at, draft.allotments) == (Admission.AUTOMATIC, None, None)


def test_a_part_after_midnight_is_on_the_next_day() -> None:
    parts = [part("concert", "20:00", "23:30"), part("in-depth", "23:30", "00:15"), part("drinks", "00:15", "01:30")]
    late = evening("paard", "2026-09-24", ends_at="2026-09-25 01:30", programme=parts)
    draft = season_of(file(late)).entries[0].draft
    assert draft.programme[-1].ends_at == parse_moment("2026-09-25 01:30")


def test_all_that_is_wrong_is_said_at_once_with_evening_and_field() -> None:
    parts = [part("concert", "19:30", "21:00"), part("in-depth", "later", "21:45"), part("drinks", "21:45", "23:00")]
    found = problems_of(
        file(
            evening("paard", "2026-09-24", capacity="many", title={"nl": "Avond"}, catering="yes"),
            "an evening",
            evening("ndt", "2026-10-08", programme=parts, cancelled={"nl": "Ziek"}),
            evening("ndt", "2026-03-29", starts_at="2026-03-29 02:30", season="2026-2027"),
            evening("ndt", "2026-12-10", starts_at="2026-12-10 23:30", programme=[part("party", "23:30", "1:00")]),
            season="2026",
        )
    )
    assert found == [
        "season: must be two consecutive years such as 2026-2027",
        "evening 1, catering: is not a field of this file",
        "evening 1, title.en: is required",
        "evening 1, capacity: must be a whole number",
        "evening 2: must be a group of fields",
        "evening 3, cancelled.en: is required",
        "evening 3, programme.1.starts_at: must be a time such as 2026-11-05 19:30",
        "evening 4, season: is not a field of this file",
        f"evening 4, starts_at: {GAP}",
        "evening 5, ends_at: must be after starts_at",
        "evening 5, programme.0.kind: must be 'exhibition', 'performance', 'concert', 'in-depth' or 'drinks'",
        "evening 5, programme.0.ends_at: must be after starts_at",
    ]


def test_the_rules_of_an_evening_are_the_contracts() -> None:
    programme = [part("concert", "19:30", "21:00"), part("drinks", "21:00", "22:00")]
    assert problems_of(file(evening("paard", "2026-09-24", programme=programme, allotments={"acme": "201"}))) == [
        "evening 1, programme: must have exactly one in-depth part",
        "evening 1, allotments: must not reserve more seats than the capacity",
    ]


def test_a_key_that_is_there_twice_is_an_error_wherever_it_is() -> None:
    text = file(evening("paard", "2026-09-24")) + "season: 2027-2028\n"
    twice = text.replace("capacity: '200'", "capacity: 200\n  capacity: 300")
    lines = twice.splitlines()
    assert problems_of(twice) == [
        f"line {len(lines)}: season is there already",
        f"line {lines.index('  capacity: 300') + 1}: capacity is there already",
    ]


def test_evenings_on_one_day_or_in_one_place_are_refused() -> None:
    why = {"nl": "Ziek", "en": "Illness"}
    found = problems_of(
        file(
            evening("paard", "2026-09-24"),
            evening("ndt", "2026-09-24"),
            evening("residentie-orkest", "2026-09-24", cancelled=why),
            evening("ndt", "2026-10-08"),
            evening("ndt", "2026-10-08", cancelled=why),
        )
    )
    assert found == [
        "evening 2, starts_at: evening 1 is on the same day, and a season has at most one evening on a day",
        "evening 4: another one is at the same venue on the same day",
        "evening 5: another one is at the same venue on the same day",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must have the fields season and evenings"),
        ("- a list", "must have the fields season and evenings"),
        ("season: 2026-2027", "evenings: must be a list of evenings, whose lines begin with -"),
        ("season: 2026-2027\nevenings: []", "evenings: must be a list of evenings, whose lines begin with -"),
        ("season: [", "line 1, column 10: expected the node content, but found '<stream end>'"),
        ("a: 1\n---\nb: 2", "line 2, column 1: but found another document"),
        ("a: &a [*a]", "line 1, column 4: found unconstructable recursive node"),
        ("[" * 3_000, "is nested too deeply"),
        ("\x00", "is not YAML"),
    ],
)
def test_a_text_that_is_no_season_is_refused(text: str, problem: str) -> None:
    assert problem in problems_of(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("season: café".encode("latin-1"))
    for path, problem in ((tmp_path / "none.yaml", "No such file"), (latin, "UTF-8"), (tmp_path, "directory")):
        with pytest.raises(SeasonFileError, match=problem):
            read_season(path)


def test_an_evening_without_location_is_at_its_venue() -> None:
    season = season_of(file(evening("paard", "2026-09-24", location=None), evening("ndt", "2026-10-08")))
    located = with_locations(season, {"paard": "PAARD, Prinsegracht 12"})
    assert [entry.draft.location for entry in located.entries] == ["PAARD, Prinsegracht 12", "Den Haag"]
    with pytest.raises(SeasonFileError, match="evening 1, location: is required, since no address of paard is known"):
        with_locations(season, {})


def test_the_sample_is_a_season_of_the_five_institutions() -> None:
    season = read_season(SAMPLE)
    assert season.season == "2026-2027"
    assert {entry.draft.venue for entry in season.entries} == set(Venue)
    launch = season.entries[0].draft
    assert (launch.venue, launch.starts_at) == (Venue.PAARD, parse_moment("2026-05-07 19:30"))
    assert "Prinsegracht 12" in launch.location
    assert launch.starts_at.astimezone(LOCAL_TIME).date() == date(2026, 5, 7)
    assert {entry.draft.admission for entry in season.entries} == set(Admission)


def test_the_evenings_of_the_sample_are_on_working_days_and_after_work() -> None:
    starts = [entry.draft.starts_at.astimezone(LOCAL_TIME) for entry in read_season(SAMPLE).entries]
    assert starts == sorted(starts)
    assert all(start.weekday() < 5 and start.hour >= 18 for start in starts)
    assert all(later - earlier > timedelta(days=28) for earlier, later in pairwise(starts))


def test_an_id_is_one_of_an_evening_or_new_and_is_said_once() -> None:
    one = "5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01"
    said = [one, "new", "", "new"]
    evenings = [evening("paard", f"2026-09-2{day}", evening_id=each) for day, each in enumerate(said)]
    entries = season_of(file(*evenings)).entries
    assert [str(each.evening_id) if each.evening_id else None for each in entries] == [one, None, None, None]
    assert [each.is_new for each in entries] == [False, True, False, True]
    evenings = [
        evening("paard", f"2026-09-2{day}", evening_id=each) for day, each in enumerate([one, "7", one.upper()])
    ]
    assert problems_of(file(evenings[0], evenings[1])) == [
        "evening 2, evening_id: must be the id of an evening, or new"
    ]
    assert problems_of(file(evenings[0], evenings[2])) == ["evening 2, evening_id: is that of evening 1 already"]
