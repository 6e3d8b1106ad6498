"""A database that answers but cannot do its work: each fault on a real server, as the kit names it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from culture_connect.messaging import Database
from culture_connect.messaging.errors import DatabaseUnavailable, is_database_fault, reason_of_database_fault
from tests.support.databases import Database as OwnDatabase

ROLE = "role_of_faults"
INSERT = text("insert into seats values (1, 'Ann')")


class Trial:
    """A schema of one table, and the superuser's hands."""

    def __init__(self, database: OwnDatabase, superuser: asyncpg.Connection) -> None:
        self.name = database.name
        self.do: Callable[[str], Awaitable[str]] = superuser.execute
        self.url = database.server.url(database.name, user=ROLE, password="right")
        self.schema = self.open()

    def open(self, *, password: str = "right", name: str | None = None) -> Database:
        url = make_url(self.url).set(password=password, database=name or self.name)
        return Database(url.render_as_string(hide_password=False), schema="faults")


@pytest.fixture
async def trial(database: OwnDatabase) -> AsyncIterator[Trial]:
    superuser = await asyncpg.connect(database.superuser_url)
    # A role of its own: those of the services belong to the other tests of this server as well.
    await superuser.execute(f"create role {ROLE} login password 'right'")
    try:
        await superuser.execute(f"grant connect, temporary on database {database.name} to {ROLE}")
        await superuser.execute(f"create schema faults authorization {ROLE}")
        trial = Trial(database, superuser)
        async with trial.schema.begin() as work:
            await work.execute(text("create table seats (id int primary key, holder text check (holder <> ''))"))
        yield trial
        await trial.schema.close()
    finally:
        await superuser.execute(f"drop owned by {ROLE} cascade; drop role {ROLE}")
        await superuser.close()


async def fault_of(database: Database, statement: str = "insert into seats values (1, 'Ann')") -> str:
    """Returns the kit's reason for the statement's error, which must be the database's."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is looked at
        async with database.begin() as work:
            await work.execute(text(statement))
    assert is_database_fault(raised.value), repr(raised.value)
    assert "Ann" not in reason_of_database_fault(raised.value)
    return reason_of_database_fault(raised.value)


async def test_read_only(trial: Trial) -> None:
    await trial.do(f"alter database {trial.name} set default_transaction_read_only = on")
    later = trial.open()
    assert await fault_of(later) == "read-only (25006)"
    with pytest.raises(DatabaseUnavailable, match=r"read-only \(25006\)"):
        await later.ping()
    await later.close()


async def test_a_role_that_may_not_log_in(trial: Trial) -> None:
    await trial.do(f"alter role {ROLE} nologin")
    later = trial.open()
    assert await fault_of(later) == "the role may not log in (28000)"
    await later.close()


async def test_a_wrong_password(trial: Trial) -> None:
    later = trial.open(password="wrong")
    assert await fault_of(later) == "wrong password (28P01)"
    await later.close()


async def test_a_role_that_is_gone(trial: Trial) -> None:
    # The server does not tell a stranger whether the role exists.
    url = make_url(trial.url).set(username="nobody_at_all").render_as_string(hide_password=False)
    later = Database(url, schema="faults")
    assert await fault_of(later) == "wrong password (28P01)"
    await later.close()


async def test_a_database_that_is_gone(trial: Trial) -> None:
    later = trial.open(name="no_such_database")
    assert await fault_of(later) == "no such database (3D000)"
    await later.close()


async def test_revoked_privileges(trial: Trial) -> None:
    await trial.do(f"revoke all on faults.seats from {ROLE}")
    assert await fault_of(trial.schema) == "privilege missing (42501)"
    await trial.do(f"revoke all on schema faults from {ROLE}")
    assert await fault_of(trial.schema, "select 1 from seats limit 1") == "table missing (42P01)"


async def test_too_many_connections(trial: Trial) -> None:
    await trial.do(f"alter role {ROLE} connection limit 1")
    assert await fault_of(trial.open()) == "too many connections (53300)"


async def test_a_backend_that_was_terminated(trial: Trial) -> None:
    async def transaction() -> None:
        async with trial.schema.begin() as work:
            await work.execute(INSERT)
            await trial.do("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'role_of_faults'")
            await work.execute(text("select 1"))

    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is looked at
        await transaction()
    assert is_database_fault(raised.value)
    async with trial.schema.begin() as work:  # the next one has another connection
        await work.execute(INSERT)


async def test_a_server_without_space(trial: Trial) -> None:
    """Space for temporary files is what can be taken away without harm to others; a full disk itself is 53100."""
    await trial.do(f"alter role {ROLE} set temp_file_limit = '64kB'")
    later = trial.open()
    sort = "select count(*) from (select n from generate_series(1, 1000000) n order by -n offset 1) sorted"
    assert await fault_of(later, sort) == "a configured limit is reached (53400)"
    await later.close()


async def test_a_statement_that_waits_for_a_lock_for_too_long(trial: Trial) -> None:
    later = Database(trial.url, schema="faults", command_timeout=0.5)
    async with trial.schema.begin() as work:
        await work.execute(text("lock table seats"))
        assert await fault_of(later) == "statement cancelled (57014)"
    # The server ended the statement, not the client the connection.
    async with later.begin() as work:
        await work.execute(INSERT)
    await later.close()


async def test_nobody_listens(trial: Trial) -> None:
    url = make_url(trial.url).set(port=1).render_as_string(hide_password=False)
    assert await fault_of(Database(url, schema="faults")) == "no connection (ConnectionRefusedError)"


async def test_all_connections_in_use(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("culture_connect.messaging.database._WAIT_FOR_CONNECTION", 0.1)
    narrow = Database(trial.url, schema="faults", pool_size=1)
    async with narrow.begin() as first, narrow.begin() as second:
        await first.execute(text("select 1"))
        await second.execute(text("select 1"))
        assert await fault_of(narrow) == "all connections are in use"
    await narrow.close()


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("insert into seats values (:id, 'Ann')", {"id": 2**40}),  # the driver finds that it does not fit
        ("insert into seats values (1, :holder)", {"holder": "A\x00nn"}),
        ("insert into seats values (1, :holder)", {"holder": ""}),
        ("insert into seats values (1, 'Ann'), (1, 'Bob')", {}),
    ],
)
async def test_what_is_wrong_with_a_message_is_not_blamed_on_the_database(
    trial: Trial, statement: str, parameters: dict[str, object]
) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is looked at
        async with trial.schema.begin() as work:
            await work.execute(text(statement), parameters)
    assert not is_database_fault(raised.value)
