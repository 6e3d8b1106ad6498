"""Makes a used database as good as new for the next test, or tells that it cannot.

Copying a template writes a thousand files; deleting the rows of a few dozen tables does not. Whatever a test may have
done beside that is looked for: a database whose catalogs are not those of its template is not used again.
"""

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

Looks = tuple[tuple[str, str | None], ...]


async def looks(url: str) -> Looks:
    """What the catalogs of this database, which nobody has used yet, look like."""
    connection = await asyncpg.connect(url)
    try:
        return await _looks(connection)
    finally:
        await connection.close()


async def emptied(url: str, new: Looks, kept: str) -> bool:
    """Ends connections, deletes all rows but those of the tables named `kept`; whether it is as it was when `new`.

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
                if not table["name"].endswith(f".{kept}"):
                    status = await connection.execute(f"delete from {table['name']}")  # noqa: S608 - from the catalog
                    deleted += int(status.removeprefix("DELETE "))
            await connection.execute(_SEQUENCES)
        return deleted <= ROWS and await _looks(connection) == new
    finally:
        await connection.close()


async def _looks(connection: asyncpg.Connection) -> Looks:
    return tuple((what, looks) for what, looks in await connection.fetch(_LOOKS))
