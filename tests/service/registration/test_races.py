"""Two replicas, or a queue and a web request, at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from culture_connect.contracts import EnrolmentRequested, EnrolmentWithdrawn, Envelope, local_day
from culture_connect.messaging import Database
from registration.app import build_app
from registration.domain.enrolment import EnrolmentMessage
from registration.settings import RegistrationSettings
from registration.store.tombstones import Tombstones
from registration.use_cases.decide_enrolments import answer_enrolments, decide_enrolments
from tests.service.registration.conftest import running
from tests.service.registration.harness import Connect, Harness, evening, person

TOMBSTONES = Tombstones(b"of these tests" * 3)


@pytest.fixture
async def database(harness: Harness, settings: RegistrationSettings) -> AsyncIterator[Database]:
    """The same schema, as another replica sees it."""
    del harness
    database = Database(settings.database_url, schema="registration", pool_size=20)
    yield database
    await database.close()


async def decide(
    database: Database, *messages: EnrolmentMessage, after: timedelta = timedelta(), sent_at: datetime | None = None
) -> None:
    """Decides about messages of acme in a transaction of its own, as if some time later; sent then, if not before."""
    async with database.begin() as work:
        work.now += after
        time = sent_at or work.now
        envelopes = [Envelope(id=str(uuid4()), type=each.type, source="/tests", time=time) for each in messages]
        await answer_enrolments(work, TOMBSTONES, "acme", list(zip(messages, envelopes, strict=True)))


def requested(employee_ref: str, **fields: object) -> EnrolmentRequested:
    return EnrolmentRequested.model_validate(person(employee_ref, **fields))


async def test_the_last_place_goes_to_one_of_many(harness: Harness, database: Database) -> None:
    await harness.register("acme", places=1)
    await asyncio.gather(*(decide(database, requested(f"e-{number}")) for number in range(30)))
    assert len(await harness.participants("acme")) == 1
    assert len(await harness.events.hears(1, "participant.enrolled")) == 1


async def test_an_address_goes_to_one_of_many(harness: Harness, database: Database) -> None:
    await harness.register("acme")
    same = [requested(f"e-{number}", email="ann@example.org") for number in range(30)]
    await asyncio.gather(*(decide(database, each) for each in same))
    assert len(await harness.participants("acme")) == 1


async def test_one_employee_is_one_participant_however_many_ask(harness: Harness, database: Database) -> None:
    async def ask(number: int) -> None:
        async with database.begin() as work:
            # Whoever waits for the answer is not told that somebody else was faster.
            message = requested("e-1", given_name=f"Noor {number}")
            [decision] = await decide_enrolments(work, TOMBSTONES, "acme", [(message, None)])
            assert decision.errors == ()

    await harness.register("acme")
    await asyncio.gather(*(ask(number) for number in range(30)))
    [listed] = await harness.participants("acme")
    assert listed["version"] == 30


async def test_of_many_messages_about_an_employee_at_once_the_one_sent_last_holds(
    harness: Harness, database: Database
) -> None:
    await harness.register("acme")
    now = datetime.now(UTC)
    messages = [requested("e-1", given_name=f"Noor {number}") for number in range(30)]
    await asyncio.gather(
        *(decide(database, each, sent_at=now - timedelta(minutes=30 - number)) for number, each in enumerate(messages))
    )
    [listed] = await harness.participants("acme")
    assert listed["given_name"] == "Noor 29"


async def test_a_day_and_a_slug_go_to_one_of_many(harness: Harness) -> None:
    asked = [harness.api.post("/evenings", json=evening(capacity=100 + number)) for number in range(10)]
    body = {"slug": "acme", "name": "Acme", "places": 5, "language": "nl"}
    asked += [harness.api.post("/partners", json=body) for _ in range(10)]
    answers = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert sorted(answers[:10]) == sorted(answers[10:]) == [201] + [409] * 9
    assert len(await harness.events.hears(2, "evening.scheduled", "partner.registered")) == 2


async def test_two_replicas_answer_everything_once(
    harness: Harness, connect: Connect, settings: RegistrationSettings
) -> None:
    second: FastAPI = build_app(settings)
    async with running(second):
        await harness.register("acme", places=100)
        acme = await connect("acme")
        sent = await acme.send_all([("enrolment.requested", person(f"e-{number}")) for number in range(150)])
        receipts = await acme.receipts.hears(150)
    assert sorted(each.data["message_id"] for each in receipts) == sorted(sent)
    assert len(acme.receipts.of_type("enrolment.accepted")) == 100
    assert len(await harness.events.hears(100, "participant.enrolled")) == 100


async def test_a_later_withdrawal_frees_place_and_address_on_its_day(harness: Harness, database: Database) -> None:
    await harness.register("acme", places=1)
    in_a_week = local_day(datetime.now(UTC) + timedelta(days=7))
    await decide(database, requested("e-1", email="ann@example.org"))
    await decide(database, EnrolmentWithdrawn(employee_ref="e-1", effective_on=in_a_week))
    heir = requested("e-2", email="ann@example.org")

    await decide(database, heir, after=timedelta(days=6))
    assert [each["employee_ref"] for each in await harness.participants("acme")] == ["e-1"]
    await decide(database, heir, after=timedelta(days=7))
    standings = {each["employee_ref"]: each["standing"] for each in await harness.participants("acme")}
    assert standings == {"e-1": "withdrawn", "e-2": "enrolled"}


async def test_an_enrolment_frees_its_place_after_its_last_day(harness: Harness, database: Database) -> None:
    await harness.register("acme", places=1)
    last_day = local_day(datetime.now(UTC))
    await decide(database, requested("e-1", ends_on=last_day.isoformat()))
    await decide(database, requested("e-2"))
    assert len(await harness.participants("acme")) == 1
    await decide(database, requested("e-2"), after=timedelta(days=1))
    assert len(await harness.participants("acme")) == 2


async def test_the_database_itself_refuses_what_the_rules_forbid(harness: Harness, database: Database) -> None:
    await harness.register("acme", places=2)
    await decide(database, requested("e-1"), requested("e-2"))
    await decide(database, EnrolmentWithdrawn(employee_ref="e-1"), requested("e-3"))
    for statement, constraint in [
        ("update partners set places = 1", "partners_places"),
        ("update participants set standing = 'enrolled'", "partners_places"),
        ("update participants set email_key = 'e-1@example.org'", "participants_email"),
        ("update participants set employee_ref = 'e-1'", "participants_employee"),
        ("update participants set standing = 'erased'", "participants_person"),
    ]:
        with pytest.raises(IntegrityError, match=constraint):
            async with database.begin() as work:
                await work.execute(text(statement))
