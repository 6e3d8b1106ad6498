"""An export opens safely in a spreadsheet, and reads back as it was."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.domain.hr_file import HEADER, HrFile, csv_line
from registration.domain.hr_file.values import cell_text
from tests.unit.registration.hr_file.files import requests
from tests.unit.registration.hr_file.people import PEOPLE, People, cells_of

# What wraps, protects or separates, more often than chance would bring it.
INVISIBLE = (
    "\u00a0\u00ad\u034f\u115f\u180e\u200b\u200c\u200d\u200e\u202e\u2060\u2066\u3000\u3164\ufe0f\ufeff\uffa0\U000e0001"
)
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
TRICKY = st.text(st.sampled_from(f"'{SIGNS}{INVISIBLE}\t\r\n\";, a\u00e9")) | st.text(
    st.characters(exclude_characters="\0")
)


def plainly(line: str) -> list[str]:
    """The cells of a line as any reader of CSV sees them."""
    [cells] = csv.reader(io.StringIO(line, newline=""), delimiter=";", strict=True)
    return cells


def test_a_line_is_separated_by_semicolons_and_quoted_where_it_must_be() -> None:
    assert csv_line(["1", "a;b", 'c"d', "e\nf", "", " g,h "]) == '1;"a;b";"c""d";"e\nf";; g,h \r\n'


@pytest.mark.parametrize("value", ["=1+1", "+31", "-1", "@x", "\t=1", "\r=1", "'=1", "''=1", '="1"'])
def test_a_value_that_a_spreadsheet_would_run_gets_an_apostrophe_before_it(value: str) -> None:
    assert plainly(csv_line([value])) == [f"'{value}"]


@pytest.mark.parametrize(
    "value", ["a=b", "'s-Gravenhage", "''", "1-1", "van 't Hof", "\u200bNoor", "a\u200b=b", "'\u200bt"]
)
def test_other_values_stay_as_they_are(value: str) -> None:
    assert plainly(csv_line([value])) == [value]


@given(st.lists(TRICKY, min_size=2))
def test_no_cell_of_an_export_is_a_formula(values: list[str]) -> None:
    formula = re.compile(rf"[\s{INVISIBLE}]*[{re.escape(SIGNS)}]|[\t\r\n]")
    assert not any(formula.match(cell) for cell in plainly(csv_line(values)))


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_of_full_width_or_behind_what_nobody_sees_is_a_formula_too(sign: str) -> None:
    for before in ("", *INVISIBLE, " ", "\u200b\u00a0\ufeff"):
        value = f"{before}{sign}1+1"
        assert plainly(csv_line([value])) == [f"'{value}"]
        assert cell_text(f"'{value}") == value.strip()


@given(TRICKY)
def test_every_value_without_white_space_around_it_comes_back(value: str) -> None:
    value = value.strip()
    assert cell_text(plainly(csv_line([value, "x"]))[0]) == value


@given(PEOPLE)
def test_an_export_reads_back_as_the_same_people(people: People) -> None:
    lines = [csv_line(HEADER), *(csv_line([*cells_of(person), ""]) for person in people)]
    file = HrFile.read("".join(lines).encode("utf-8-sig"))
    assert requests(file) == people
    assert file.ignored_columns == ("leaves_on",)
