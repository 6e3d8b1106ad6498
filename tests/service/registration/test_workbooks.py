"""Workbooks of HR departments are taken in like CSV files."""

from datetime import date

from registration.http import imports
from tests.service.registration.files import NOTHING, counts, file, named, steps, take_in
from tests.service.registration.harness import Harness
from tests.support.workbooks import EVA, HEADER, NOOR, workbook


async def test_a_workbook_is_taken_in_as_a_csv_file_with_the_same_list_is(harness: Harness) -> None:
    await harness.register("acme", starts_on="2020-09-01", ends_on="2099-08-31")
    header = ("Personeelsnummer", "Voornaam", "Tussenvoegsel", "Achternaam", "E-mail", "Datum in dienst", "Actief")
    rows = [
        ("00123", "Zoë", "van der", "Brück", "zoe@example.org", date(2026, 9, 1), True),
        (124, "René", "d'", "Hône", "rene@example.org", None, False),
    ]
    book = workbook(*rows, header=header)
    as_csv = file(
        "00123;Zoë;van der;Brück;zoe@example.org;1-9-2026;WAAR",
        "124;René;d';Hône;rene@example.org;;",
        header=";".join(header),
    )
    assert await counts(harness, book) == {"added": 2}
    assert await counts(harness, as_csv, full=True) == {"unchanged": 2}
    for content_type in ("application/vnd.ms-excel", "application/octet-stream", imports.XLSX, "text/csv"):
        looked = await take_in(harness, book, dry_run=True, headers={"content-type": content_type})
        assert looked.json()["counts"] == {**NOTHING, "unchanged": 2}
        assert looked.json()["ignored_columns"] == ["Actief"]


async def test_a_faulty_row_of_a_workbook_has_the_number_that_the_spreadsheet_shows(harness: Harness) -> None:
    await harness.register("acme")
    book = workbook(NOOR, (), ("00124", True, "Bakker", "nowhere"), ("00123", "Bo", "Bos", "bo@example.org"), EVA)
    assert named(await take_in(harness, book), 422, "import-refused") == [
        ("line 4: given_name", "not_text"),
        ("line 4: email", "not_an_address"),
        ("line 5: employee_ref", "duplicate"),
        ("line 6: employee_ref", "duplicate"),
    ]
    assert await counts(harness, book, on_error="skip") == {"added": 1, "faulty": 3}


async def test_a_workbook_that_cannot_be_used_is_refused_with_what_is_wrong(harness: Harness) -> None:
    await harness.register("acme")
    data = workbook(NOOR)
    for content, expected in [
        (data[:-40], [(None, "broken_workbook")]),
        (workbook(header=HEADER[:3]), [("columns", "missing_column")]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", [(None, "unknown_format")]),
    ]:
        assert named(await take_in(harness, content), 422, "file-not-usable") == expected
    *_, last = steps(await take_in(harness, data[:-40], headers={"accept": "application/x-ndjson"}))
    assert (last["status"], last["body"]["code"]) == (422, "file-not-usable")
    assert await harness.participants("acme") == []
