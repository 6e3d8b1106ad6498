"""Files of a partner's HR department, and how they are taken in."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text

from culture_connect.messaging import Database
from registration.domain.hr_file import HrFile
from registration.settings import RegistrationSettings
from registration.store.tombstones import Tombstones
from registration.use_cases.import_file import ImportOptions, Progress, Report, take_file
from tests.service.registration.harness import Harness, Heard
from tests.support.probes import until

HEADER = "Personeelsnummer;Voornaam;Achternaam;E-mailadres;Taal"
NOTHING = dict.fromkeys(("added", "returning", "changed", "unchanged", "leaving", "faulty"), 0)


def line(employee_ref: str, given_name: str = "Noor", email: str | None = None, language: str = "nl") -> str:
    """A line about somebody, with an address of their own."""
    return f"{employee_ref};{given_name};de Vries;{email or f'{employee_ref}@example.org'};{language}"


def lines(numbers: range) -> list[str]:
    """Lines about `e-<number>`."""
    return [line(f"e-{number}") for number in numbers]


def file(*lines: str, header: str = HEADER) -> bytes:
    """A file with these lines below a header, which is line 1."""
    return "".join(f"{each}\r\n" for each in (header, *lines)).encode()


async def take_in(
    harness: Harness, data: bytes, *, slug: str = "acme", headers: dict[str, str] | None = None, **options: Any
) -> httpx.Response:
    """Sends a file as the programme desk does, or as the headers say."""
    path = f"/partners/{slug}/enrolments/import"
    return await harness.api.post(
        path, content=data, params=options, headers={"content-type": "text/csv", **(headers or {})}
    )


async def counts(harness: Harness, data: bytes, **options: Any) -> dict[str, int]:
    """The numbers in the report that are not zero."""
    answer = await take_in(harness, data, **options)
    assert answer.status_code == 200, answer.text
    return {name: number for name, number in answer.json()["counts"].items() if number}


def named(answer: httpx.Response, status: int, code: str) -> list[tuple[str | None, str]]:
    """Field and code of each error of a problem, which must be this one."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [(error["field"], error["code"]) for error in problem.get("errors", [])]


def steps(answer: httpx.Response) -> list[dict[str, Any]]:
    """The lines of an answer that tells how far it is."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.text
    return [json.loads(each) for each in answer.text.splitlines()]


async def told(harness: Harness) -> list[Heard]:
    """The events about participants so far, none of them still on its way: one sent after them has arrived."""
    slug = f"last-{uuid4().hex[:8]}"
    await harness.register(slug)
    # Events about participants keep their order among each other; those about partners go another way.
    await harness.enrol(slug, "last")
    await until(
        lambda: [each for each in harness.events.heard if each.data.get("partner") == slug], bool, "the event sent last"
    )
    heard = [each for each in harness.events.heard if each.type.startswith("participant.")]
    return [each for each in heard if not each.key.split(".")[-1].startswith("last-")]


async def standings(harness: Harness, slug: str = "acme") -> dict[str, str]:
    """Returns how each employee of a partner stands."""
    return {each["employee_ref"]: each["standing"] for each in await harness.participants(slug)}


@asynccontextmanager
async def another_replica(settings: RegistrationSettings) -> AsyncIterator[Database]:
    """The same schema, as another replica sees it."""
    database = Database(settings.database_url, schema="registration")
    yield database
    await database.close()


async def taken(
    database: Database, data: bytes, options: ImportOptions | None = None, progress: Progress = lambda *_: None
) -> Report:
    """Takes a file of acme in, in a transaction of its own."""
    async with database.begin() as work:
        tombstones = Tombstones(b"of these tests" * 3)
        return await take_file(work, tombstones, "acme", HrFile.read(data), options or ImportOptions(), progress)


async def waiting_for_locks(database: Database, statement: str) -> int:
    """Returns how many statements that begin like this wait for another transaction."""
    found = text(
        "select count(*) from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database() and ltrim(query, E' \\n') like :statement"
    )
    async with database.engine.connect() as connection:
        return int((await connection.execute(found, {"statement": f"{statement}%"})).scalar_one())
