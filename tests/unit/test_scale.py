"""The page on scale: its tables follow from the figures and assumptions that it states."""

import re
from typing import Any

import pytest

from tests.benchmarks.capacity import model
from tests.benchmarks.capacity.model import Assumptions, Figures
from tests.benchmarks.capacity.page import BASELINES, IDLE, PAGE, assumptions_of, compute, figures_of, fill, significant

TEXT = PAGE.read_text(encoding="utf-8")
GIVEN = Assumptions(
    partners=10,
    people_per_partner=20,
    evenings=5,
    seats=90,
    declined=0.1,
    opened_page=0.5,
    attending=1.0,
    same_day=0.2,
)


def test_every_computed_table_of_the_page_follows_from_its_figures_and_assumptions() -> None:
    assert compute(TEXT) == TEXT


@pytest.mark.parametrize("path", sorted({peak.path for peak in model.peaks(GIVEN)}))
def test_a_ceiling_that_is_changed_alone_is_noticed(path: str) -> None:
    changed = re.sub(rf"(\| {re.escape(path)} \| )[\d,]+", r"\g<1>7", TEXT, count=1)
    assert changed != TEXT
    assert compute(changed) != changed


@pytest.mark.parametrize("row", range(len(Assumptions.__dataclass_fields__)))
def test_an_assumption_that_is_changed_alone_is_noticed(row: int) -> None:
    start = TEXT.index("<!-- assumptions -->")
    *_, line = TEXT[start:].splitlines()[: row + 4]
    changed = TEXT.replace(line, re.sub(r"\d[\d,]*(%?) \|", r"3\1 |", line, count=1))
    assert assumptions_of(changed) != assumptions_of(TEXT)
    assert compute(changed) != changed


def test_a_load_is_what_all_cities_send_in_the_seconds_of_the_peak() -> None:
    sync, *_, door = model.peaks(GIVEN)
    assert sync.per_second(GIVEN, 50) == pytest.approx(50 * 200 / 3600)
    assert door.per_second(GIVEN, 1) == pytest.approx(90 / 900)
    assert door.per_second(GIVEN, 50) == pytest.approx(10 * 90 / 900)


def test_a_ratio_is_the_load_against_the_ceiling_of_its_path() -> None:
    (letters,) = [peak for peak in model.peaks(GIVEN) if peak.name == "opening, letters"]
    figures = Figures(rates={letters.path: 2.0}, cpu={}, sizes={})
    assert letters.ratio(figures, GIVEN, 36) == pytest.approx(36 * 200 / 3600 / 2.0)


def test_a_city_has_a_letter_for_each_place_and_two_reminders_for_each_seat() -> None:
    assert model.letters_a_year(GIVEN) == 5 * (200 + 2 * 90)


def test_every_peak_stands_against_a_path_that_is_measured() -> None:
    assert {peak.path for peak in model.peaks(GIVEN)} <= BASELINES.keys()


def test_a_run_fills_the_page_and_what_follows_from_it() -> None:
    filled = fill(TEXT, run(rate=1234.5))
    assert compute(filled) == filled
    assert set(figures_of(filled).rates.values()) == {1234.0}
    assert set(figures_of(filled).cpu.values()) == {0.75}
    assert assumptions_of(filled) == assumptions_of(TEXT)
    assert "Measured on 2026-12-01: 2 cores, load average 2.5, Python 3.11.7, rounds: 3." in filled


def test_a_run_without_one_of_the_paths_does_not_fill_the_page() -> None:
    document = run(rate=1.0)
    del document["lines"][3]
    with pytest.raises(KeyError):
        fill(TEXT, document)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.000123, "0.00012"),
        (0.04, "0.040"),
        (0.995, "0.99"),
        (1.44, "1.4"),
        (99.9, "100"),
        (6944.4, "6,944"),
    ],
)
def test_numbers_have_two_significant_digits_and_no_more_decimals(value: float, text: str) -> None:
    assert significant(value) == text


def run(rate: float) -> dict[str, Any]:
    """A run in which every path has this rate and takes 0.75 ms of the system's processors."""
    used = {"RabbitMQ": 0.5, "PostgreSQL": 0.25, "publish_pairs": 9.0}
    lines = [
        {
            "name": name,
            "median_per_second": rate,
            "slowest_per_second": rate,
            "fastest_per_second": rate,
            "cpu_milliseconds_per_unit": used,
        }
        for name in (*BASELINES, *IDLE)
    ]
    return {
        "measured_at": "2026-12-01T10:00:00+00:00",
        "machine": {"cores": 2, "python": "3.11.7", "load": 2.5},
        "settings": {"rounds": 3},
        "lines": lines,
        "sizes": [{"name": name, "bytes": int(value)} for name, value in figures_of(TEXT).sizes.items()],
    }
