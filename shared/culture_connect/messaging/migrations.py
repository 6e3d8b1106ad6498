"""Alembic for a service's own schema, with the kit's tables among its first."""

import asyncio
from pathlib import Path
from typing import Protocol
from uuid import UUID

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData, text
from sqlalchemy.engine import Connection

from culture_connect.messaging.database import Database
from culture_connect.messaging.keyed_hash import KeyedHash
from culture_connect.messaging.postgres import Pooler

# What services made with their first revision, before the tables grew.
_FIRST_TABLES = """
create table outbox (
    id bigint generated always as identity primary key,
    vhost text not null,
    exchange text not null,
    routing_key text not null,
    headers jsonb not null,
    correlation_id text,
    body bytea not null,
    due_at timestamptz,
    attempts integer not null default 0,
    last_error text,
    created_at timestamptz not null default now()
);
create index outbox_at_once on outbox (id) where due_at is null;
create index outbox_due on outbox (due_at, id) where due_at is not null;
create table inbox (
    consumer text not null,
    message_id text not null,
    digest bytea not null,
    received_at timestamptz not null default now(),
    primary key (consumer, message_id)
);
create table idempotency_keys (
    caller text not null,
    route text not null,
    key text not null,
    request_sha256 bytea not null,
    status integer,
    body jsonb,
    created_at timestamptz not null default now(),
    primary key (caller, route, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
-- The outbox is written and emptied all day: vacuum it by the row, not by the fifth of a table.
alter table outbox set (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
"""

# What was postponed before is sent at once, and postponed anew if need be. Outbox ids are unique, so a row's lane is
# all that is to be worked out; the inbox keeps its memory in its narrower form.
_LANES_LEASES_AND_RETRIES = """
alter table outbox add column lane text, add column properties bytea, add column quarantined_at timestamptz;
update outbox set
    lane = concat_ws(
        '/', vhost, exchange, case vhost when 'edge' then routing_key else split_part(routing_key, '.', 1) end
    ),
    due_at = case when attempts = 0 then due_at end;
drop index outbox_at_once;
drop index outbox_due;
alter table outbox alter column lane set not null, drop column attempts;
create index outbox_pending on outbox (lane, id) where due_at is null and quarantined_at is null;
create index outbox_timers on outbox (due_at) where due_at is not null and quarantined_at is null;
create index outbox_quarantined on outbox (lane) where quarantined_at is not null;
create table outbox_lanes (
    lane text primary key,
    attempts integer not null,
    last_error text not null,
    failing_since timestamptz not null default now(),
    retry_at timestamptz not null,
    quarantined_at timestamptz
);
create table leases (name text primary key, holder uuid not null, expires_at timestamptz not null);
create table retries (
    id bigint generated always as identity primary key,
    vhost text not null,
    queue text not null,
    key text,
    properties bytea not null,
    body bytea not null,
    received_at timestamptz not null,
    attempts integer not null,
    suspect boolean not null,
    due_at timestamptz not null,
    last_error text
);
create index retries_due on retries (queue, due_at, id);
create index retries_of_key on retries (queue, key, id) where key is not null;
alter table inbox rename to first_inbox;
alter table first_inbox rename constraint inbox_pkey to first_inbox_pkey;
create table inbox (key uuid primary key, digest uuid not null, received_at timestamptz not null default now());
insert into inbox (key, digest, received_at)
select
    encode(substring(sha256(
        convert_to(consumer, 'UTF8') || '\\x00'::bytea || convert_to(message_id, 'UTF8')) from 1 for 16), 'hex')::uuid,
    encode(substring(digest from 1 for 16), 'hex')::uuid,
    received_at
from first_inbox;
drop table first_inbox;
"""

