"""Tests have separate databases, roles and virtual hosts on their servers."""

from collections.abc import Callable, Iterator

import aio_pika
import asyncpg
import pytest
from aiormq.exceptions import ChannelAccessRefused

from culture_connect.messaging.topology import SERVICES
from culture_connect_cli.stack import PostgresServer
from tests.support.bus import Bus
from tests.support.databases import Database, Databases
from tests.support.probes import eventually
from tests.support.service_environment import Surroundings


@pytest.fixture
def new_databases(postgres: PostgresServer) -> Iterator[Databases]:
    """None of its databases was used by another test."""
    databases = Databases(postgres)
    yield databases
    databases.drop_all()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_works_in_its_own_schema_and_reaches_no_other(database: Database, service: str) -> None:
    connection = await asyncpg.connect(database.url(service))
    try:
        await connection.execute("create table things (id int)")
        assert await connection.fetchval("select schemaname from pg_tables where tablename = 'things'") == service
        for other in {*SERVICES, "public"} - {service}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"create table {other}.intruder (id int)")
    finally:
        await connection.close()


async def test_a_role_reads_no_table_of_another_schema(database: Database) -> None:
    owner = await asyncpg.connect(database.url("registration"))
    await owner.execute("create table people (name text)")
    await owner.close()
    other = await asyncpg.connect(database.url("ticketing"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await other.fetch("select * from registration.people")
    finally:
        await other.close()


async def test_each_database_is_a_copy_that_no_other_test_sees(databases: Databases) -> None:
    first, second = databases.create(), databases.create()
    try:
        connection = await asyncpg.connect(first.url("ticketing"))
        await connection.execute("create table mine (id int)")
        await connection.close()
        connection = await asyncpg.connect(second.url("ticketing"))
        assert await connection.fetchval("select to_regclass('mine')") is None
        await connection.close()
    finally:
        databases.drop(first)
        databases.drop(second)


async def test_a_database_that_is_used_again_has_no_rows_and_counts_anew(new_databases: Databases) -> None:
    add = "insert into ticketing.decisions (evening_id, decided_at, outcome, rule, figures)"
    add += " values (gen_random_uuid(), now(), 'lost', 'declined', '{}') returning decision_id"
    names, ids = set(), set()
    for _ in range(2):
        database = new_databases.create(migrated=["ticketing"])
        connection = await asyncpg.connect(database.superuser_url)
        names.add(database.name)
        ids.add(await connection.fetchval(add))
        new_databases.drop(database)  # the connection is still open
        with pytest.raises(asyncpg.PostgresError):
            await connection.fetch("select 1")
    assert len(names) == 1
    assert ids == {1}


@pytest.mark.parametrize(
    "change",
    [
        "create table ticketing.mine (id int)",
        "drop trigger tickets_counted_on_insert on ticketing.tickets",
        "alter table ticketing.tickets alter column code set default 'x'",
        "grant usage on schema ticketing to registration",
        "alter role ticketing in database {name} set work_mem = '8MB'",
        "insert into ticketing.partners select i::text, 'many', 1, false, 1 from generate_series(1, 3000) as i",
    ],
)
async def test_a_database_that_was_changed_is_not_used_again(databases: Databases, change: str) -> None:
    database = databases.create(migrated=["ticketing"])
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(change.format(name=database.name))
    await connection.close()
    databases.drop(database)
    other = databases.create(migrated=["ticketing"])
    assert other.name != database.name
    databases.drop(other)


async def test_a_wrong_password_is_refused(database: Database) -> None:
    wrong = database.server.url(database.name, user="ticketing", password="guess")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


async def test_an_event_reaches_the_queue_of_the_service_that_follows_it(bus: Bus) -> None:
    async with await aio_pika.connect(bus.url("registration", "core")) as connection:
        exchange = await (await connection.channel()).get_exchange("events", ensure=False)
        await exchange.publish(aio_pika.Message(b"{}", delivery_mode=2), "participant.enrolled.acme", mandatory=True)
    await eventually(lambda: bus.depth("ticketing.events", "core"), 1, "messages for ticketing")


async def test_a_party_that_was_added_logs_in_and_reads_nothing_but_its_own_queue(bus: Bus) -> None:
    url = bus.add_party("hr", "acme")
    bus.add_party("hr", "zeebank")
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.get_queue("hr.acme.receipts", ensure=False)
        stranger = await channel.get_queue("hr.zeebank.receipts", ensure=False)
        with pytest.raises(ChannelAccessRefused):
            await stranger.get()


@pytest.mark.parametrize("service", SERVICES)
async def test_surroundings_have_the_tables_of_the_service(
    surroundings_of: Callable[[str], Surroundings], service: str
) -> None:
    connection = await asyncpg.connect(surroundings_of(service).database_url)
    try:
        assert await connection.fetchval("select count(*) from outbox") == 0
    finally:
        await connection.close()
