"""Makes a used database as good as new for the next test, or tells that it cannot.

Copying a template writes a thousand files; deleting the rows of a few dozen tables does not. Whatever a test may have
done beside that is looked for: a database whose catalogs are not those of its template is not used again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

ROWS = 2000  # of more than these the remains would slow the next tests down

# Waits for each of them, five seconds at most.
_OTHERS = """
    select coalesce(bool_and(pg_terminate_backend(pid, 5000)), true) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""
_TABLES = """
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') order by 1
"""
_SEQUENCES = """
    select setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    from pg_sequences where last_value is not null
"""
# Whatever is made, altered or dropped in a catalog has another `xmin` from then on, or is gone; a copy has those of
# its template. What belongs to the database as a whole stands in catalogs of the server.
_CATALOGS = (
    "pg_class",
    "pg_attribute",
    "pg_attrdef",
    "pg_constraint",
    "pg_index",
    "pg_namespace",
    "pg_policy",
    "pg_proc",
    "pg_rewrite",
    "pg_trigger",
    "pg_type",
    "pg_extension",
    "pg_default_acl",
)
_LOOKS = " union all ".join(
    f"select '{each}', count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) from {each}"  # noqa: S608 - constants
    for each in _CATALOGS
)
_LOOKS += """
    union all
    select 'pg_db_role_setting', string_agg(setrole::regrole || setconfig::text, ' ' order by setrole::regrole::text)
    from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = current_database())
    union all select 'pg_database', datacl::text || datconnlimit from pg_database where datname = current_database()
"""

# What migrations wrote, such as the revision; identity columns included.
_ROWS = "select coalesce(json_agg(each), '[]')::text from {table} as each"
_RESTORE = "insert into {table} overriding system value select * from json_populate_recordset(null::{table}, $1)"


@dataclass(frozen=True, slots=True)
class Condition:
    """The state of an unused database: its catalogs, and the rows it came with, as JSON by table."""

    catalogs: tuple[tuple[str, str | None], ...]
    rows: Mapping[str, str]


async def condition(url: str) -> Condition:
    """The condition of this database, which nobody has used yet."""
    connection = await asyncpg.connect(url)
    try:
        tables = [table["name"] for table in await connection.fetch(_TABLES)]
        rows = {table: await connection.fetchval(_ROWS.format(table=table)) for table in tables}
        return Condition(await _catalogs(connection), {table: found for table, found in rows.items() if found != "[]"})
    finally:
        await connection.close()


async def emptied(url: str, new: Condition) -> bool:
    """Ends connections and deletes all rows but those of `new`; whether the database is as it was then.

    `url` is the superuser's.
    """
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval(_OTHERS):
            return False
        # Without triggers, which keep counts and check references.
        await connection.execute("set session_replication_role = replica")
        deleted = 0
        async with connection.transaction():
            for table in await connection.fetch(_TABLES):
                status = await connection.execute(f"delete from {table['name']}")  # noqa: S608 - from the catalog
                deleted += int(status.removeprefix("DELETE "))
            if deleted > ROWS or await _catalogs(connection) != new.catalogs:
                return False
            await connection.execute(_SEQUENCES)
            for name, rows in new.rows.items():
                await connection.execute(_RESTORE.format(table=name), rows)
        return True
    finally:
        await connection.close()


async def _catalogs(connection: asyncpg.Connection) -> tuple[tuple[str, str | None], ...]:
    return tuple((what, looks) for what, looks in await connection.fetch(_LOOKS))
