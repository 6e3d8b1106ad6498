"""Files of HR departments: looked at, taken in whole, or without their faulty lines."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from culture_connect.messaging import Database
from registration.domain.hr_file import HrFile
from registration.settings import RegistrationSettings
from registration.store.tombstones import Tombstones
from registration.use_cases.import_file import ImportOptions, take_file
from tests.service.registration.files import (
    NOTHING,
    another_replica,
    counts,
    file,
    line,
    lines,
    named,
    standings,
    take_in,
    taken,
    told,
    waiting_for_locks,
)
from tests.service.registration.harness import Connect, Harness, counted
from tests.support.probes import eventually

ACME = {"authorization": "Bearer acme"}
LONG: dict[str, Any] = {
    "starts_on": "2020-09-01",
    "ends_on": "2099-08-31",
}  # a contract in which any day of these files falls


@pytest.fixture
async def database(settings: RegistrationSettings) -> AsyncIterator[Database]:
    async with another_replica(settings) as database:
        yield database


async def test_a_dry_run_tells_what_the_import_then_does_and_hr_gets_no_receipt(
    harness: Harness, connect: Connect
) -> None:
    await harness.register("acme", places=8)
    acme = await connect("acme")
    assert await counts(harness, file(*lines(range(1, 7)))) == {"added": 6}
    await harness.api.post("/partners/acme/participants/e-4/withdraw")
    before, heard = await harness.participants("acme"), len(await told(harness))
    changed = line("e-2", "Nóra", "nora@example.org", "en")
    data = file(line("e-1"), changed, line("e-4"), "e-5;;;nowhere;nl", line("e-6"), line("e-7"))

    looked = (await take_in(harness, data, dry_run=True, full=True)).json()
    assert {name: looked[name] for name in looked if name != "faults"} == {
        "applied": False,
        "lines": 6,
        "counts": {"added": 1, "returning": 1, "changed": 1, "unchanged": 2, "leaving": 1, "faulty": 1},
        "added": [{"line": 7, "employee_ref": "e-7"}],
        "returning": [{"line": 4, "employee_ref": "e-4"}],
        "changed": [{"line": 3, "employee_ref": "e-2", "fields": ["given_name", "email", "language"]}],
        "leaving": [{"employee_ref": "e-3"}],
        "ignored_columns": [],
        "withdrawals_to_confirm": None,
    }
    assert [(each["line"], each["field"], each["code"]) for each in looked["faults"]] == [
        (5, "family_name", "no_name"),
        (5, "email", "not_an_address"),
    ]
    assert all(fault["message"] for fault in looked["faults"])
    assert await harness.participants("acme") == before
    assert len(await told(harness)) == heard

    done = (await take_in(harness, data, full=True, on_error="skip")).json()
    assert (done["applied"], done["counts"], done["faults"]) == (True, looked["counts"], looked["faults"])
    assert [done[name] for name in ("added", "returning", "changed", "leaving")] == [[], [], [], []]
    assert await standings(harness) == {f"e-{n}": "withdrawn" if n == 3 else "enrolled" for n in range(1, 8)}
    told_now = (await told(harness))[heard:]
    assert counted(told_now) == {
        "participant.withdrawn": 1,
        "participant.changed": 1,
        "participant.enrolled": 2,
    }
    assert [each.data["version"] for each in told_now if each.type == "participant.enrolled"] == [3, 1]

    assert await counts(harness, data, full=True, on_error="skip") == {"unchanged": 5, "faulty": 1}
    assert len(await told(harness)) == heard + 4
    assert await acme.outcome(await acme.enrol("e-7")) == "unchanged"
    assert len(acme.receipts.heard) == 1


async def test_a_faulty_line_stops_the_import_or_is_left_out(harness: Harness) -> None:
    await harness.register("acme")
    await take_in(harness, file(line("e-1")))
    wrong = "e-3;Noor;de Vries;nowhere;de"
    data = file(line("e-1", "Nora"), line("e-2"), wrong, "e-4;Eva", line("e-5", email="e-2@example.org"))

    refused = await take_in(harness, data)
    assert named(refused, 422, "import-refused") == [
        ("line 4: email", "not_an_address"),
        ("line 4: language", "not_allowed"),
        ("line 5", "wrong_number_of_cells"),
        ("line 6: email", "email_in_use"),
    ]
    assert "nowhere" not in refused.text
    [unchanged] = await harness.participants("acme")
    assert (unchanged["given_name"], len(await told(harness))) == ("Noor", 1)

    assert await counts(harness, data, on_error="skip") == {"changed": 1, "added": 1, "faulty": 3}
    assert await standings(harness) == {"e-1": "enrolled", "e-2": "enrolled"}
    assert counted(await told(harness)) == {"participant.enrolled": 2, "participant.changed": 1}


async def test_a_file_that_cannot_be_used_is_refused_with_what_is_wrong(harness: Harness) -> None:
    await harness.register("acme")
    for data, expected in [
        (b"", [(None, "empty_file")]),
        (file("e-1;Noor", header="Personeelsnummer;Naam"), [("columns", "missing_column")] * 3),
        (file(line("e-1"), 'e-2;"Noor;de Vries;x@example.org;nl'), [("line 3", "broken_quotes")]),
        (b"\xff\xfe\x00", [("line 1", "unknown_encoding")]),
    ]:
        for options in ({}, {"dry_run": True}, {"on_error": "skip"}):
            assert named(await take_in(harness, data, **options), 422, "file-not-usable") == expected, (data, options)
    assert await harness.participants("acme") == []


async def test_each_employee_and_each_address_is_taken_once(harness: Harness) -> None:
    await harness.register("acme")
    await take_in(harness, file(*lines(range(1, 5))))

    again = await take_in(harness, file(line("e-1"), line("e-2"), line("e-1", "Nora")))
    assert named(again, 422, "import-refused") == [("line 4: employee_ref", "duplicate")]
    assert "is on line 2 already" in again.json()["errors"][0]["message"]

    # Each takes the address of the next, and the last one gets another: a whole row of them.
    row = file(*(line(f"e-{n}", email=f"e-{n + 1}@example.org") for n in range(1, 5)))
    assert await counts(harness, row) == {"changed": 4}
    addresses = {each["employee_ref"]: each["email"] for each in await harness.participants("acme")}
    assert addresses == {f"e-{n}": f"e-{n + 1}@example.org" for n in range(1, 5)}


async def addresses(harness: Harness) -> dict[str, str]:
    """The address of each participant, by employee reference."""
    return {each["employee_ref"]: each["email"] for each in await harness.participants("acme")}


@pytest.mark.parametrize("size", [2, 3, 40])
async def test_a_ring_of_people_exchanges_addresses_in_one_file(harness: Harness, size: int) -> None:
    await harness.register("acme")
    await take_in(harness, file(*lines(range(size))))
    ring = {f"e-{n}": f"E-{(n + 1) % size}@example.org" for n in range(size)}
    data = file(*(line(ref, email=email) for ref, email in ring.items()))
    assert await counts(harness, data, dry_run=True) == {"changed": size}
    assert await counts(harness, data) == {"changed": size}
    assert await addresses(harness) == ring
    assert await counts(harness, data) == {"unchanged": size}
    changed = [each.data for each in await told(harness) if each.type == "participant.changed"]
    assert {(each["email"], each["version"]) for each in changed} == {(email, 2) for email in ring.values()}


async def test_who_wants_an_address_out_of_a_ring_is_refused_and_the_ring_is_not(harness: Harness) -> None:
    await harness.register("acme")
    await take_in(harness, file(*lines(range(5))))
    swap = [line("e-0", email="e-1@example.org"), line("e-1", email="e-0@example.org")]
    waiting = [line("e-2", email="e-0@example.org"), line("e-3", email="e-2@example.org")]
    data = file(*waiting, *swap, line("e-9", email="e-4@example.org"))
    assert named(await take_in(harness, data), 422, "import-refused") == [
        ("line 2: email", "email_in_use"),
        ("line 3: email", "email_in_use"),
        ("line 6: email", "email_in_use"),
    ]
    assert await counts(harness, data, on_error="skip") == {"changed": 2, "faulty": 3}
    assert await addresses(harness) == {
        "e-0": "e-1@example.org",
        "e-1": "e-0@example.org",
        **{f"e-{n}": f"e-{n}@example.org" for n in (2, 3, 4)},
    }


async def test_an_address_that_somebody_who_leaves_had_goes_around_in_the_same_file(harness: Harness) -> None:
    await harness.register("acme")
    await take_in(harness, file(*lines(range(10))))
    row = [line("e-1", email="e-2@example.org"), line("e-2", email="e-0@example.org")]
    data = file(*row, *lines(range(3, 10)), line("e-10", email="e-1@example.org"))
    assert await counts(harness, data, full=True) == {"changed": 2, "unchanged": 7, "added": 1, "leaving": 1}
    found = await addresses(harness)
    assert (found["e-1"], found["e-2"], found["e-10"]) == ("e-2@example.org", "e-0@example.org", "e-1@example.org")


async def test_the_lines_beyond_the_places_are_faulty(harness: Harness) -> None:
    await harness.register("acme", places=3)
    await take_in(harness, file(line("e-1")))
    data = file(*lines(range(1, 6)))

    refused = await take_in(harness, data)
    assert named(refused, 422, "import-refused") == [("line 5", "no_places_left"), ("line 6", "no_places_left")]
    assert await counts(harness, data, on_error="skip") == {"unchanged": 1, "added": 2, "faulty": 2}
    assert set(await standings(harness)) == {"e-1", "e-2", "e-3"}


async def test_what_a_file_has_no_column_for_stays_as_it_is(harness: Harness) -> None:
    await harness.register("acme", **LONG)
    full = "Personeelsnummer;Voornaam;Achternaam;E-mailadres;Taal;Ingangsdatum;Afdeling"
    await take_in(harness, file("e-1;Noor;de Vries;e-1@example.org;en;2026-03-01;Inkoop", header=full))
    [before] = await harness.participants("acme")
    assert (before["language"], before["starts_on"]) == ("en", "2026-03-01")

    short = "Personeelsnummer;Voornaam;Achternaam;E-mailadres"
    known, new = "e-1;Noor;de Vries;e-1@example.org", "e-2;Eva;Bakker;e-2@example.org"
    assert await counts(harness, file(known, new, header=short)) == {"unchanged": 1, "added": 1}
    people = {each["employee_ref"]: each for each in await harness.participants("acme")}
    assert people["e-1"] == before
    assert people["e-2"]["language"] == "nl"

    # An empty cell is an answer: there is no such day.
    emptied = await take_in(harness, file(f"{known};en;;", header=full), dry_run=True)
    assert emptied.json()["changed"] == [{"line": 2, "employee_ref": "e-1", "fields": ["starts_on"]}]
    assert emptied.json()["ignored_columns"] == ["Afdeling"]


async def test_a_file_of_windows_is_read_with_its_accents_and_infixes(harness: Harness) -> None:
    await harness.register("acme", **LONG)
    header = "Personeelsnummer;Roepnaam;Tussenvoegsel;Achternaam;E-mail;Datum in dienst"
    data = file(
        "00123;Zoë;van der;Brück;zoe@example.org;1-9-2026",
        "00124;René;d';Hône;rene@example.org;",
        "00125;Jørgen;;Ångström-de Vries;jorgen@example.org;31/12/2026",
        header=header,
    )
    as_windows = data.decode().encode("cp1252")
    assert as_windows != data

    assert await counts(harness, as_windows) == {"added": 3}
    people = {each["employee_ref"]: each for each in await harness.participants("acme")}
    names = {ref: (each["given_name"], each["family_name"], each["starts_on"]) for ref, each in people.items()}
    assert names == {
        "00123": ("Zoë", "van der Brück", "2026-09-01"),
        "00124": ("René", "d'Hône", None),
        "00125": ("Jørgen", "Ångström-de Vries", "2026-12-31"),
    }
    assert await counts(harness, data) == {"unchanged": 3}


async def test_a_repeated_import_answers_the_same_without_a_second_effect(harness: Harness, database: Database) -> None:
    await harness.register("acme")
    await take_in(harness, file(line("e-0")))
    key = {"idempotency-key": str(uuid4())}
    data = file(line("e-0", "Nora"), line("canary-1"), "canary-2;Noor;de Vries;nowhere;nl")
    first = await take_in(harness, data, on_error="skip", headers=key)
    await harness.api.post("/partners/acme/participants/canary-1/withdraw")
    again = await take_in(harness, data, on_error="skip", headers=key)

    assert first.json() == again.json()
    assert again.headers["idempotent-replay"] == "true"
    assert first.json()["counts"] == {**NOTHING, "changed": 1, "added": 1, "faulty": 1}
    assert await standings(harness) == {"e-0": "enrolled", "canary-1": "withdrawn"}
    assert named(await take_in(harness, data, headers=key), 422, "idempotency-key-reused") == []

    # Whom a dry run lists is kept nowhere: it is done again.
    key = {"idempotency-key": str(uuid4())}
    for _ in range(2):
        looked = await take_in(harness, file(*lines(range(2))), dry_run=True, headers=key)
        assert (looked.status_code, looked.json()["lines"]) == (200, 2)
        assert "idempotent-replay" not in looked.headers

    async with database.begin() as work:
        [remembered] = (await work.execute(text("select body from idempotency_keys where body is not null"))).scalars()
    assert remembered == first.json()
    assert not [ref for ref in ("e-0", "canary-1", "canary-2", "nowhere") if ref in json.dumps(remembered)]


async def test_a_refused_import_is_not_remembered(harness: Harness) -> None:
    await harness.register("acme", places=1)
    key = {"idempotency-key": str(uuid4())}
    data = file(line("e-1"), line("e-2"))
    assert named(await take_in(harness, data, headers=key), 422, "import-refused") == [("line 3", "no_places_left")]
    await harness.api.patch("/partners/acme", json={"places": 2})
    assert (await take_in(harness, data, headers=key)).json()["counts"] == {**NOTHING, "added": 2}


async def test_only_a_file_may_be_large_and_not_too_large(harness: Harness) -> None:
    await harness.register("acme")
    header = "Personeelsnummer;Voornaam;Achternaam;E-mailadres;Notities"
    notes = "n" * 60_000
    large = file(*(f"e-{n};Noor;de Vries;e-{n}@example.org;{notes}" for n in range(20)), header=header)
    assert len(large) > 1024 * 1024
    assert await counts(harness, large) == {"added": 20}
    for path in ("/partners/acme/enrolments", "/partners", "/partners/acme/enrolments/import/more"):
        answer = await harness.api.post(path, content=large)
        assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large"), path

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield bytes(1024 * 1024)

    too_large: list[Any] = [bytes(16 * 1024 * 1024 + 1), pieces()]
    for content in too_large:
        answer = await harness.api.post("/partners/acme/enrolments/import", content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")


async def test_a_file_is_taken_of_a_partner_that_takes_part_and_from_those_who_may(harness: Harness) -> None:
    await harness.register("acme")
    data = file(line("e-1"))
    assert (await take_in(harness, data, headers=ACME)).status_code == 200
    for headers, status, code in [
        ({"authorization": "Bearer zeebank"}, 403, "insufficient-scope"),
        ({"authorization": "Bearer console"}, 403, "insufficient-scope"),
        ({"authorization": "Bearer nobody"}, 401, "unauthenticated"),
    ]:
        assert named(await take_in(harness, data, headers=headers), status, code) == []
    assert named(await take_in(harness, data, slug="zeebank"), 404, "not-found") == []
    assert named(await take_in(harness, data, slug="zeebank", dry_run=True), 404, "not-found") == []

    await harness.leave("acme")
    assert named(await take_in(harness, data), 422, "import-refused") == [("line 2", "partner_left")]
    assert await standings(harness) == {"e-1": "withdrawn"}


async def test_a_message_of_hr_waits_for_an_import_and_is_decided_after_it(
    harness: Harness, connect: Connect, database: Database
) -> None:
    await harness.register("acme", places=3)
    acme = await connect("acme")
    assert await acme.outcome(await acme.enrol("e-1")) == "enrolled"
    async with database.begin() as work:
        data = HrFile.read(file(line("e-1", "Nora"), line("e-2")))
        await take_file(work, Tombstones(b"of these tests" * 3), "acme", data, ImportOptions(), lambda *_: None)
        sent = await acme.send_all([("enrolment.withdrawn", {"employee_ref": "e-2"})])
        sent += [await acme.enrol(f"e-{number}") for number in (3, 4, 5)]
        # The message waits for the row of its partner.
        await eventually(lambda: waiting_for_locks(database, "select slug"), 1, "messages that wait")
        assert len(acme.receipts.heard) == 1
    outcomes = [await acme.outcome(message_id) for message_id in sent]
    assert outcomes == ["withdrawn", "enrolled", "enrolled", "no_places_left"]
    people = {each["employee_ref"]: each["given_name"] for each in await harness.participants("acme")}
    assert people == {"e-1": "Nora", "e-2": "Noor", "e-3": "Noor", "e-4": "Noor"}


async def test_an_import_that_ends_in_the_middle_leaves_nothing(harness: Harness, database: Database) -> None:
    await harness.register("acme", places=1000)
    await take_in(harness, file(*lines(range(5))))
    before = await harness.participants("acme")
    data = file(*lines(range(1, 900)))

    def crash(stage: str, done: int, total: int) -> None:
        if stage == "deciding":
            assert (done, total) == (250, 899)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await taken(database, data, ImportOptions(full=True), crash)
    assert await harness.participants("acme") == before
    assert len(await told(harness)) == 5

    async with database.begin() as blocker:
        await blocker.execute(text("lock table outbox in share mode"))
        request = asyncio.create_task(take_in(harness, data, full=True))
        # People of the first portion are written; their events are about to be.
        await eventually(lambda: waiting_for_locks(database, "insert into outbox"), 1, "imports that wait")
        request.cancel()
        await asyncio.wait([request])
    assert request.cancelled()
    assert await harness.participants("acme") == before
    assert len(await told(harness)) == 5
    assert await counts(harness, data, full=True) == {"unchanged": 4, "added": 895, "leaving": 1}


async def test_of_many_faults_the_first_thousand_are_told_and_all_lines_are_counted(harness: Harness) -> None:
    await harness.register("acme")
    data = file(*["e-1;Noor"] * 1500)
    refused = await take_in(harness, data)
    assert len(named(refused, 422, "import-refused")) == 1000
    assert refused.json()["detail"] == "1500 lines are faulty; the first 1000 faults are listed"
    looked = (await take_in(harness, data, dry_run=True)).json()
    assert (len(looked["faults"]), looked["counts"]["faulty"]) == (1000, 1500)
