"""The kit behind a pooler in transaction mode, where each transaction may have another session of the server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import aio_pika
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from culture_connect.contracts import ErasureCompleted
from culture_connect.http import Answer, KeyedRequest, Problem, claim, remember
from culture_connect.messaging import (
    Database,
    Delivery,
    EventRouter,
    Service,
    TransientFailure,
    UnitOfWork,
    core_event,
)
from culture_connect.messaging.consuming import inbox
from culture_connect.messaging.consuming.inbox_cleanup import forget_old_messages
from culture_connect.messaging.migrations import upgrade
from culture_connect.messaging.postgres import SESSION_SETTINGS
from culture_connect.service_main import migrations_of
from tests.messaging.kit import BusUrls
from tests.support.bus import Bus
from tests.support.databases import Database as OwnDatabase
from tests.support.hashes import HASH_KEY, HASHES
from tests.support.pgbouncer import SESSIONS
from tests.support.probes import eventually

PARTICIPANTS = [uuid4() for _ in range(100)]


@pytest.fixture
async def pooled(database: OwnDatabase, pgbouncer: int) -> AsyncIterator[Database]:
    """The service's schema at its newest revision; the migrations went through the pooler as well."""
    url = make_url(database.url("ticketing")).set(port=pgbouncer).render_as_string(hide_password=False)
    await asyncio.to_thread(
        upgrade,
        migrations_of("ticketing"),
        database_url=url,
        schema="ticketing",
        hash_key=HASH_KEY,
        pooler="transaction",
    )
    pooled = Database(url, schema="ticketing", pooler="transaction")
    yield pooled
    await pooled.close()


async def handle(work: UnitOfWork, participant: UUID) -> bool:
    """One message as a consumer handles it; False when it was handled before."""
    message = ErasureCompleted(participant_id=participant)
    digest = inbox.digest_of(HASHES, message.type, message.to_json())
    new, _ = await inbox.record(work.connection, HASHES, "ticketing.events", {str(participant): digest})
    if not new:
        return False
    async with work.dry_run():
        await work.execute(text("delete from inbox"))
    work.emit(message, core_event(message, "ticketing"))
    return True


async def count(database: Database, table: str) -> object:
    async with database.begin() as work:
        return (await work.execute(text(f"select count(*) from {table}"))).scalar_one()  # noqa: S608 - a literal


async def test_messages_are_handled_once_by_many_clients_on_few_sessions(pooled: Database) -> None:
    both_times = [*PARTICIPANTS, *PARTICIPANTS]
    handled = await asyncio.gather(*(pooled.transact(lambda work, p=p: handle(work, p)) for p in both_times))  # type: ignore[misc]
    assert sum(handled) == len(PARTICIPANTS)
    assert await count(pooled, "inbox") == len(PARTICIPANTS)
    assert await count(pooled, "outbox") == len(PARTICIPANTS)
    async with pooled.begin() as work:
        sessions = await work.execute(text("select count(*) from pg_stat_activity where datname = current_database()"))
        assert sessions.scalar_one() <= SESSIONS
        # Nothing gathers in the sessions, however long they live.
        assert (await work.execute(text("select count(*) from pg_prepared_statements"))).scalar_one() == 0


async def test_requests_with_one_idempotency_key_have_one_effect(pooled: Database) -> None:
    request = KeyedRequest("desk", "POST /birds", "key", b"digest")

    async def once(work: UnitOfWork) -> Answer:
        [first] = await claim(work, [request])
        assert not isinstance(first, Problem)
        if first is None:
            first = Answer(201, {"name": "wren", "by": str(uuid4())})
            await remember(work, [(request, first)])
        return first

    first, *others = await asyncio.gather(*(pooled.transact(once) for _ in range(20)))
    assert all(other == first for other in others)


async def test_sessions_have_the_settings_of_the_role(pooled: Database) -> None:
    async with pooled.begin() as work:
        for name, value in (SESSION_SETTINGS | {"search_path": "ticketing"}).items():
            setting = (await work.execute(text("select current_setting(:name)"), {"name": name})).scalar_one()
            assert setting == value


async def test_the_inbox_is_cleaned_up(pooled: Database) -> None:
    await pooled.transact(lambda work: handle(work, PARTICIPANTS[0]))
    assert sum(await asyncio.gather(*(forget_old_messages(pooled, kept_for=timedelta()) for _ in range(5)))) == 1
    assert await count(pooled, "inbox") == 0


async def test_no_one_listens_behind_it(pooled: Database, database: OwnDatabase) -> None:
    assert not pooled.listens
    assert Database(database.url("ticketing"), schema="ticketing").listens


async def test_it_can_be_pinged_and_left(pooled: Database) -> None:
    await pooled.ping()
    connection = await pooled.connect("relay")
    assert await connection.fetchval("select $1::int + 1", 1) == 2
    await connection.close()


async def test_a_replica_consumes_relays_and_tries_again_behind_the_pooler(pooled: Database, bus: Bus) -> None:
    people = [uuid4() for _ in range(20)]
    router = EventRouter()
    handled: list[UUID] = []

    @router.batch_subscriber("ticketing.events")(ErasureCompleted)
    async def answer(work: UnitOfWork, deliveries: Sequence[Delivery[ErasureCompleted]]) -> None:
        for delivery in deliveries:
            participant = delivery.message.participant_id
            handled.append(participant)
            if participant == people[7] and handled.count(participant) < 2:
                raise TransientFailure("not-now")
            work.emit(delivery.message, core_event(delivery.message, "ticketing"), cause=delivery.envelope)

    replica = Service(
        name="ticketing",
        settings=BusUrls(bus.url("ticketing", "core"), None),
        database=pooled,
        routers=[router],
        retry_delays=(0.2, 0.2),
    )
    async with bus.administrator("core") as channel, replica.running():
        for participant in people:
            body = ErasureCompleted(participant_id=participant).to_json()
            message = aio_pika.Message(body, message_id=str(participant), type=ErasureCompleted.type)
            await channel.default_exchange.publish(message, "ticketing.events")
        answers = await channel.get_queue("registration.events")
        heard: list[str] = []

        async def so_far() -> set[str]:
            while (answer := await answers.get(no_ack=True, fail=False)) is not None:
                heard.append(answer.correlation_id or "")
            return set(heard)

        await eventually(so_far, {str(each) for each in people}, "answers", timeout=20)
        assert len(heard) == len(people)
        assert await replica.problems() == []
