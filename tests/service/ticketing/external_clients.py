"""Clients of a running ticketing: registration, notifications and box offices, each with an account of its own."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from uuid import uuid4

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from fastapi import FastAPI

from culture_connect.contracts import AdmissionRecorded, EveningScheduled, ParticipantWithdrawn
from tests.service.ticketing.harness import PublishedEvent
from tests.support.bus import Side
from tests.support.probes import eventually, until
from tests.support.service_environment import Surroundings
from ticketing.app import build_app
from ticketing.settings import TicketingSettings
from ticketing.use_cases.apply_events import Event


@dataclass
class QueueListener:
    """The messages received from a queue so far; `to` is the owner of the queue."""

    to: str
    received: list[PublishedEvent] = field(default_factory=list)

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Receives one message."""
        type_ = str(message.headers["ce-type"]).removeprefix("nl.cultureconnect.").removesuffix(".v1")
        self.received.append(PublishedEvent(self.to, type_, json.loads(message.body), message.correlation_id))
        await message.ack()

    def of(self, *types: str) -> list[PublishedEvent]:
        """Returns the messages of these types, in order."""
        return [each for each in self.received if each.type in types]

    async def receives(self, count: int, *types: str) -> list[PublishedEvent]:
        """Waits until so many messages of these types were received, and returns them."""
        enough: Callable[[list[PublishedEvent]], bool] = lambda received: len(received) >= count  # noqa: E731
        return await until(lambda: self.of(*types), enough, f"{count} of {', '.join(types)} to {self.to}", timeout=20)


@dataclass
class BoxOffice:
    """A box office: its feed, and its scanners."""

    venue: str
    listener: QueueListener
    scanners: AbstractExchange

    async def scan(self, recorded: AdmissionRecorded, *, message_id: str | None = None) -> None:
        """Sends a scan, with no more than a simple client would."""
        await self.send(recorded.to_json(), message_id=message_id or str(uuid4()))

    async def send(self, body: bytes, *, message_id: str) -> None:
        """Sends any bytes as a scan."""
        message = aio_pika.Message(body, message_id=message_id, type="admission.recorded")
        await self.scanners.publish(message, "admission")


class Clients:
    """Use as an asynchronous context manager."""

    def __init__(self, surroundings: Surroundings, settings: TicketingSettings) -> None:
        self.settings = settings
        self.harness = QueueListener("core")
        self._surroundings = surroundings
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._registration = await self._channel(self._surroundings.bus.url("registration", "core"))
        self._events = await self._registration.get_exchange("events", ensure=False)
        notifications = await self._channel(self._surroundings.bus.url("notifications", "core"))
        queue = await notifications.get_queue("notifications.events", ensure=False)
        await queue.consume(self._overhear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def replica(self) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
        """A replica, running and consuming until the end of the block, and a client of its routes."""
        app = build_app(self.settings)
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://ticketing") as client,
        ):
            await eventually(app.state.service.problems, [], "problems of the replica", timeout=20)
            yield app, client

    async def box_office(self, venue: str) -> BoxOffice:
        """Onboards a venue's box office and logs in with its account."""
        channel = await self._channel(await self._surroundings.add_box_office(venue))
        listener = QueueListener(venue)
        queue = await channel.get_queue(f"box-office.{venue}.tickets", ensure=False)
        await queue.consume(listener.take)
        return BoxOffice(venue, listener, await channel.get_exchange(f"box-office.{venue}", ensure=False))

    async def publish(self, *events: Event, ids: list[str] | None = None) -> list[str]:
        """Publishes these as registration would; returns the ids of the messages."""
        ids = ids or [str(uuid4()) for _ in events]
        for event, message_id in zip(events, ids, strict=True):
            message = aio_pika.Message(
                event.to_json(),
                message_id=message_id,
                headers={
                    "ce-specversion": "1.0",
                    "ce-id": message_id,
                    "ce-type": event.type,
                    "ce-source": "/culture-connect/registration",
                    "ce-time": datetime.now(UTC).isoformat(),
                },
            )
            await self._events.publish(message, event.routing_key(_scope(event)))
        return ids

    async def dead_letters(self, side: Side) -> list[str | None]:
        """Takes ticketing's dead letters of one virtual host and returns their ids."""
        async with self._surroundings.administrator(side) as channel:
            queue = await channel.get_queue("ticketing.dead", ensure=False)
            found = []
            while (message := await queue.get(no_ack=True, fail=False)) is not None:
                found.append(message.message_id)
            return found

    async def _overhear(self, message: AbstractIncomingMessage) -> None:
        if message.app_id == "ticketing":
            await self.harness.take(message)
        else:
            await message.ack()

    async def _channel(self, url: str) -> AbstractChannel:
        connection = await self._stack.enter_async_context(await aio_pika.connect(url))
        return await connection.channel()


def _scope(event: Event) -> str | None:
    if isinstance(event, EveningScheduled):
        return event.venue
    return "acme" if isinstance(event, ParticipantWithdrawn) else None
