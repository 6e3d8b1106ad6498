"""The list is on one sheet, begins where its header is, and has the rows with something in them."""

from datetime import date

import pytest
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from registration.domain.hr_file import HrFile
from registration.workbook import is_workbook, sheet_in
from tests.support.workbooks import EVA, HEADER, NOOR, filled, saved, sheets, workbook
from tests.unit.registration.hr_file.files import names, told
from tests.unit.registration.workbook.files import read, refused

MISSING = ("columns", "missing_column")


def test_a_list_is_read_in_a_process_and_has_the_row_numbers_of_the_spreadsheet() -> None:
    data = workbook(NOOR, (), ("", " ", None), EVA, ("00125", "Bo", "Bos", "nowhere"))
    assert is_workbook(data)
    file = HrFile.of(sheet_in(data))
    assert [(row.line, row.employee_ref) for row in file.rows()] == [(2, "00123"), (5, "00124"), (6, "00125")]
    assert told(file) == [(6, "email", "not_an_address")]
    assert file.count() == 3
    assert file.columns == {"employee_ref", "given_name", "family_name", "email"}


def test_a_list_may_begin_anywhere_in_the_sheet() -> None:
    def write(book: Workbook) -> None:
        sheet = book.add_worksheet("Blad1")
        for number, row in enumerate([HEADER, NOOR, (EVA[0], "", *EVA[2:])], 6):
            sheet.write_row(number, 3, row)
        sheet.write_formula(8, 4, "=NA()", None, "#N/A")

    file = read(saved(write))
    assert [row.line for row in file.rows()] == [8, 9]
    assert told(file) == [(9, "given_name", "formula_error")]


def test_a_title_in_merged_cells_and_a_remark_may_stand_above_the_header() -> None:
    def write(book: Workbook) -> None:
        sheet = book.add_worksheet("Blad1")
        sheet.merge_range(0, 0, 0, 3, "Deelnemers van Acme")
        sheet.write(1, 0, date(2026, 11, 5).isoformat())
        sheet.merge_range(2, 0, 2, 1, "Medewerker")
        sheet.merge_range(2, 2, 2, 3, "Voornaam")
        sheet.write_row(3, 0, HEADER)
        sheet.write_row(4, 0, NOOR)

    file = read(saved(write))
    assert names(file) == ["Noor"]
    assert [row.line for row in file.rows()] == [5]


def test_a_header_may_be_in_merged_cells() -> None:
    def write(book: Workbook) -> None:
        sheet = book.add_worksheet("Blad1")
        for column, name in enumerate(HEADER):
            sheet.merge_range(0, 2 * column, 1, 2 * column + 1, name)
            sheet.write(2, 2 * column, NOOR[column])

    assert names(read(saved(write))) == ["Noor"]


def test_empty_rows_and_columns_around_the_list_are_no_part_of_it() -> None:
    def fill(book: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(1, 0, NOOR)
        for row, column in [(900_000, 1), (3, 200), (1, 5)]:
            sheet.write_blank(row, column, None, book.add_format({"bold": True}))
        sheet.write_string(5, 6, " ")

    file = read(filled(fill))
    assert names(file) == ["Noor"]
    assert file.count() == 1


def test_what_is_written_beside_the_list_is_a_fault_of_its_row() -> None:
    def fill(_: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(1, 0, (*NOOR, "", "", "belt terug"))
        sheet.write_row(2, 0, EVA)

    assert told(read(filled(fill))) == [(2, None, "wrong_number_of_cells")]


def test_an_empty_cell_at_the_end_of_a_row_is_what_is_missing() -> None:
    assert told(read(workbook(NOOR[:3], EVA))) == [(2, "email", "missing")]


def test_the_first_visible_sheet_with_the_header_is_the_list() -> None:
    bo = ("9", "Bo", "Bos", "bo@acme.example")
    lists = {"Oud": [HEADER, NOOR], "Nieuw": [HEADER, EVA], "Later": [HEADER, bo]}
    data = sheets({"Uitleg's > alle": [("Lees dit eerst", "Voornaam")], "Leeg": [], **lists}, hidden=["Oud"])
    assert names(read(data)) == ["Eva"]


def test_a_sheet_of_a_chart_is_passed_over() -> None:
    def write(book: Workbook) -> None:
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=Blad1!$A$1:$A$2"})
        book.add_chartsheet("Grafiek").set_chart(chart)
        sheet = book.add_worksheet("Blad1")
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, NOOR)

    assert names(read(saved(write))) == ["Noor"]


def test_a_workbook_of_one_sheet_without_the_columns_is_told_which_are_missing() -> None:
    assert refused(workbook(header=("Personeelsnummer", "Voornaam"))) == [MISSING] * 2


def test_of_several_sheets_without_the_columns_the_nearest_one_is_told_of() -> None:
    data = sheets({"Uitleg": [("Naam",)], "Lijst": [("Titel",), HEADER[:3]], "Leeg": [], "Oud": [HEADER]}, ["Oud"])
    assert refused(data) == [("columns", "no_sheet_with_columns"), MISSING]


def test_a_column_that_is_there_twice_is_refused_as_in_a_csv_file() -> None:
    assert refused(workbook(header=(*HEADER, "Roepnaam"))) == [("columns", "duplicate_column")]


@pytest.mark.parametrize("named", [{"Blad1": []}, {"Blad1": [(" ",)], "Blad2": []}])
def test_a_workbook_with_nothing_in_it_is_empty(named: dict[str, list[tuple[str]]]) -> None:
    assert refused(sheets(named)) == [(None, "empty_file")]


def test_a_hundred_thousand_rows_may_be_there_and_no_more() -> None:
    def fill(last: int) -> bytes:
        return filled(lambda _, sheet: sheet.write_row(last - 1, 0, NOOR) and None)

    assert [row.line for row in read(fill(100_000)).rows()] == [100_000]
    assert refused(fill(100_001)) == [("line 100001", "too_many_lines")]
