"""Cells as HR systems and spreadsheets write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from culture_connect.contracts.addresses import canonical_address
from registration.domain.hr_file.values import address, family_name
from tests.unit.registration.hr_file.files import HEADER, read, requests, told

ALL = f"{HEADER};Taal;Startdatum;Einddatum"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("  00123\t", "00123"),
        ("\u00a000123\u202f", "00123"),
        ('="00123"', "00123"),
        ('"=""00123"""', "00123"),
        ('"=""a""""b"""', 'a"b'),
        ('=" 00123 "', "00123"),
        ("'=1+1", "=1+1"),
        ("'-12", "-12"),
        ("'+12", "+12"),
        ("'@home", "@home"),
        ("''=1", "'=1"),
        ('"\'=""00123"""', '="00123"'),
        ("'s-Gravenhage", "'s-Gravenhage"),
        ("=1+1", "=1+1"),
        ('="a"b"', '="a"b"'),
    ],
)
def test_a_cell_loses_white_space_and_what_a_spreadsheet_put_around_it(cell: str, value: str) -> None:
    [request] = requests(read(f"{cell};Noor;de Vries;noor@acme.example"))
    assert request.employee_ref == value


@pytest.mark.parametrize(
    ("infix", "name", "whole"),
    [
        ("van der", "Berg", "van der Berg"),
        ("van der", "Van der Berg", "Van der Berg"),
        ("van der", "van der Berg", "van der Berg"),
        ("van der", "Berg, van der", "Berg, van der"),
        ("", "Berg, van der", "Berg, van der"),
        ("", "Berg", "Berg"),
        ("de", "Deelen", "de Deelen"),
        ("van", "Van", "van Van"),
        ("'t", "Hart", "'t Hart"),
        ("d'", "Ahaus", "d'Ahaus"),
        ("d’", "D’Ahaus", "D’Ahaus"),
        ("van", "", ""),
    ],
)
def test_the_infix_is_before_the_family_name_once(infix: str, name: str, whole: str) -> None:
    assert family_name(infix, name) == whole


def test_an_infix_comes_from_its_own_column_and_is_not_a_family_name_by_itself() -> None:
    header = "Personeelsnummer;Roepnaam;Voorvoegsel(s);Achternaam;E-mail"
    file = read("1;Noor; van 't ;Hof;n@acme.example", "2;Eva;van;;e@acme.example", header=header)
    first, second = (row.request(None) for row in file.rows())
    assert getattr(first, "family_name", None) == "van 't Hof"
    assert told(file) == [(3, "family_name", "missing")]
    assert isinstance(second, list)


@pytest.mark.parametrize(
    ("cell", "language"),
    [
        *((each, "nl") for each in ("nl", "NL", "Nederlands", "dutch", "nl-NL", "nl_BE", "")),
        *((each, "en") for each in ("en", "EN", "Engels", "ENGLISH", "en-GB", "en_US")),
    ],
)
def test_a_language_is_known_by_its_code_or_name(cell: str, language: str) -> None:
    [request] = requests(read(f"1;Noor;de Vries;noor@acme.example;{cell};;", header=ALL))
    assert request.language == language


@pytest.mark.parametrize(
    "cell",
    [
        *("2026-11-05", "2026-11-05 00:00:00", "2026-11-05T00:00:00", "2026-11-05 00:00:00.000", "2026/11/05"),
        *("05-11-2026", "5-11-2026", "05/11/2026", "5.11.2026", "05-11-2026 0:00", "5-11-2026 00:00:00"),
    ],
)
def test_a_day_is_read_in_every_way_it_is_written_here(cell: str) -> None:
    [request] = requests(read(f"1;Noor;de Vries;noor@acme.example;;{cell};", header=ALL))
    assert request.starts_on == date(2026, 11, 5)


@pytest.mark.parametrize(
    "cell",
    [
        *("05-11-26", "5/11/26", "26-11-05", "11/31/2026", "31-02-2026", "2026-02-31", "00-11-2026", "05-11-0000"),
        *("2026-11-05 10:30:00", "2026-11-05T00:00:00Z", "5 november 2026", "46331", "20261105", "05-11/2026", "x"),
        *("٠٥-١١-٢٠٢٦", "2026-11"),
    ],
)
@pytest.mark.parametrize(("field", "place"), [("starts_on", "{};"), ("ends_on", ";{}")])
def test_what_is_not_clearly_a_day_is_refused(cell: str, field: str, place: str) -> None:
    file = read(f"1;Noor;de Vries;noor@acme.example;;{place.format(cell)}", header=ALL)
    assert told(file) == [(2, field, "not_a_date")]


@given(st.text(st.sampled_from('aB1.@" -\\[]<>éßİ')) | st.emails())
def test_an_address_in_lower_case_is_the_same_to_the_contract(text: str) -> None:
    assert canonical_address(address(text)) == canonical_address(text)


def test_the_last_of_all_days_is_no_end_and_no_beginning() -> None:
    [request] = requests(read("1;Noor;de Vries;noor@acme.example;;01-09-2026;31-12-9999", header=ALL))
    assert request.ends_on is None
    assert told(read("1;Noor;de Vries;noor@acme.example;;31-12-9999;", header=ALL)) == [
        (2, "starts_on", "out_of_range")
    ]
