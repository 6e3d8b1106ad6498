"""A database for each test, copied from a template: commits are real, and gone with the test.

One with the tables of a service is emptied after a test and used again some times (`emptying`): that costs less than a
copy, and whatever is not as it was in the template has it thrown away.
"""

import asyncio
import secrets
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg

from culture_connect.messaging.migrations import upgrade
from culture_connect.messaging.topology import SERVICES
from culture_connect.service_main import migrations_of
from culture_connect_cli.database.roles import prepare_roles
from culture_connect_cli.stack import PostgresServer
from tests.support.database_reset import Condition, condition, emptied
from tests.support.hashes import HASH_KEY

T = TypeVar("T")

USES = 20  # of one database: what deleted rows leave behind does not pile up

# Roles belong to the whole server: their passwords are the same for every test and every run.
PASSWORDS = {service: f"{service}-of-the-tests" for service in SERVICES}


@dataclass(frozen=True)
class Database:
    """One database with a schema and a role for each service."""

    server: PostgresServer
    name: str
    template: str | None = None

    @property
    def superuser_url(self) -> str:
        """For looking behind the scenes."""
        return self.server.url(self.name)

    def url(self, service: str) -> str:
        """As the service's own role, which reaches its own schema only."""
        return self.server.url(self.name, user=service, password=PASSWORDS[service])


class Databases:
    """Makes databases on a server; templates are made at their first use and kept for the run."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._run = secrets.token_hex(4)
        self._made: list[str] = []
        self._new: dict[str, Condition] = {}
        self._empty: dict[str, list[Database]] = defaultdict(list)
        self._uses: Counter[str] = Counter()

    def create(self, migrated: Iterable[str] = ()) -> Database:
        """A new database; the schemas of the services in `migrated` are at their newest revision, others empty."""
        services = tuple(sorted(migrated))
        template = self._template(services)
        if empty := self._empty[template]:
            return empty.pop()
        database = self._copy(f"test_{secrets.token_hex(6)}", template)
        if services and template not in self._new:
            self._new[template] = _apart(condition(database.superuser_url))
        return database

    def drop(self, database: Database) -> None:
        """Removes it, together with connections that are still open, or makes it empty for the next one who asks."""
        self._uses[database.name] += 1
        new = self._new.get(database.template or "")
        if new and self._uses[database.name] < USES and _apart(emptied(database.superuser_url, new)):
            self._empty[str(database.template)].append(database)
        else:
            self._remove(database.name)

    def drop_all(self) -> None:
        """Removes what this run made: a server from the environment outlives it."""
        for name in [*self._made]:
            self._remove(name)

    def _remove(self, name: str) -> None:
        self._made.remove(name)
        _apart(_execute(self._server.url(), f"drop database {name} with (force)"))

    def _template(self, migrated: tuple[str, ...]) -> str:
        name = "_".join(["template", self._run, *migrated])
        if name not in self._made:
            database = self._copy(name, self._template(())) if migrated else self._first(name)
            for service in migrated:
                folder = migrations_of(service)
                with ThreadPoolExecutor(1) as thread:
                    thread.submit(
                        upgrade, folder, database_url=database.url(service), schema=service, hash_key=HASH_KEY
                    ).result()
        return name

    def _first(self, name: str) -> Database:
        database = Database(self._server, name)
        _apart(_execute(self._server.url(), f"create database {name} template template1"))
        self._made.append(name)
        _apart(prepare_roles(self._server.url(name), PASSWORDS))
        return database

    def _copy(self, name: str, template: str) -> Database:
        _apart(_execute(self._server.url(), f"create database {name} template {template}", *_rights(name, template)))
        self._made.append(name)
        return Database(self._server, name, template)


_COPY_SETTINGS = """
    do $$
    declare
        one record;
    begin
        for one in
            select setrole::regrole as role, split_part(setting, '=', 1) as name,
                substr(setting, strpos(setting, '=') + 1) as value
            from pg_db_role_setting, unnest(setconfig) as setting
            where setdatabase = (select oid from pg_database where datname = '{template}')
        loop
            execute format('alter role %s in database {database} set %I = %L', one.role, one.name, one.value);
        end loop;
    end $$
"""


def _rights(database: str, template: str) -> Iterable[str]:
    """Yields the statements for rights and settings that a template does not copy: see `prepare_roles`."""
    yield f"revoke all on database {database} from public"
    for role in PASSWORDS:
        yield f"grant connect on database {database} to {role}"
    yield _COPY_SETTINGS.format(database=database, template=template)


def _apart(work: Coroutine[Any, Any, T]) -> T:
    # In a thread of its own, since fixtures may be made while a test's event loop runs.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
