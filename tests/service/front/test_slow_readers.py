"""A client that asks for much and reads nothing holds no connection to the database."""

from sqlalchemy import text

from culture_connect.messaging import Database
from tests.service.front.conftest import Build
from tests.support.http_server import connected, limited, served
from tests.support.probes import eventually
from tests.unit.http.harness import token_of

PEOPLE = 20_000  # more than what the kernel and the server keep for a reader
_PARTNER = text(
    """
    insert into partners (slug, name, places, language, starts_on, ends_on, version, registered_at)
    values ('acme', 'Acme', :people, 'nl', '2026-09-01', '2027-08-31', 1, now())
    """
)
_PARTICIPANTS = text(
    """
    insert into participants (
        participant_id, partner, employee_ref, standing, given_name, family_name, email, email_key, language, version,
        changed_at
    )
    select gen_random_uuid(), 'acme', 'E-' || n, 'enrolled', repeat('Anna', 20), repeat('de Wit', 15),
        n || '@acme.example', n || '@acme.example', 'nl', 1, now()
    from generate_series(1, :people) as n
    """
)


async def test_an_export_that_nobody_reads_holds_no_connection_to_the_database(build: Build) -> None:
    app = build("registration")
    database: Database = app.state.database
    async with database.begin() as work:
        await work.execute(_PARTNER, {"people": PEOPLE})
        await work.execute(_PARTICIPANTS, {"people": PEOPLE})
    pool = app.state.database.engine.sync_engine.pool
    async with served(app, http_write_seconds=2) as port, connected(port) as reader:
        await reader.send(
            b"GET /partners/acme/participants/export HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Authorization: Bearer " + token_of("acme").encode() + b"\r\n\r\n"
        )
        assert await reader.status(timeout=20) == 200
        assert pool.checkedout() == 0
        size = len(await reader.some(1024))
        await eventually(lambda: limited(app, "reader-too-slow"), 1.0, "the reader cut off", timeout=20)
        size += len(await reader.rest())
    assert size < PEOPLE * 200
    await database.close()
