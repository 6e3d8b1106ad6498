"""A cell is read as the text that a person sees in it; where that cannot be told, the row has a fault."""

from datetime import date, datetime, time, timedelta

import pytest
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from registration.domain.hr_file import HrFile
from tests.support.workbooks import EVA, HEADER, NOOR, SHEET, filled, part_of, with_cells, with_part, workbook
from tests.unit.registration.hr_file.files import a_person, faults, names, requests, told
from tests.unit.registration.workbook.files import read

DATES = (*HEADER, "Taal", "Startdatum", "Einddatum")


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment as a spreadsheet has it: without a time zone."""
    return datetime.combine(date(year, month, day), time(hour, minute))


def numbered(cell: object, number_format: str = "General", formula: str | None = None) -> HrFile:
    """A list of Noor whose employee number is this cell."""

    def fill(book: Workbook, sheet: Worksheet) -> None:
        style = book.add_format({"num_format": number_format})
        if formula is None:
            sheet.write(1, 0, cell, style)
        else:
            sheet.write_formula(1, 0, formula, style, cell)
        sheet.write_row(1, 1, NOOR[1:])

    return read(filled(fill))


def employee_ref(file: HrFile) -> str:
    """The only employee number in it."""
    [request] = requests(file)
    return request.employee_ref


def test_a_row_of_text_numbers_and_dates_is_the_request_that_a_csv_file_makes() -> None:
    row = (123, "Noor", "de Vries", "Noor@ACME.example", "Engels", date(2026, 11, 5), moment(2027, 8, 31))
    [request] = requests(read(workbook(row, header=DATES)))
    assert request.model_dump(mode="json") == {
        "employee_ref": "123",
        "given_name": "Noor",
        "family_name": "de Vries",
        "email": "Noor@acme.example",
        "language": "en",
        "starts_on": "2026-11-05",
        "ends_on": "2027-08-31",
    }


def test_dates_that_are_text_are_understood_as_in_a_csv_file() -> None:
    [request] = requests(read(workbook((*NOOR, "nl", "5-11-2026", ""), header=DATES)))
    assert (request.starts_on, request.ends_on) == (date(2026, 11, 5), None)


@pytest.mark.parametrize(
    ("cell", "number_format", "seen"),
    [
        ("00123", "@", "00123"),
        ("00123", "00000000", "00123"),
        (123, "General", "123"),
        (123.0, "0.00", "123"),
        (123, "00000", "00123"),
        (1234567, "00000", "1234567"),
        (999_999_999_999_999, "0", "999999999999999"),
        (0, "General", "0"),
        ("TRUE", "@", "TRUE"),
        ("50%", "0%", "50%"),
        ("#N/A", "@", "#N/A"),
        (5, '"nr %" 0', "5"),
    ],
)
def test_an_employee_number_is_what_is_seen_in_the_cell(cell: object, number_format: str, seen: str) -> None:
    assert employee_ref(numbered(cell, number_format)) == seen


@pytest.mark.parametrize(
    ("cell", "number_format", "code"),
    [
        (True, "General", "not_text"),
        (False, "General", "not_text"),
        (0.5, "General", "not_text"),
        (0.5, "0%", "not_text"),
        (1, "0%", "not_text"),
        (1, '0.00" of "%', "not_text"),
        (moment(2026, 11, 5), "dd-mm-yyyy", "not_text"),
        (moment(2026, 11, 5, 13, 30), "dd-mm-yyyy hh:mm", "not_text"),
        (0.5, "hh:mm", "not_text"),
        (1.25, "[h]:mm", "not_text"),
        (timedelta(hours=30), "[h]:mm", "not_text"),
        (12345678901234567890, "0", "too_many_digits"),
        (1e300, "General", "too_many_digits"),
        (10**15, "0", "too_many_digits"),
    ],
)
def test_an_employee_number_that_is_no_text_is_a_fault(cell: object, number_format: str, code: str) -> None:
    file = numbered(cell, number_format)
    assert told(file) == [(2, "employee_ref", code)]
    assert [row.employee_ref for row in file.rows()] == [None]


def test_a_fault_says_what_the_cell_is_and_does_not_repeat_it() -> None:
    [fault] = faults(numbered(0.123, "0%"))
    assert fault.message == "must be text or a whole number, not a percentage"


def test_each_cell_of_the_wrong_kind_is_a_fault_of_its_field() -> None:
    row = (123.5, True, date(2026, 1, 1), 0.5, False, moment(2026, 1, 1, 9), 46_000)
    assert told(read(workbook(row, header=DATES))) == [
        (2, "employee_ref", "not_text"),
        (2, "given_name", "not_text"),
        (2, "family_name", "not_text"),
        (2, "email", "not_text"),
        (2, "language", "not_text"),
        (2, "starts_on", "not_text"),
        (2, "ends_on", "not_a_date"),
    ]


def test_an_infix_of_the_wrong_kind_is_a_fault_of_the_name() -> None:
    file = read(workbook((*NOOR, True), header=(*HEADER, "Tussenvoegsel")))
    assert told(file) == [(2, "family_name", "not_text")]


def test_what_a_column_of_somebody_elses_has_is_no_fault() -> None:
    header = (*HEADER, "Actief", "Deeltijd", "Salaris", "Geboren")
    file = read(workbook((*NOOR, True, 0.8, 1234.56, date(1999, 1, 1)), header=header))
    assert names(file) == ["Noor"]
    assert file.ignored_columns == ("Actief", "Deeltijd", "Salaris", "Geboren")


def test_a_formula_counts_with_the_value_that_was_saved() -> None:
    assert employee_ref(numbered("E-1", formula='="E-"&1')) == "E-1"
    assert employee_ref(numbered(7, "0000", formula="=3+4")) == "0007"
    nothing = with_cells(
        workbook((*NOOR, "x")), '<row r="3"><c r="A3" t="str"><f>""</f><v></v></c><c r="B3"><v>1</v></c></row>'
    )
    assert (3, "employee_ref", "missing") in told(read(nothing))


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"])
def test_an_error_of_a_formula_is_a_fault_and_no_empty_cell(error: str) -> None:
    def fill(_: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(0, 0, DATES)
        sheet.write_row(1, 0, NOOR)
        sheet.write_formula(1, 6, "=A1", None, error)

    file = read(filled(fill))
    assert told(file) == [(2, "ends_on", "formula_error")]
    assert isinstance(next(file.rows()).request(a_person(ends_on=date(2027, 6, 30))), list)


@pytest.mark.parametrize("value", ["", "<v/>", "<v></v>", "<v />"])
@pytest.mark.parametrize("formula", ["<f>A1&amp;1</f>", "<f/>", '<f t="shared" si="0"/>'])
def test_a_formula_that_was_never_calculated_is_a_fault_and_no_empty_cell(formula: str, value: str) -> None:
    cells = f'<row r="2"><c r="A2">{formula}{value}</c></row><row r="9"><c r="D9" s="0">{formula}{value}</c></row>'
    file = read(with_cells(workbook(), cells))
    assert [each for each in told(file) if each[2] == "formula_not_calculated"] == [
        (2, "employee_ref", "formula_not_calculated"),
        (9, "email", "formula_not_calculated"),
    ]


def test_cells_are_found_whatever_prefix_their_names_have() -> None:
    plain = part_of(workbook(NOOR)).decode()
    cells = plain.replace("</sheetData>", '<row r="3"><c r="A3" t="e"><v>#N/A</v></c></row></sheetData>')
    prefixed = cells.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:").replace("<x:?", "<?")
    sheet = prefixed.replace(" xmlns=", " xmlns:x=")
    file = read(with_part(workbook(NOOR), SHEET, sheet.encode()))
    assert (3, "employee_ref", "formula_error") in told(file)


def test_a_cell_of_a_spreadsheets_own_signs_is_text() -> None:
    row = ("=1+1", "Noor\x0bA", "de Vries", "noor@acme.example")
    [fault] = faults(read(workbook(row, EVA)))
    assert (fault.line, fault.field, fault.code) == (2, "given_name", "control_character")
