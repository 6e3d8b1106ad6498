"""The revisions and the tables tell the same story."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from culture_connect.messaging.tables import metadata as kit
from tests.service.ticketing.house import House
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
