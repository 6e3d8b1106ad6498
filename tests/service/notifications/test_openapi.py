"""The API does what its OpenAPI document says, whatever is asked of it."""

import asyncio
import itertools
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import httpx
import pytest
import schemathesis

from notifications.app import build_app
from notifications.settings import NotificationsSettings
from tests.service.notifications.test_bounces import a_report
from tests.support.openapi import Existing, Wanted, ask_everything, desk_of
from tests.support.service_environment import Surroundings

WELCOMED = """
    with people as (
        insert into notifications.contacts (participant_id, person_version, given_name, family_name, email, language,
            erased, term_version)
        values ($1, 1, 'Zoë', 'de Boer', 'zoe@acme.example', 'nl', false, 0)
    )
    insert into notifications.letters (letter_id, participant_id, kind, state, attempts, planned_at, wanted_at)
    values ($2, $1, 'welcome', 'planned', 0, now(), now())
"""


turns = itertools.count()


@schemathesis.serializer("message/rfc822")
def report(_: object, made_up: object) -> bytes:
    """Returns a report of a mail server: a made-up body is none."""
    return a_report(str(uuid4())) if next(turns) % 2 else str(made_up).encode(errors="replace")


@pytest.fixture
def api(settings: NotificationsSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """An operator."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # what schemathesis sends goes straight there
    # No mail server: that of the fixtures does not answer while a test is not asynchronous.
    with desk_of(build_app(settings.model_copy(update={"smtp_port": 1})), "console") as client:
        yield client


@pytest.mark.timeout(180)
def test_every_answer_is_one_that_the_document_promises(api: httpx.Client, surroundings: Surroundings) -> None:
    real = asyncio.run(_furnish(surroundings))
    found = ask_everything(api, real)
    assert not found.faults, "\n\n".join(found.faults)
    assert real.keys() < found.operations
    assert found.succeeded == found.operations


async def _furnish(surroundings: Surroundings) -> dict[str, Wanted]:
    """A letter; returns by operation what is there."""
    letter_id = uuid4()
    connection = await asyncpg.connect(surroundings.database.superuser_url)
    try:
        await connection.execute(WELCOMED, uuid4(), letter_id)
    finally:
        await connection.close()
    letter = {"letter_id": str(letter_id)}
    return {
        "GET /letters/{letter_id}": lambda: Existing(letter),
        "GET /letters/{letter_id}/page": lambda: Existing(letter),
        "POST /letters/{letter_id}/resend": lambda: Existing(letter),
    }
