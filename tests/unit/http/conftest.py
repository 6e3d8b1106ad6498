import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection, text

from culture_connect import logs, messaging
from culture_connect.messaging.tables import metadata
from tests.support.databases import Database
from tests.unit.http.harness import TOKENS, write_tokens


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return write_tokens(tmp_path / "tokens.json", TOKENS)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Yields the output of a service that was started."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    logs.configure("INFO", stream=stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
async def schema(database: Database) -> AsyncIterator[messaging.Database]:
    """A real schema with the kit's tables and one for birds, as the role of a service."""
    schema = messaging.Database(database.url("registration"), schema="registration")
    async with schema.engine.begin() as connection:
        await connection.run_sync(_make_tables)
    yield schema
    await schema.close()


def _make_tables(connection: Connection) -> None:
    metadata.create_all(connection)
    connection.execute(text("create table birds (id int generated always as identity, name text)"))
