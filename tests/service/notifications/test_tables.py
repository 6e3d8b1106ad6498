"""The migrations make the tables that the code knows."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection

from culture_connect.messaging import Database
from notifications.tables import Base
from tests.support.surroundings import Surroundings

OF_THE_KIT = ("outbox", "inbox", "idempotency_keys", "alembic_version")


async def test_tables_and_migrations_agree(surroundings: Surroundings) -> None:
    database = Database(surroundings.database_url, schema="notifications")
    async with database.engine.connect() as connection:
        differences = await connection.run_sync(compare)
    await database.close()
    assert differences == []


def compare(connection: Connection) -> list[Any]:
    """What Alembic would change."""

    def ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return not (kind == "table" and name in OF_THE_KIT)

    context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
    differences: list[Any] = compare_metadata(context, Base.metadata)
    return differences
