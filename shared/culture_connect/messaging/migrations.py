"""Alembic for a service's own schema, with the kit's tables among its first."""

import asyncio
from pathlib import Path
from typing import Protocol

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection

from culture_connect.messaging.database import Database
from culture_connect.messaging.tables import metadata


def upgrade(folder: Path, *, database_url: str, schema: str) -> None:
    """Brings the schema to the newest revision in `folder`; safe to repeat, and to run on several replicas at once."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["database"] = (database_url, schema)
    command.upgrade(config, "head")


class Operations(Protocol):
    """What is needed of Alembic's `op`."""

    def get_bind(self) -> Connection:
        """The connection of the migration."""
        ...

    def execute(self, sqltext: str) -> None:
        """Runs a statement."""
        ...


def create_messaging_tables(operations: Operations) -> None:
    """Creates outbox, inbox and idempotency keys in the schema of the connection; for a first revision."""
    metadata.create_all(operations.get_bind(), checkfirst=False)
    # The outbox is written and emptied all day: vacuum it by the row, not by the fifth of a table.
    operations.execute(
        "alter table outbox set (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000)"
    )


def run_environment(schema: str, target_metadata: MetaData | None = None) -> None:
    """What a service's migrations/env.py calls: runs the revisions in one transaction."""
    database_url, configured = context.config.attributes["database"]
    if configured != schema:
        raise ValueError(f"these migrations belong to schema {schema}, not {configured}")
    asyncio.run(_run(Database(database_url, schema=schema), target_metadata))


async def _run(database: Database, target_metadata: MetaData | None) -> None:
    async with database.engine.connect() as connection:
        await connection.run_sync(_migrate, database.schema, target_metadata)
        await connection.commit()
    await database.close()


def _migrate(connection: Connection, schema: str, target_metadata: MetaData | None) -> None:
    context.configure(connection=connection, target_metadata=target_metadata, version_table_schema=schema)
    with context.begin_transaction():
        # Replicas that start together wait here for the first.
        connection.exec_driver_sql("select pg_advisory_xact_lock(hashtext('migrations'), hashtext(current_schema()))")
        context.run_migrations()
