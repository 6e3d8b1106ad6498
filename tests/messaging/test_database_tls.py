"""The database over TLS, by libpq's words in its address: the right server, or none.

A pooler speaks TLS here, since the embedded PostgreSQL is built without.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from culture_connect.messaging import Database
from culture_connect.messaging.errors import DatabaseUnavailable
from culture_connect.messaging.migrations import upgrade
from culture_connect.service_main import migrations_of
from culture_connect_cli.stack import PostgresServer
from tests.support.certificates import Authority
from tests.support.databases import Database as Surroundings
from tests.support.hashes import HASH_KEY
from tests.support.pgbouncer import running_pgbouncer


@pytest.fixture(scope="module")
def authority(scratch: Path) -> Authority:
    return Authority.make(scratch / "pgbouncer-tls", hosts=("localhost",))


@pytest.fixture(scope="module")
def secure_port(scratch: Path, authority: Authority, postgres: PostgresServer) -> Iterator[int]:
    """The port of a pooler that takes nobody in clear."""
    with running_pgbouncer(authority.folder, postgres.url(), tls=authority.tls) as port:
        yield port


def over_tls(url: str, port: int, ca_file: Path, *, host: str = "localhost", mode: str = "verify-full") -> str:
    """The same database over TLS, trusting this authority."""
    plain = make_url(url).set(host=host, port=port).render_as_string(hide_password=False)
    return f"{plain}?sslmode={mode}&sslrootcert={quote(str(ca_file), safe='')}"


async def test_a_service_and_its_migrations_reach_a_database_that_proves_itself(
    database: Surroundings, secure_port: int, authority: Authority
) -> None:
    url = over_tls(database.url("ticketing"), secure_port, authority.ca_file)
    await asyncio.to_thread(
        upgrade,
        migrations_of("ticketing"),
        database_url=url,
        schema="ticketing",
        hash_key=HASH_KEY,
        pooler="transaction",
    )
    found = Database(url, schema="ticketing", pooler="transaction")
    async with found.begin() as work:
        assert (await work.execute(text("select count(*) from outbox"))).scalar_one() == 0
    await found.close()


async def test_a_database_of_another_authority_or_another_name_is_not_reached(
    database: Surroundings, secure_port: int, authority: Authority, tmp_path: Path
) -> None:
    other = Authority.make(tmp_path).ca_file
    url = database.url("ticketing")
    for wrong in (
        over_tls(url, secure_port, other),
        over_tls(url, secure_port, authority.ca_file, host="127.0.0.1"),
    ):
        found = Database(wrong, schema="ticketing", pooler="transaction")
        with pytest.raises(DatabaseUnavailable, match="SSLCertVerificationError"):
            await found.connect()
        await found.close()


async def test_a_database_without_tls_is_not_reached_in_clear_where_tls_is_asked_for(
    database: Surroundings, authority: Authority
) -> None:
    url = database.url("ticketing")
    port = make_url(url).port
    assert port is not None
    found = Database(over_tls(url, port, authority.ca_file), schema="ticketing")
    with pytest.raises(DatabaseUnavailable, match="no connection"):
        await found.connect()
    await found.close()
