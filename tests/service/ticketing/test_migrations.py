"""The revisions and the tables tell the same story."""

import asyncio
import hashlib
from uuid import uuid4

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from culture_connect.contracts import ErasureCompleted
from culture_connect.messaging import Database, inbox
from culture_connect.messaging.tables import metadata as kit
from culture_connect.service_main import migrations_of
from tests.service.ticketing.house import House
from tests.support.databases import Database as Empty
from ticketing import tables

OURS = set(tables.Base.metadata.tables)


async def test_the_newest_revision_makes_the_tables_of_the_code(house: House) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_name": lambda name, kind, _: kind != "table" or name in OURS}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.Base.metadata))

    async with house.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_tables_of_the_kit_are_there(house: House) -> None:
    rows = await house.rows("select table_name from information_schema.tables where table_schema = 'ticketing'")
    assert {row.table_name for row in rows} >= set(kit.tables)


async def test_the_tables_of_the_kit_are_those_of_the_code(house: House) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_name": lambda name, kind, _: kind != "table" or name in kit.tables}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), kit))

    async with house.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_what_an_earlier_release_handled_is_recognised_and_what_it_had_to_say_has_a_lane(
    database: Empty,
) -> None:
    url = database.url("ticketing")
    await asyncio.to_thread(migrate, url, "0002")
    message = ErasureCompleted(participant_id=uuid4())
    digest = hashlib.sha256(f"{message.type}\0".encode() + message.to_json()).digest()
    connection = await asyncpg.connect(url)
    await connection.execute("insert into inbox values ('ticketing.events', 'ä-1', $1)", digest)
    await connection.execute(
        "insert into outbox (vhost, exchange, routing_key, headers, body, due_at, attempts) values"
        " ('edge', 'tickets', 'paard', '{}', '', now(), 3),"
        " ('core', 'events', 'ticket.issued.paard', '{}', '', null, 0)"
    )
    await asyncio.to_thread(migrate, url, "head")
    lanes = [tuple(row) for row in await connection.fetch("select lane, due_at from outbox order by id")]
    await connection.close()
    kept = Database(url, schema="ticketing")
    async with kept.begin() as work:
        seen = {"ä-1": inbox.digest_of(message.type, message.to_json())}
        assert await inbox.record(work.connection, "ticketing.events", seen) == (set(), seen)
    await kept.close()
    assert lanes == [("edge/tickets/paard", None), ("core/events/ticket", None)]


def migrate(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_of("ticketing")))
    config.attributes["database"] = Database(url, schema="ticketing")
    command.upgrade(config, revision)
