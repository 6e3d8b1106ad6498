"""Files that are made to be read for ever are refused before that, with the line that is to blame."""

import pytest

from registration.domain.hr_file import HrFile
from tests.unit.registration.hr_file.files import HEADER, NOOR, names, read, refused

LONGEST = 64 * 1024  # characters of a row


@pytest.mark.parametrize("filler", [";", ";x", ";Voornaam", "x", ';""', "\t", ","])
def test_a_header_of_millions_of_cells_is_refused_without_being_split(filler: str) -> None:
    endless = HEADER + filler * (1024 * 1024)
    assert refused(f"{endless}\n{NOOR}\n".encode()) == [("line 1", "too_long")]


def test_a_header_that_follows_excels_own_line_is_bounded_too() -> None:
    assert refused(f"sep=;\n{HEADER};{'x' * LONGEST}\n".encode()) == [("line 2", "too_long")]


def test_a_header_may_have_a_hundred_columns_and_no_more() -> None:
    assert names(read(NOOR, header=f"{HEADER};{'x;' * 96}")) == ["Noor"]
    assert refused(f"{HEADER};{'x;' * 97}".encode()) == [("columns", "too_long")]


@pytest.mark.parametrize("filler", [";", "x", '"', "; "])
def test_a_row_that_is_too_long_is_named_with_the_line_it_begins_on(filler: str) -> None:
    assert refused(f"{HEADER}\n{NOOR}\n2;{filler * LONGEST}\n".encode()) == [("line 3", "too_long")]


def test_a_row_over_many_lines_is_bounded_as_one_row() -> None:
    assert refused(f'{HEADER}\n2;"{"x" * 99}\n'.encode() + b"x\n" * LONGEST) == [("line 2", "too_long")]


def test_a_row_of_the_longest_length_is_read() -> None:
    header = f"{HEADER};Opmerking"
    filler = "x" * (LONGEST - len(NOOR) - 1)
    assert names(read(f"{NOOR};{filler}", header=header)) == ["Noor"]
    assert refused(f"{header}\n{NOOR};{filler}x\n".encode()) == [("line 2", "too_long")]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_file_has_at_most_a_hundred_thousand_lines_blank_ones_included(end: str) -> None:
    fits = HrFile.read((HEADER + end * 99_999 + NOOR).encode())
    assert names(fits) == ["Noor"]
    assert refused((HEADER + end * 100_000 + NOOR).encode()) == [("line 100001", "too_many_lines")]


def test_blank_lines_before_the_header_are_lines_too() -> None:
    assert refused(b"\n" * 100_000 + HEADER.encode()) == [("line 100001", "too_many_lines")]
