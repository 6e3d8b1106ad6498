"""Keyed hashes of messages and requests tell nothing to whoever can guess their content."""

import hashlib
import json

from sqlalchemy import text

from culture_connect.messaging import Database
from registration.settings import RegistrationSettings
from tests.service.registration.harness import Connect, Harness

FORGOTTEN = "enrolment.erased"
KNOWN_SIZES = (16, 32)  # bytes of a SHA-256, cut or whole


async def test_no_hash_in_the_database_can_be_found_again_by_guessing_an_employee_number(
    harness: Harness, connect: Connect, settings: RegistrationSettings
) -> None:
    await harness.register("acme")
    acme = await connect("acme")
    body = json.dumps({"employee_ref": "4711"}).encode()
    message_id = await acme.send(FORGOTTEN, body, id="erase-4711")
    await acme.receipt(message_id)
    path = "/partners/acme/enrolments"
    person = b'{"employee_ref":"4711","given_name":"Noor","family_name":"de Vries","email":"noor@example.org"}'
    headers = {"idempotency-key": "k-1", "content-type": "application/json"}
    assert (await harness.api.post(path, content=person, headers=headers)).is_success
    guesses = [
        f"nl.cultureconnect.{FORGOTTEN}.v1\0".encode() + body,
        b"hr.acme.enrolments\0erase-4711",
        f"{path}?\n".encode() + person,
        b"4711",
        b"acme\x004711",
        body,
        person,
    ]
    found = await everything_in(settings.database_url)
    for guess in guesses:
        whole = hashlib.sha256(guess).digest()
        assert not [size for size in KNOWN_SIZES if whole[:size].hex() in found], guess


async def everything_in(url: str) -> str:
    """All rows of the schema as text, UUIDs without their hyphens."""
    database = Database(url, schema="registration")
    async with database.begin() as work:
        tables = await work.execute(text("select tablename from pg_tables where schemaname = current_schema()"))
        found = []
        for name in tables.scalars().all():
            rows = await work.execute(text(f"select cast(row.* as text) from {name} as row"))  # noqa: S608 - a table's name
            found += [str(row).replace("-", "") for row in rows.scalars()]
    await database.close()
    return "\n".join(found)
