"""The migrations make the tables that the code knows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection

from culture_connect.messaging import Database
from culture_connect.service_main import migrations_of
from notifications.tables import Base
from tests.support.databases import Database as Empty
from tests.support.hashes import HASHES
from tests.support.service_environment import Surroundings

OF_THE_KIT = ("outbox", "outbox_lanes", "leases", "retries", "inbox", "idempotency_keys", "refusals", "alembic_version")
# As the first release plans a letter, and any later one has to bear while replicas of both are there.
LETTER = """
    insert into letters (
        letter_id, participant_id, evening_id, kind, ticket_id, ticket_version, sequence, state, attempts, due_at,
        planned_at
    )
    values ($1, $1, $1, 'ticket-issued', $1, 1, 0, 'planned', 0, now(), now())
"""


@pytest.fixture
async def behind(surroundings: Surroundings) -> AsyncIterator[asyncpg.Connection]:
    """A look behind the scenes."""
    connection = await asyncpg.connect(surroundings.database_url)
    yield connection
    await connection.close()


async def test_tables_and_migrations_agree(surroundings: Surroundings) -> None:
    database = Database(surroundings.database_url, schema="notifications")
    async with database.engine.connect() as connection:
        differences = await connection.run_sync(compare)
    await database.close()
    assert differences == []


async def test_letters_of_the_first_release_stay_and_it_can_plan_others(database: Empty) -> None:
    url = database.url("notifications")
    await asyncio.to_thread(migrate, url, "0001")
    connection = await asyncpg.connect(url)
    await connection.execute(LETTER, before := uuid4())
    await asyncio.to_thread(migrate, url, "head")
    await connection.execute(LETTER, after := uuid4())
    kept = await connection.fetch("select letter_id from letters where details is null")
    # What a replica of the first release ends while others are newer has no moment of its end: it gets one later.
    await connection.execute("update letters set state = 'sent', sent_at = now()")
    await connection.close()
    assert {row["letter_id"] for row in kept} == {before, after}


async def test_a_letter_has_one_addressee_and_an_end_when_it_has_ended(behind: asyncpg.Connection) -> None:
    await behind.execute(LETTER, uuid4())
    for change, broken in (
        ("participant_id = null", "letters_addressee"),
        ("partner = 'acme'", "letters_addressee"),
        ("state = 'sent'", "letters_sent"),
        ("ended_at = now()", "letters_ended"),
        ("state = 'sending'", "letters_claimed"),
    ):
        with pytest.raises(asyncpg.CheckViolationError, match=broken):
            await behind.execute(f"update letters set {change}")  # noqa: S608 - the changes above


def migrate(url: str, revision: str) -> None:
    """Brings the schema to that revision."""
    config = Config()
    config.set_main_option("script_location", str(migrations_of("notifications")))
    config.attributes["database"] = Database(url, schema="notifications")
    config.attributes["hashes"] = HASHES
    command.upgrade(config, revision)


def compare(connection: Connection) -> list[Any]:
    """Returns what Alembic would change."""

    def ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return not (kind == "table" and name in OF_THE_KIT)

    context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
    differences: list[Any] = compare_metadata(context, Base.metadata)
    return differences
