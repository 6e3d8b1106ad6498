"""The migrations make the tables that the code describes."""

from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from culture_connect.messaging import Database
from culture_connect.messaging.tables import metadata as messaging_tables
from registration.tables import Base
from tests.support.service_environment import Surroundings


def described() -> MetaData:
    """Our tables and the kit's."""
    metadata = MetaData()
    ours = Base.metadata.tables.values()
    for table in (*ours, *messaging_tables.tables.values()):
        table.to_metadata(metadata)
    return metadata


def differences(connection: Connection) -> list[str]:
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    return [str(each) for each in compare_metadata(context, described()) if "alembic_version" not in str(each)]


@pytest.fixture
async def database(surroundings: Surroundings) -> AsyncIterator[Database]:
    """The migrated schema."""
    database = Database(surroundings.database_url, schema="registration")
    yield database
    await database.close()


async def test_the_newest_revision_is_what_the_tables_say(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_difference_would_be_seen(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("alter table participants drop column leaves_on cascade"))
        await connection.execute(text("alter table evenings add column weather text"))
        found = " ".join(await connection.run_sync(differences))
    assert "leaves_on" in found
    assert "weather" in found
