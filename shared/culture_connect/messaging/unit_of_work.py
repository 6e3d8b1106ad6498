"""One transaction of one service: its rows and its events, together or not at all."""

import os
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from culture_connect.contracts import Envelope, Message, headers_of
from culture_connect.messaging.outbox import rows
from culture_connect.messaging.routes import Route
from culture_connect.tracing import message_traceparent

# Ids must not collide, and are no secrets: seeded once by the system, without a system call for each.
_RANDOM = random.Random()  # noqa: S311 - not for secrets
# A forked process would go on with the same numbers as its parent.
os.register_at_fork(after_in_child=_RANDOM.seed)


class UnitOfWork:
    """The transaction of a handler or a route. It never commits: `Database.begin` does, once, at the edge.

    `execute` runs set-based statements, `session` is there for what an ORM does well, both in the same transaction;
    `now` is the moment of this unit of work (UTC, read once).
    """

    def __init__(self, session: AsyncSession, connection: AsyncConnection, *, service: str, now: datetime) -> None:
        self.session = session
        self.connection = connection
        self.now = now
        self._source = f"/culture-connect/{service}"
        self._outgoing: list[rows.Outgoing] = []
        self._is_dry_run = False

    async def execute(self, statement: Executable, parameters: Mapping[str, object] | None = None) -> CursorResult[Any]:
        """Runs a statement in this transaction, past the ORM."""
        return await self.connection.execute(statement, parameters)

    def emit(
        self,
        message: Message,
        route: Route,
        *,
        subject: str | None = None,
        cause: Envelope | None = None,
        not_before: datetime | None = None,
        id: UUID | None = None,  # noqa: A002 - the CloudEvents attribute is called id
    ) -> UUID:
        """Sends `message` to `route` when, and only when, this transaction commits.

        `subject` is the id of the aggregate, `cause` the message that led to this one (its id becomes the
        correlation id, its trace goes on, else that of the request), `not_before` makes a durable timer. Returns the
        message's id.
        """
        message_id = id or UUID(int=_RANDOM.getrandbits(128), version=4)
        if self._is_dry_run:
            return message_id
        envelope = Envelope(
            id=str(message_id),
            type=message.type,
            source=self._source,
            time=self.now,
            subject=subject,
            correlation_id=cause.id if cause else None,
            traceparent=message_traceparent(message.type, cause.traceparent if cause else None),
        )
        self._outgoing.append(
            rows.Outgoing(route, headers_of(envelope), envelope.correlation_id, message.to_json(), not_before)
        )
        return message_id

    @asynccontextmanager
    async def dry_run(self) -> AsyncIterator[None]:
        """Nothing of what is done within the block stays: rows are put back, and what is emitted is dropped."""
        # What was emitted before stays, also where the block flushes.
        await self.flush()
        savepoint = await self.connection.begin_nested()
        self._is_dry_run = True
        try:
            yield
        finally:
            self._is_dry_run = False
            await savepoint.rollback()

    async def flush(self) -> None:
        """Writes what was emitted so far into the outbox.

        Whoever opened the unit of work does so at its end; who emits tens of thousands may do so in between.
        """
        messages, self._outgoing = self._outgoing, []
        await rows.store(self.connection, messages)
