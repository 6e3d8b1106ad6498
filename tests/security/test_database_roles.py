"""A service's database role reaches its own schema, and nothing else."""

import asyncpg
import pytest

from culture_connect.messaging.topology import SERVICES
from tests.support.databases import Database

REFUSED = (
    "create table {other}.spy (id int)",
    "select * from {other}.secrets",
    "create table public.spy (id int)",
    "create schema spy",
    "create role spy",
    "create database spy",
    "set role {other}",
    "alter role {other} password 'known'",
    "drop schema {other} cascade",
    "grant all on schema {other} to {me}",
    "copy (select 1) to program 'true'",
    "select pg_read_file('/etc/passwd')",
)


async def _connect(database: Database, service: str) -> asyncpg.Connection:
    return await asyncpg.connect(database.url(service), timeout=10)


@pytest.fixture
async def database(database: Database) -> Database:
    """Every service has a table."""
    for service in SERVICES:
        connection = await _connect(database, service)
        await connection.execute("create table secrets (id int)")
        await connection.close()
    return database


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_finds_its_own_schema_without_naming_it(service: str, database: Database) -> None:
    connection = await _connect(database, service)
    assert await connection.fetchval("select current_schema()") == service
    assert await connection.fetchval("select count(*) from secrets") == 0
    await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reaches_nothing_of_another(service: str, database: Database) -> None:
    (other, *_) = [each for each in SERVICES if each != service]
    connection = await _connect(database, service)
    for statement in REFUSED:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement.format(me=service, other=other))
    await connection.close()
