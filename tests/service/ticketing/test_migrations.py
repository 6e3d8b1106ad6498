"""The revisions and the tables tell the same story."""

import asyncio
import hashlib
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from culture_connect.contracts import ErasureCompleted
from culture_connect.messaging import Database
from culture_connect.messaging.consuming import inbox
from culture_connect.messaging.tables import metadata as kit
from culture_connect.service_main import migrations_of
from tests.service.ticketing.harness import Harness
from tests.support.databases import Database as Empty
from tests.support.hashes import HASHES
from ticketing import tables
from ticketing.domain.admissions import Scan
from ticketing.store import admissions

OURS = set(tables.Base.metadata.tables)


async def test_the_newest_revision_makes_the_tables_of_the_code(harness: Harness) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_name": lambda name, kind, _: kind != "table" or name in OURS}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.Base.metadata))

    async with harness.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_tables_of_the_kit_are_there(harness: Harness) -> None:
    rows = await harness.rows("select table_name from information_schema.tables where table_schema = 'ticketing'")
    assert {row.table_name for row in rows} >= set(kit.tables)


async def test_the_tables_of_the_kit_are_those_of_the_code(harness: Harness) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_name": lambda name, kind, _: kind != "table" or name in kit.tables}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), kit))

    async with harness.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_what_an_earlier_release_handled_is_recognised_and_what_it_had_to_say_has_a_lane(
    database: Empty,
) -> None:
    url = database.url("ticketing")
    await asyncio.to_thread(migrate, url, "0002")
    message = ErasureCompleted(participant_id=uuid4())
    digest = hashlib.sha256(f"{message.type}\0".encode() + message.to_json()).digest()
    connection = await asyncpg.connect(url)
    await connection.execute("insert into inbox values ('ticketing.events', 'ä-1', $1)", digest)
    await connection.execute(
        "insert into outbox (vhost, exchange, routing_key, headers, body, due_at, attempts) values"
        " ('edge', 'tickets', 'paard', '{}', '', now(), 3),"
        " ('core', 'events', 'ticket.issued.paard', '{}', '', null, 0)"
    )
    await asyncio.to_thread(migrate, url, "head")
    lanes = [tuple(row) for row in await connection.fetch("select lane, due_at from outbox order by id")]
    await connection.close()
    kept = Database(url, schema="ticketing")
    async with kept.begin() as work:
        seen = {"ä-1": inbox.digest_of(HASHES, message.type, message.to_json())}
        assert await inbox.record(work.connection, HASHES, "ticketing.events", seen) == (set(), seen)
    await kept.close()
    assert lanes == [("edge/tickets/paard", None), ("core/events/ticket", None)]


async def test_plain_hashes_of_an_earlier_release_are_keyed_and_recognised_as_before(database: Empty) -> None:
    url = database.url("ticketing")
    await asyncio.to_thread(migrate, url, "0004")
    message = ErasureCompleted(participant_id=uuid4())
    plain = {
        what: hashlib.sha256(data).digest()
        for what, data in {
            "message": b"ticketing.events\0m-1",
            "content": f"{message.type}\0".encode() + message.to_json(),
            "request": b"/admissions?\n{}",
        }.items()
    }
    connection = await asyncpg.connect(url)
    await connection.execute(
        "insert into inbox (key, digest, received_at) values ($1, $2, '2026-01-01')",
        UUID(bytes=plain["message"][:16]),
        UUID(bytes=plain["content"][:16]),
    )
    await connection.execute(
        "insert into idempotency_keys (caller, route, key, request_sha256) values ('paard', 'POST /x', 'k', $1)",
        plain["request"],
    )
    await asyncio.to_thread(migrate, url, "head")
    rows = await connection.fetch("select * from inbox")
    requests = await connection.fetch("select request_hash from idempotency_keys")
    await connection.close()
    kept = Database(url, schema="ticketing")
    async with kept.begin() as work:
        seen = {"m-1": inbox.digest_of(HASHES, message.type, message.to_json())}
        assert await inbox.record(work.connection, HASHES, "ticketing.events", seen) == (set(), seen)
    await kept.close()
    assert [row["received_at"].year for row in rows] == [2026]
    assert [row["request_hash"] for row in requests] == [HASHES.of("request", b"/admissions?\n{}")]
    everything = f"{rows}{requests}".replace("-", "")
    assert not [what for what, digest in plain.items() if digest.hex()[:32] in everything]


async def test_scans_of_an_earlier_release_count_as_of_the_moment_that_their_scanners_said(database: Empty) -> None:
    url = database.url("ticketing")
    await asyncio.to_thread(migrate, url, "0006")
    ticket, night = uuid4(), uuid4()
    connection = await asyncpg.connect(url)
    await connection.execute(
        "insert into partners (slug, name, places, has_left, version) values ('a', 'A', 1, false, 1)"
    )
    await connection.execute(
        "insert into evenings (evening_id, venue, season, day, starts_at, release_at, closes_at, capacity, admission,"
        " cancelled, version, details) values ($1, 'paard', 's', '2026-11-19', '2026-11-19', '2026-11-12',"
        " '2026-11-18', 1, 'automatic', false, 1, '{}')",
        night,
    )
    await connection.execute(
        "insert into tickets (ticket_id, evening_id, partner, state, requested_at, lot, version, feed_version, code,"
        " issued_at, admitted_at, enrolment) values ($1, $2, 'a', 'admitted', now(), '', 2, 2, 'c', now(),"
        " '2026-11-19 18:00+00', 1)",
        ticket,
        night,
    )
    await connection.execute(
        "insert into scans (venue, scan_id, evening_id, ticket_id, scanned_at, scanner, recorded_at) values"
        " ('paard', 's1', $1, $2, '2026-11-19 18:00+00', 'door-1', now())",
        night,
        ticket,
    )
    await connection.close()
    await asyncio.to_thread(migrate, url, "head")
    kept = Database(url, schema="ticketing")
    async with kept.begin() as work:
        scan = (await admissions.recorded_scans(work, "paard", ["s1"]))["s1"]
        found = (await admissions.scanned_tickets(work, [ticket]))[ticket]
    await kept.close()
    at_six = datetime(2026, 11, 19, 18, tzinfo=UTC)
    assert (scan.counted_at, scan.offline, scan.double_entry, scan.clock_implausible) == (at_six, False, False, False)
    assert found.admitted_by == Scan("s1", night, ticket, at_six, "door-1")


def migrate(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_of("ticketing")))
    config.attributes["database"] = Database(url, schema="ticketing")
    config.attributes["hashes"] = HASHES
    command.upgrade(config, revision)
