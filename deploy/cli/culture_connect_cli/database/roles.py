"""A role and a schema for each service. A role reaches its own schema and nothing else."""

from collections.abc import Mapping

import asyncpg

from culture_connect.messaging.addresses import Addresses
from culture_connect.messaging.postgres import SESSION_SETTINGS, connect_to_any

_LOCK = 56_725_432  # key of the advisory lock: one administrator at a time


async def prepare_roles(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Creates a role and a schema for each service in `passwords`, in the database of the URL.

    Safe to repeat; an existing role gets this password. Raises asyncpg's errors.
    """
    connection = await connect_to_any(Addresses(superuser_url), timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
            await connection.execute(
                await connection.fetchval("select format('revoke all on database %I from public', current_database())")
            )
            for role, password in passwords.items():
                await _prepare(connection, role, password)
    finally:
        await connection.close()


async def _prepare(connection: asyncpg.Connection, role: str, password: str) -> None:
    exists = await connection.fetchval("select exists (select from pg_roles where rolname = $1)", role)
    verb = "alter" if exists else "create"
    # DDL takes no parameters: the server quotes.
    for statement in (
        f"{verb} role %1$I with login nosuperuser nocreatedb nocreaterole noinherit password %2$L",
        "grant connect on database %3$I to %1$I",
        "create schema if not exists %1$I authorization %1$I",
        "revoke all on schema %1$I from public",
        "alter role %1$I in database %3$I set search_path = %1$I",
        # Here because a connection pooler does not pass session settings of a client on.
        *(f"alter role %1$I in database %3$I set {name} = '{value}'" for name, value in SESSION_SETTINGS.items()),
    ):
        await connection.execute(
            await connection.fetchval(
                "select format($1, $2::text, $3::text, current_database())", statement, role, password
            )
        )
