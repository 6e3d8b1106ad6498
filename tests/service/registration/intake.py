"""Registration without a broker: messages as they come off the wire, the real decoder and handlers, one database."""

import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, cast

import aio_pika
from pamqp.header import ContentHeader
from sqlalchemy import text

from culture_connect.contracts import Language, local_day
from culture_connect.messaging import BatchSubscriber, Database, Telemetry, UnitOfWork
from culture_connect.messaging.consuming.content_header import decode_content_header
from culture_connect.messaging.consuming.decoder import Decoder, Item
from culture_connect.messaging.consuming.failures import Outcome
from culture_connect.messaging.consuming.group_commit import GroupCommit
from culture_connect.messaging.consuming.incoming_message import IncomingMessage
from culture_connect.messaging.consuming.retry_policy import RETRY_DELAYS
from registration.handlers.enrolments import enrolment_router
from registration.http.participants import ParticipantView
from registration.jobs.daily import DailyJob
from registration.store import participants
from registration.store.tombstones import Tombstones
from registration.use_cases.register_partner import register_partner
from tests.service.registration.harness import PREFIX
from tests.service.registration.model import Post
from tests.support.hashes import HASHES

RETENTION_MONTHS = 12


class DatabaseAt(Database):
    """The service's database at the moment `now`, which a test sets."""

    now: datetime

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """As ever, but for the moment."""
        async with super().begin() as work:
            work.now = self.now
            yield work


class Intake:
    """One queue with HR messages; transactions take at most `largest_batch` of them."""

    def __init__(
        self, database: Database, subscriber: BatchSubscriber, *, largest_batch: int, telemetry: Telemetry
    ) -> None:
        self._decoder = Decoder(subscriber, HASHES)
        self._commits = GroupCommit(
            database,
            subscriber,
            HASHES,
            service="registration",
            largest_batch=largest_batch,
            delays=RETRY_DELAYS,
            batch_size=telemetry.batch_size.labels(subscriber.queue),
            settled=lambda item, outcome: self._settled.append((item, outcome)),
        )
        self._settled: list[tuple[Item, Outcome]] = []

    async def take(self, posts: Sequence[Post]) -> None:
        """Returns when all of them had their effect; a handler that fails is a fault of the test."""
        items = [item for post in posts if (item := self._decoder.decode(_delivered(written(post)))) is not None]
        for item in items:
            self._commits.submit(item)
        self._settled.clear()
        while len(self._settled) < len(items):
            await self._commits.commit()
        assert {outcome for _, outcome in self._settled} <= {"handled"}


def written(post: Post) -> aio_pika.Message:
    """The message in its form of the envelope: `binary`, `structured`, or the `least` that a simple client can do."""
    time = {"time": post.sent_at.isoformat()} if post.sent_at else {}
    attributes = {"specversion": "1.0", "id": post.id, "type": f"{PREFIX}{post.type}.v1", "source": "/hr", **time}
    body = json.dumps(post.data).encode() if post.body is None else post.body
    if post.form == "structured":
        event = json.dumps({**attributes, "data": post.data}).encode()
        return aio_pika.Message(event, content_type="application/cloudevents+json")
    if post.form == "binary":
        headers = {f"ce-{name}": value for name, value in attributes.items()}
        return aio_pika.Message(body, headers={**headers}, content_type="application/json")
    return aio_pika.Message(body, message_id=post.id, type=post.type, timestamp=post.sent_at)


class Registration:
    """Registration's bus side and clock on one database, at a moment that stories set."""

    def __init__(self, database: DatabaseAt) -> None:
        self.database = database
        self._tombstones = Tombstones(secrets.token_bytes(32))
        [self._enrolment_messages] = enrolment_router(self._tombstones).batch_subscribers
        self._telemetry = Telemetry()
        self.clock = DailyJob(
            database,
            self._tombstones,
            retention_months=RETENTION_MONTHS,
            telemetry=self._telemetry,
            now=lambda: database.now,
        )

    def intake(self, slug: str, largest_batch: int) -> Intake:
        """Returns what takes the messages of this partner."""
        subscriber = self._enrolment_messages.for_party(slug)
        return Intake(self.database, subscriber, largest_batch=largest_batch, telemetry=self._telemetry)

    async def register(self, slug: str, places: int, ends_on: date) -> None:
        """Registers a partner whose contract has begun."""
        async with self.database.begin() as work:
            await register_partner(
                work,
                slug=slug,
                name=slug.title(),
                places=places,
                language=Language.NL,
                contact_email=None,
                starts_on=local_day(work.now),
                ends_on=ends_on,
            )

    async def rows(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Returns what the statement gives, by the names of its columns."""
        async with self.database.begin() as work:
            return [dict(row._mapping) for row in await work.execute(text(statement), parameters)]

    async def participants(self, slug: str) -> list[dict[str, Any]]:
        """The participants of the partner as the API shows them."""
        async with self.database.begin() as work:
            found = await participants.page(work, slug, after=None, limit=500)
        return [ParticipantView.of(each).model_dump(mode="json") for each in found]


def _delivered(message: aio_pika.Message) -> IncomingMessage:
    """The message after its way over the wire: properties are encoded and decoded as between client and broker."""
    header = decode_content_header(ContentHeader(0, len(message.body), message.properties).marshal())
    channel = cast("Any", None)  # nothing is acknowledged here
    return IncomingMessage(channel, 1, False, header, message.body)
