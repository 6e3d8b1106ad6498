"""Registration's intake without a broker: messages as they come off the wire, the real reader, one database."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import aio_pika
from aio_pika.message import IncomingMessage
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from culture_connect.messaging import Database, Handlers, Telemetry, UnitOfWork
from culture_connect.messaging.group_commit import GroupCommit
from culture_connect.messaging.reading import Reader
from tests.service.registration.house import PREFIX
from tests.service.registration.model import Post


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
        self, database: Database, queue: str, handlers: Handlers, *, largest_batch: int, telemetry: Telemetry
    ) -> None:
        self._reader = Reader(queue, handlers, frozenset())
        self._commits = GroupCommit(
            database, queue, handlers, largest_batch=largest_batch, batch_size=telemetry.batch_size.labels(queue)
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Commits what is taken, while the block runs."""
        task = asyncio.create_task(self._commits.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def take(self, messages: Sequence[aio_pika.Message]) -> None:
        """Returns when all of them had their effect; raises what a handler raised."""
        items = [self._reader.read(_delivered(message)) for message in messages]
        await asyncio.gather(*(self._commits.submit(item) for item in items if item is not None))


def written(post: Post, form: str, body: bytes | None = None) -> aio_pika.Message:
    """The message in one of the forms of the envelope: `binary`, `structured`, or the `least` of a simple client."""
    type_ = f"{PREFIX}{post.type}.v1"
    time = post.sent_at.isoformat() if post.sent_at else None
    data = json.dumps(post.data).encode() if body is None else body
    if form == "structured" and body is None:
        attributes = {"specversion": "1.0", "id": post.id, "type": type_, "source": "/hr"}
        event = {**attributes, **({"time": time} if time else {}), "data": post.data}
        return aio_pika.Message(json.dumps(event).encode(), content_type="application/cloudevents+json")
    if form == "binary":
        headers = {"ce-specversion": "1.0", "ce-id": post.id, "ce-type": type_, "ce-source": "/hr"}
        return aio_pika.Message(
            data, headers={**headers, **({"ce-time": time} if time else {})}, content_type="application/json"
        )
    return aio_pika.Message(data, message_id=post.id, type=post.type, timestamp=post.sent_at)


def _delivered(message: aio_pika.Message) -> IncomingMessage:
    """The message after its way over the wire: properties are encoded and decoded as between client and broker."""
    header = ContentHeader()
    header.unmarshal(ContentHeader(0, len(message.body), message.properties).marshal())
    delivery = Basic.Deliver("consumer", 1, False, "hr", "enrolment")
    channel = cast("Any", None)  # nothing is acknowledged here
    return IncomingMessage(DeliveredMessage(delivery, header, message.body, channel), no_ack=True)
