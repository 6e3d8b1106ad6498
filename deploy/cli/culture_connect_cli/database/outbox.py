"""The outboxes of the services: failing destinations and quarantined messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from culture_connect.messaging.addresses import Addresses
from culture_connect.messaging.postgres import connect_to_any
from culture_connect_cli.broker.connection import read_secret
from culture_connect_cli.services import SERVICES
from culture_connect_cli.stack_file import read_stack, stack_file

_TIMEOUT = 10.0  # seconds

_VISIBLE = """
    select name from unnest($1::text[]) with ordinality as schema (name, place)
    where to_regnamespace(name) is not null and has_schema_privilege(name, 'usage') order by place
"""
_FAILING = """
    select
        lane, attempts as tries, last_error as reason, failing_since as since, retry_at as next_try,
        quarantined_at is not null as quarantined,
        (select count(*) from {schema}.outbox where lane = failing.lane and due_at is null and quarantined_at is null)
            as waiting
    from {schema}.outbox_lanes as failing order by lane
"""
_QUARANTINED = """
    select lane, last_error as reason, count(*) as number, min(id) as first from {schema}.outbox
    where quarantined_at is not null group by lane, last_error order by lane, last_error
"""
# The next try is of one message; it clears the lane when it succeeds.
_RELEASE_LANES = """
    update {schema}.outbox_lanes set attempts = 1, retry_at = now(), quarantined_at = null
    where $1::text is null or lane = $1
"""
_RELEASE_ROWS = """
    update {schema}.outbox set quarantined_at = null, last_error = null
    where quarantined_at is not null and ($1::text is null or lane = $1)
"""


class DatabaseError(ValueError):
    """The database is not given or cannot be used; the text is for people and holds no secret."""


@dataclass(frozen=True, slots=True)
class FailingDestination:
    """A destination that does not accept messages of `service`. `reason` is the code of the last failure."""

    service: str
    lane: str
    waiting: int
    tries: int
    reason: str
    since: datetime
    next_try: datetime
    quarantined: bool


@dataclass(frozen=True, slots=True)
class QuarantinedMessages:
    """Messages of one destination that can never be sent, for one reason; `first` is the number of a row."""

    service: str
    lane: str
    number: int
    reason: str
    first: int


async def list_failures(url: str) -> tuple[list[FailingDestination], list[QuarantinedMessages]]:
    """The failures in the outboxes that the role of this URL can see. Raises DatabaseError."""
    lanes: list[FailingDestination] = []
    rows: list[QuarantinedMessages] = []
    async with _database(url) as (connection, schemas):
        for schema in schemas:
            found = await connection.fetch(_FAILING.format(schema=schema))
            lanes += [FailingDestination(service=schema, **row) for row in found]
            found = await connection.fetch(_QUARANTINED.format(schema=schema))
            rows += [QuarantinedMessages(service=schema, **row) for row in found]
    return lanes, rows


async def release(url: str, lane: str | None) -> tuple[int, int]:
    """Makes failing destinations (this one, or all) and their quarantined messages due now.

    Returns the number of destinations and of messages. Raises DatabaseError.
    """
    lanes = rows = 0
    async with _database(url) as (connection, schemas):
        for schema in schemas:
            async with connection.transaction():
                lanes += _counted(await connection.execute(_RELEASE_LANES.format(schema=schema), lane))
                rows += _counted(await connection.execute(_RELEASE_ROWS.format(schema=schema), lane))
                await connection.execute("select pg_notify('outbox_' || $1::text, '')", schema)
    return lanes, rows


def find_database(url_file: Path | None) -> str:
    """The URL in this file, else that of the local stack. Raises DatabaseError."""
    if url_file is not None:
        return read_secret(url_file)
    try:
        return str(read_stack(stack_file())["database_url"])
    except (OSError, ValueError, KeyError):
        raise DatabaseError(
            "which database? Start a local stack with `culture-connect up`, or give --database-url-file"
        ) from None


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[tuple[asyncpg.Connection, Sequence[str]]]:
    """A connection and the schemas that its role can see. Errors do not show the URL."""
    try:
        connection = await connect_to_any(Addresses(url), timeout=_TIMEOUT, command_timeout=_TIMEOUT)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
        raise DatabaseError(f"the database cannot be reached: {type(error).__name__}") from None
    try:
        schemas = [row["name"] for row in await connection.fetch(_VISIBLE, list(SERVICES))]
        yield connection, schemas
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseError(f"the outboxes cannot be read: {type(error).__name__}") from None
    finally:
        connection.terminate()


def _counted(status: str) -> int:
    return int(status.rpartition(" ")[2])
