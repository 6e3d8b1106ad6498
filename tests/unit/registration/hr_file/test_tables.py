"""Delimiters, quotes and lines."""

import pytest

from registration.domain.hr_file import FileFault, HrFile
from tests.unit.registration.hr_file.files import EVA, HEADER, NOOR, names, read, refused, requests, told

LINES = [HEADER, NOOR, EVA]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_the_delimiter_and_the_line_ends_are_found(delimiter: str, line_end: str) -> None:
    file = HrFile.read(line_end.join(LINES).replace(";", delimiter).encode())
    assert names(file) == ["Noor", "Eva"]
    assert [row.line for row in file.rows()] == [2, 3]


def test_the_delimiter_is_the_one_that_yields_most_known_names() -> None:
    header = "Personeelsnummer,Voornaam,Achternaam,E-mail,Team;Plaats;Kamer;Etage;Vleugel"
    assert names(read("1,Noor,de Vries,noor@acme.example,a;b;c;d;e", header=header)) == ["Noor"]


@pytest.mark.parametrize("first", ["sep=,", "SEP=,", '"sep=,"'])
def test_the_line_with_which_excel_names_the_delimiter_is_honoured(first: str) -> None:
    file = HrFile.read("\r\n".join([first, *LINES]).replace(";", ",").encode())
    assert names(file) == ["Noor", "Eva"]
    assert [row.line for row in file.rows()] == [3, 4]


def test_excel_may_name_a_delimiter_that_is_not_looked_for() -> None:
    assert names(HrFile.read("\n".join(["sep=|", *LINES]).replace(";", "|").encode())) == ["Noor", "Eva"]


def test_quoted_cells_hold_delimiters_and_doubled_quotes() -> None:
    [request] = requests(read('1;"Noor ""Noortje""";"Vries; de";noor@acme.example'))
    assert (request.given_name, request.family_name) == ('Noor "Noortje"', "Vries; de")


def test_quotes_behind_a_space_are_quotes_too() -> None:
    assert names(read('1, "Noor, N.", "Vries", noor@acme.example', header=HEADER.replace(";", ", "))) == ["Noor, N."]


def test_a_line_break_inside_a_name_is_a_fault_of_the_line_where_the_row_begins() -> None:
    file = read(NOOR, '2;"Eva\r\nMaria";Bakker;eva@acme.example', "3;;;bo@acme.example")
    assert told(file) == [(3, "given_name", "control_character"), (5, "family_name", "no_name")]


def test_line_breaks_in_columns_that_are_not_ours_are_only_counted() -> None:
    header = f'{HEADER};"Opmer-\nking"'
    file = read(f'{NOOR};"eerste\rtweede\r\nderde"', f"{EVA};", header=header)
    assert [row.line for row in file.rows()] == [3, 6]
    assert names(file) == ["Noor", "Eva"]


def test_signs_that_python_takes_for_line_ends_are_none() -> None:
    file = read(f"{NOOR};een\x0btwee\x0cdrie\x85\u2028vier", EVA, header=f"{HEADER};Opmerking")
    assert [row.line for row in file.rows()] == [2, 3]


def test_blank_lines_are_no_rows_wherever_they_are() -> None:
    file = HrFile.read(f"\n \n{HEADER}\n\n{NOOR}\n;;;\n \u00a0;\t;;\n{EVA}\n\n".encode())
    assert [row.line for row in file.rows()] == [5, 8]
    assert file.count() == 2


@pytest.mark.parametrize(
    "line",
    ['2;"Eva;Bakker;eva@acme.example', '2;"Eva" Maria;Bakker;eva@acme.example', '2;Eva;Bakker;"'],
    ids=["never closed", "text behind a quote", "opened at the end"],
)
def test_a_broken_quote_makes_the_file_unusable_and_is_named_with_its_line(line: str) -> None:
    assert refused("\n".join([HEADER, NOOR, line, EVA]).encode()) == [("line 3", "broken_quotes")]


def test_a_quote_that_is_closed_by_the_next_ones_opening_does_not_swallow_lines_in_silence() -> None:
    lines = [HEADER, NOOR, '2;"Eva;Bakker;eva@acme.example', '3;"Bo";Bos;bo@acme.example']
    assert refused("\n".join(lines).encode()) == [("line 3", "broken_quotes")]


def test_a_broken_quote_in_the_header_is_found_too() -> None:
    assert refused(f'"{HEADER}'.encode()) == [("line 1", "broken_quotes")]


def test_counting_finds_broken_quotes_too() -> None:
    with pytest.raises(FileFault, match="line 3: broken_quotes"):
        read(NOOR, '2;"Eva').count()


def test_a_cell_without_end_is_named_with_the_line_it_begins_on() -> None:
    lines = [HEADER, NOOR, '2;"Eva;Bakker;eva@acme.example', *(EVA for _ in range(5000))]
    assert refused("\n".join(lines).encode()) == [("line 3", "too_long")]


@pytest.mark.parametrize("line", ["1;Noor;de Vries", "1;Noor", f"{NOOR};x", f"{NOOR};;x", "1"])
def test_a_line_with_another_number_of_cells_than_the_header_is_one_fault(line: str) -> None:
    assert told(read(line, EVA)) == [(2, None, "wrong_number_of_cells")]


@pytest.mark.parametrize("line", [NOOR, f"{NOOR};nl", f"{NOOR};nl;", f"{NOOR};nl;;;;", f"{NOOR};nl;; ;"])
def test_empty_cells_at_the_end_may_be_too_many_or_left_away(line: str) -> None:
    assert names(read(line, header=f"{HEADER};Taal;Startdatum;;")) == ["Noor"]


def test_what_is_written_under_no_name_is_passed_over() -> None:
    assert names(read(f"{NOOR};belt terug;", header=f"{HEADER};;;")) == ["Noor"]


def test_rows_can_be_read_again_and_are_counted_without_being_read() -> None:
    file = read(NOOR, EVA)
    assert file.count() == 2
    assert names(file) == names(file) == ["Noor", "Eva"]


def test_rows_are_read_one_at_a_time() -> None:
    file = read(NOOR, '2;"Eva')
    assert next(file.rows()).employee_ref == "00123"
