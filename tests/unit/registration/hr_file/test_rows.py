"""A row asks for what it says, keeps what its file does not speak of, and tells all its faults."""

from datetime import date

import pytest

from culture_connect.contracts import Language
from tests.unit.registration.hr_file.files import HEADER, NOOR, a_person, faults, read, requests, told

ALL = f"{HEADER};Taal;Startdatum;Einddatum"
KNOWN = a_person(starts_on=date(2026, 9, 1), ends_on=date(2027, 6, 30))


def test_a_row_is_the_request_that_an_hr_system_would_send() -> None:
    [request] = requests(read("00123;Noor;de Vries;Noor@ACME.example;en;5-11-2026;31-8-2027", header=ALL))
    assert request.model_dump() == {
        "employee_ref": "00123",
        "given_name": "Noor",
        "family_name": "de Vries",
        "email": "Noor@acme.example",
        "language": Language.EN,
        "starts_on": date(2026, 11, 5),
        "ends_on": date(2027, 8, 31),
    }


def test_what_the_file_has_no_column_for_stays_as_it_is_known() -> None:
    [request] = requests(read(NOOR), KNOWN)
    assert (request.language, request.starts_on, request.ends_on) == ("en", KNOWN.starts_on, KNOWN.ends_on)


def test_an_empty_cell_takes_back_what_is_known() -> None:
    [request] = requests(read(f"{NOOR};;;", header=ALL), KNOWN)
    assert (request.language, request.starts_on, request.ends_on) == ("nl", None, None)


def test_somebody_new_gets_the_defaults_for_what_the_file_has_no_column_for() -> None:
    [request] = requests(read(NOOR))
    assert (request.language, request.starts_on, request.ends_on) == ("nl", None, None)


def test_an_end_is_held_against_the_start_that_is_known() -> None:
    [row] = read(f"{NOOR};31-8-2026", header=f"{HEADER};Einddatum").rows()
    found = row.request(KNOWN)
    assert isinstance(found, list)
    assert [(fault.field, fault.code) for fault in found] == [("ends_on", "before_start")]


def test_all_faults_of_a_line_are_told() -> None:
    file = read(f"{'x' * 65};;a=?b;noor.acme.example;fy;05-11-26;x", header=ALL)
    assert told(file) == [
        (2, "employee_ref", "too_long"),
        (2, "family_name", "encoded_word"),
        (2, "email", "not_an_address"),
        (2, "language", "not_allowed"),
        (2, "starts_on", "not_a_date"),
        (2, "ends_on", "not_a_date"),
    ]


def test_faults_have_words_that_repeat_nothing_of_the_line() -> None:
    line = "Kanarie1;Kanarie\u202e2;Kanarie3=?;Kanarie4;Kanarie5;Kanarie6;Kanarie7"
    found = [*faults(read(line, header=ALL)), *faults(read(f"{line};Kanarie8", header=ALL))]
    assert len(found) == 7
    assert all(fault.message and "Kanarie" not in fault.message for fault in found)


def test_a_row_says_who_it_is_about_even_if_the_rest_is_wrong() -> None:
    [whole, half] = read("00123;;;Noor@ACME.example;fy", "00124;Eva", header=f"{HEADER};Taal").rows()
    assert (whole.employee_ref, whole.email_key) == ("00123", "noor@acme.example")
    assert (half.employee_ref, half.email_key) == ("00124", None)


def test_addresses_that_are_one_have_one_key() -> None:
    file = read("1;A;B;Bo@B\u00fccher.example", "2;A;B;bo@xn--bcher-kva.example", "3;A;B;BO@XN--BCHER-KVA.EXAMPLE")
    assert {row.email_key for row in file.rows()} == {"bo@xn--bcher-kva.example"}


@pytest.mark.parametrize("cell", ["", " ", "x" * 65, '"a\nb"', "a\u202eb", "a\u200eb"])
def test_a_reference_that_the_contract_refuses_is_none(cell: str) -> None:
    [row] = read(f"{cell};Noor;de Vries;noor@acme.example").rows()
    assert row.employee_ref is None


@pytest.mark.parametrize("cell", ["", "noor", "noor@acme", "n@acme.example,e@acme.example", "Noor <n@acme.example>"])
def test_an_address_that_the_contract_refuses_has_no_key(cell: str) -> None:
    [row] = read(f'1;Noor;de Vries;"{cell}"').rows()
    assert row.email_key is None


def test_a_row_shows_only_its_line_where_it_is_printed() -> None:
    [row] = read(NOOR).rows()
    assert repr(row) == "Row(line=2)"


@pytest.mark.parametrize("sign", "\u061c\u200e\u200f\u202a\u202e\u2066\u2069")
def test_a_sign_that_turns_the_direction_of_writing_is_a_fault_of_its_field(sign: str) -> None:
    assert told(read(f"1;No{sign}or;de Vries;noor@acme.example")) == [(2, "given_name", "control_character")]
