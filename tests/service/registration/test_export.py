"""The export: a file that spreadsheets open safely, and that reads back as what it was made of."""

import csv
import io

import httpx

from tests.service.registration.files import counts, file, lines, take_in
from tests.service.registration.harness import Harness, person

HEADER = ["employee_ref", "given_name", "family_name", "email", "language", "starts_on", "ends_on", "leaves_on"]
# Name, address and reference as a spreadsheet would run them, with whatever else a cell may have.
STRANGE = [
    ("=1+1", '=HYPERLINK("x")', "a@example.org"),
    ("+31;70", "de “Vries”", "+b@example.org"),
    ("-7", '-de Vries; "Noor"', "-c@example.org"),
    ("@sum", "@Vries", "d@example.org"),
    ("'t-1", "'t Hart", "e@example.org"),
    ("'=2", "'+Vries", "f@example.org"),
    ("0042", "Çelik, Ünal", "g@example.org"),
]


async def exported(harness: Harness, **headers: str) -> httpx.Response:
    answer = await harness.api.get("/partners/acme/participants/export", headers=headers)
    assert answer.status_code == 200
    return answer


async def test_an_export_reads_back_unchanged_and_no_cell_of_it_is_a_formula(harness: Harness) -> None:
    await harness.register("acme", starts_on="2020-09-01", ends_on="2099-08-31")
    for ref, name, address in STRANGE:
        given = {"email": address, "language": "en", "starts_on": "2026-09-01", "ends_on": "2098-12-31"}
        answer = await harness.api.post("/partners/acme/enrolments", json=person(ref, family_name=name, **given))
        assert answer.status_code == 201, answer.text

    answer = await exported(harness, authorization="Bearer acme")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="participants-acme.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf" + ";".join(HEADER).encode() + b"\r\n")
    assert answer.content.endswith(b"\r\n")
    header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert header == HEADER
    assert sorted(row[3].lstrip("'") for row in rows) == sorted(address for _, _, address in STRANGE)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert {tuple(row[4:]) for row in rows} == {("en", "2026-09-01", "2098-12-31", "")}

    assert await counts(harness, answer.content) == {"unchanged": len(STRANGE)}
    assert await counts(harness, answer.content, full=True) == {"unchanged": len(STRANGE)}
    assert (await exported(harness)).content == answer.content


async def test_everybody_who_takes_part_is_exported_and_a_withdrawal_to_come_stays_with_the_file(
    harness: Harness,
) -> None:
    await harness.register("acme", places=2000, starts_on="2020-09-01", ends_on="2099-08-31")
    await take_in(harness, file(*lines(range(1101))))
    for ref, body in [("e-7", {}), ("e-9", {"effective_on": "2099-08-01"})]:
        answer = await harness.api.post(f"/partners/acme/participants/{ref}/withdraw", json=body)
        assert answer.status_code == 200
    assert (await harness.api.delete("/partners/acme/participants/e-8")).status_code == 202

    answer = await exported(harness)
    text = answer.content.decode("utf-8-sig")
    rows = {row["employee_ref"]: row for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=";")}
    assert set(rows) == {f"e-{number}" for number in range(1101)} - {"e-7", "e-8"}
    assert len(text.splitlines()) == 1100
    assert {ref: row["leaves_on"] for ref, row in rows.items() if row["leaves_on"]} == {"e-9": "2099-08-01"}

    assert await counts(harness, answer.content, full=True) == {"unchanged": 1099}
    assert (await exported(harness)).content == answer.content


async def test_there_is_no_export_of_nobody_but_an_empty_one_of_a_partner_without_people(harness: Harness) -> None:
    await harness.register("acme")
    assert (await exported(harness)).content.decode("utf-8-sig") == ";".join(HEADER) + "\r\n"
    answer = await harness.api.get("/partners/zeebank/participants/export")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