# The columns have other names, so that a replica of the release before waits for its successor instead of writing
# plain hashes on.
_KEYED_HASHES = """
alter table idempotency_keys rename column request_sha256 to request_hash;
alter table inbox rename to plain_inbox;
alter table plain_inbox rename constraint inbox_pkey to plain_inbox_pkey;
create table inbox (
    message_hash uuid primary key,
    content_hash uuid not null,
    received_at timestamptz not null default now()
);
"""
_REFUSALS = """
create table refusals (
    queue text not null,
    day date not null,
    messages bigint not null,
    primary key (queue, day)
);
"""
_PORTION = 20_000  # rows of the inbox in memory
_PLAIN_INBOX = text("select key, digest, received_at from plain_inbox where key > :after order by key limit :portion")
_KEYED_INBOX = text(
    """
    insert into inbox (message_hash, content_hash, received_at)
    select * from unnest(cast(:messages as uuid[]), cast(:contents as uuid[]), cast(:moments as timestamptz[]))
    """
)
_PLAIN_REQUESTS = text("select distinct request_hash from idempotency_keys")
_KEYED_REQUESTS = text(
    """
    update idempotency_keys set request_hash = keyed
    from unnest(cast(:plain as bytea[]), cast(:keyed as bytea[])) as row (plain, keyed) where request_hash = plain
    """
)


def upgrade(folder: Path, *, database_url: str, schema: str, hash_key: str, pooler: Pooler = "none") -> None:
    """Brings the schema to the newest revision in `folder`; safe to repeat, and to run on several replicas at once.

    `hash_key` is the key of `KeyedHash` as 64 hex digits, `pooler` is what stands before the database, see `Database`.
    """
    config = Config()
    config.set_main_option("script_location", str(folder))
    # A statement of a migration may take as long as the table is large.
    config.attributes["database"] = Database(database_url, schema=schema, pooler=pooler, command_timeout=None)
    config.attributes["hashes"] = KeyedHash(bytes.fromhex(hash_key))
    command.upgrade(config, "head")


class Operations(Protocol):
    """The part of Alembic's `op` that is used."""

    def get_bind(self) -> Connection:
        """The connection of the migration."""
        ...

    def execute(self, sqltext: str) -> None:
        """Runs a statement."""
        ...


def create_messaging_tables(operations: Operations) -> None:
    """Creates outbox, inbox and idempotency keys in the schema of the connection; for a first revision."""
    _run_all(operations, _FIRST_TABLES)


def add_lanes_leases_and_retries(operations: Operations) -> None:
    """Brings the kit's tables from their first shape to that of `tables`; for a later revision."""
    _run_all(operations, _LANES_LEASES_AND_RETRIES)


def key_the_hashes(operations: Operations) -> None:
    """Puts what is kept of messages and requests under the service's key, so that it is recognised as before and tells
    nothing; for a later revision.

    It is done here and not by the database, which is not to learn the key, be it through its log.
    """
    hashes: KeyedHash = context.config.attributes["hashes"]
    _run_all(operations, _KEYED_HASHES)
    connection, last = operations.get_bind(), UUID(int=0)
    while rows := connection.execute(_PLAIN_INBOX, {"after": last, "portion": _PORTION}).all():
        keyed = {
            "messages": [UUID(bytes=hashes.of_plain("inbox message", row.key.bytes)) for row in rows],
            "contents": [UUID(bytes=hashes.of_plain("inbox content", row.digest.bytes)) for row in rows],
            "moments": [row.received_at for row in rows],
        }
        connection.execute(_KEYED_INBOX, keyed)
        last = rows[-1].key
    operations.execute("drop table plain_inbox")
    plain = list(connection.execute(_PLAIN_REQUESTS).scalars())
    connection.execute(_KEYED_REQUESTS, {"plain": plain, "keyed": [hashes.of_plain("request", each) for each in plain]})


def count_refusals(operations: Operations) -> None:
    """Creates the table of refused messages, see `refusals`; for a later revision."""
    _run_all(operations, _REFUSALS)


def _run_all(operations: Operations, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            operations.execute(statement)


def run_environment(schema: str, target_metadata: MetaData | None = None) -> None:
    """Runs the revisions in one transaction; called by a service's migrations/env.py."""
    database: Database = context.config.attributes["database"]
    if database.schema != schema:
        raise ValueError(f"these migrations belong to schema {schema}, not {database.schema}")
    asyncio.run(_run(database, target_metadata))


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
