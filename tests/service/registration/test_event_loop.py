"""Nobody's largest request or message keeps the replica from everybody else's."""

import asyncio
import json
from typing import Any

import pytest

from culture_connect.contracts import MAX_BODY_BYTES
from culture_connect.http.app import MAX_BODY
from tests.service.registration.files import file, lines, take_in
from tests.service.registration.harness import Connect, Harness, evening, person
from tests.support.event_loop import held
from tests.support.hostile_bodies import MARKS, ask_the_worst
from tests.support.workbooks import filled, with_cells, with_part, workbook

MEBIBYTE = 1024 * 1024
# Seconds. Beyond what a machine that is busy with other things adds; the aim is 0.05.
BOUND = 1.0

HEADER = b"Personeelsnummer;Voornaam;Achternaam;E-mailadres;Taal"
FILES = {
    "a header of 8 million cells": b";x" * (8 * MEBIBYTE),
    "one row without end": HEADER + b"\n1;" + b'"a";' * (4 * MEBIBYTE - 20),
    "blank lines": HEADER + b"\n" * (16 * MEBIBYTE - len(HEADER)),
    "rows of nothing but cells": HEADER + (b"\n1" + b";" * 65_000) * 255,
    "accents in Windows-1252": HEADER + (b"\n" + "é".encode("cp1252") * 160) * 99_000,
    "bytes that are no text": HEADER + b"\n" + b"\x81" * (15 * MEBIBYTE),
    "broken UTF-8": HEADER + ("\n" + "é" * 80).encode() * 99_000 + b"\xff",
    "faulty lines": HEADER + b"\n1;2" * 99_000,
}


@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "import"])
async def test_no_file_holds_the_event_loop(harness: Harness, dry_run: bool) -> None:
    await harness.register("acme", places=1_000_000)
    for name, content in FILES.items():
        async with held() as loop:
            answer = await take_in(harness, content, dry_run=dry_run)
        assert answer.status_code in (200, 422), (name, answer.text[:200])
        assert loop.longest < BOUND, name


async def test_no_workbook_holds_the_event_loop(harness: Harness) -> None:
    await harness.register("acme", places=1_000_000)
    empty = workbook()
    books = {
        "a list of thousands": workbook(*((f"e-{n}", "Noor", "Wit", f"e-{n}@example.org") for n in range(5_000))),
        "a cell in the last corner": filled(lambda _, sheet: sheet.write(1_048_575, 16_383, "x") and None),
        "a bomb": with_part(empty, "xl/media/image1.png", bytes(200 * MEBIBYTE)),
        "rows without end": with_cells(empty, "<row><c><v>1</v></c></row>" * 1_000_000),
        "bytes that are no workbook": b"PK\x03\x04" + b"PK\x01\x02" * (3 * MEBIBYTE),
    }
    for name, content in books.items():
        async with held() as loop:
            answer = await take_in(harness, content, dry_run=True)
        assert answer.status_code == (200 if name == "a list of thousands" else 422), (name, answer.text[:200])
        assert loop.longest < BOUND, name


async def test_a_list_of_thousands_of_people_does_not_hold_the_event_loop(harness: Harness) -> None:
    await harness.register("acme", places=1_000_000)
    data = file(*lines(range(5_000)))
    every: list[dict[str, Any]] = [{"dry_run": True}, {}, {"dry_run": True, "full": True}]
    for options in every:
        async with held() as loop:
            answer = await take_in(harness, data, **options)
        assert answer.status_code == 200
        assert loop.longest < BOUND
    async with held() as loop:
        assert (await harness.api.get("/partners/acme/participants/export")).status_code == 200
        assert (await harness.api.get("/partners/acme/participants", params={"limit": 500})).status_code == 200
    assert loop.longest < BOUND


async def test_files_that_come_at_once_do_not_hold_the_event_loop(harness: Harness) -> None:
    await harness.register("acme", places=1_000_000)
    content = FILES["accents in Windows-1252"]
    async with held() as loop:
        answers = await asyncio.gather(*(take_in(harness, content, dry_run=True) for _ in range(4)))
    # One who sends several is to send some of them later.
    statuses = [answer.status_code for answer in answers]
    assert 200 in statuses
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code != 200)
    assert loop.longest < BOUND


@pytest.mark.timeout(240)
async def test_no_request_holds_the_event_loop(harness: Harness) -> None:
    await harness.register("duin")
    await harness.enrol("duin", "e-1")
    made = await harness.api.post("/evenings", json=evening())
    paths = {"slug": "duin", "employee_ref": "e-1", "evening_id": made.json()["evening_id"]}
    asked = await ask_the_worst(harness.api, MAX_BODY, paths)
    assert [each for each in asked if each.status >= 500 or each.seconds > BOUND] == []


async def test_no_message_of_an_hr_system_holds_the_event_loop(harness: Harness, connect: Connect) -> None:
    await harness.register("acme", places=1_000_000)
    acme = await connect("acme")
    requested, marks = "enrolment.requested", MARKS * (MAX_BODY_BYTES // 4 - 200)
    worst: list[tuple[str, Any]] = [
        (requested, body)
        for body in (
            b"[" * MAX_BODY_BYTES,
            b'{"a":' * (MAX_BODY_BYTES // 5),
            *(
                json.dumps(person("e-1", **{field: marks}), ensure_ascii=False).encode()
                for field in ("given_name", "family_name", "email")
            ),
            json.dumps(person("e-1", **{f"x{number}": number for number in range(15_000)})).encode(),
            json.dumps(person("e-1", given_name=[{}] * 60_000)).encode(),
        )
    ]
    many = [(requested, person(f"e-{number}")) for number in range(600)]
    async with held() as loop:
        await acme.send_all([*worst * 4, *many])
        await acme.receipts.hears(4 * len(worst) + len(many), timeout=30)
    assert loop.longest < BOUND
