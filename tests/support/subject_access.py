"""The tables that a service really has, to compare with those that it says it has."""

import asyncpg

_TABLES = "select table_name from information_schema.tables where table_schema = $1 and table_type = 'BASE TABLE'"


async def tables_of(superuser_url: str, schema: str) -> set[str]:
    """All tables of the schema."""
    connection = await asyncpg.connect(superuser_url)
    try:
        return {row["table_name"] for row in await connection.fetch(_TABLES, schema)}
    finally:
        await connection.close()
