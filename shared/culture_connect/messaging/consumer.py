"""One queue, consumed through FastStream: read, commit with others, settle."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import aiormq
import structlog
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from faststream.rabbit.subscriber.usecase import RabbitSubscriber

from culture_connect.contracts import MESSAGES
from culture_connect.messaging.acks import Acks
from culture_connect.messaging.database import Database
from culture_connect.messaging.errors import PermanentFailure, reason_of
from culture_connect.messaging.group_commit import GroupCommit
from culture_connect.messaging.handlers import Handlers
from culture_connect.messaging.publisher import Publisher, PublishFailed
from culture_connect.messaging.reading import Reader
from culture_connect.messaging.routes import VirtualHost
from culture_connect.messaging.settlement import settle_failure
from culture_connect.messaging.telemetry import Telemetry

log = structlog.get_logger()


@dataclass(frozen=True)
class Subscription:
    """A queue and what to do with its messages; at most `prefetch` of them are in hand at a time.

    `found` is told again and again whether the queue is there.
    """

    vhost: VirtualHost
    queue: str
    handlers: Handlers
    prefetch: int = 300
    found: Callable[[bool], None] | None = None


class Consumer:
    """A running subscription. Made by `start`, ended by `stop`."""

    def __init__(
        self,
        subscription: Subscription,
        *,
        service: str,
        database: Database,
        publisher: Publisher,
        telemetry: Telemetry,
    ) -> None:
        self.subscription = subscription
        self._service = service
        self._publisher = publisher
        self._telemetry = telemetry
        # Between the services every type goes to everyone; outside parties may send only what we take from them.
        ignored = frozenset(MESSAGES) if subscription.vhost == "core" else frozenset[str]()
        self._reader = Reader(subscription.queue, subscription.handlers, ignored)
        self._commits = GroupCommit(
            database,
            subscription.queue,
            subscription.handlers,
            # One half is committed while the other arrives.
            largest_batch=max(1, subscription.prefetch // 2),
            batch_size=telemetry.batch_size.labels(subscription.queue),
        )
        self._acks = Acks()
        self._running: asyncio.Task[None] | None = None
        self._subscriber: RabbitSubscriber | None = None

    async def start(self, broker: RabbitBroker) -> None:
        """Begins to consume; the queue must exist."""
        subscriber = broker.subscriber(
            RabbitQueue(self.subscription.queue, declare=False),
            channel=Channel(prefetch_count=self.subscription.prefetch),
            ack_policy=AckPolicy.MANUAL,
            decoder=_undecoded,
            no_reply=True,
            persistent=False,
            include_in_schema=False,
        )
        subscriber(self.deliver)
        self._subscriber = subscriber
        self._running = asyncio.create_task(self._commits.run(), name=f"commit {self.subscription.queue}")
        await subscriber.start()

    async def stop(self) -> None:
        """Stops taking, and waits for what is in hand as long as the broker's graceful timeout allows."""
        if self._subscriber is not None:
            await self._subscriber.stop()
            await self._acks.sent()
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def is_consuming(self) -> bool:
        """True while the broker delivers to this consumer; it ends it, for instance, when the queue is deleted."""
        subscriber = self._subscriber
        # FastStream does not tell, so the channel of its queue is asked.
        queue = subscriber._queue_obj if subscriber else None
        if subscriber is None or queue is None or queue.channel.is_closed:
            return False
        channel = cast("aiormq.Channel", await queue.channel.get_underlay_channel())
        return subscriber._consumer_tag in channel.consumers

    @property
    def seconds_without_database(self) -> float:
        """How long the deliveries in hand have been waiting for the database."""
        return self._commits.seconds_without_database

    async def deliver(self, message: RabbitMessage) -> None:
        """Handles one delivery; when it returns the message is acked, when it raises it is rejected."""
        raw = message.raw_message
        try:
            item = self._reader.read(raw)
            if item is not None:
                await self._commits.submit(item)
            outcome = "handled" if item is not None else "ignored"
        except Exception as error:
            try:
                outcome = await settle_failure(
                    raw,
                    error,
                    service=self._service,
                    vhost=self.subscription.vhost,
                    queue=self.subscription.queue,
                    publisher=self._publisher,
                )
            except PublishFailed as failure:
                # Back to the queue: the delivery limit ends it where nothing else can.
                log.warning("failed delivery returned", queue=self.subscription.queue, reason=reason_of(failure))
                await raw.reject(requeue=True)
                self._acks.rejected(raw)
                return
            log.log(
                30 if isinstance(error, PermanentFailure) else 40,
                "delivery failed",
                outcome=outcome,
                queue=self.subscription.queue,
                message_id=raw.message_id,
                reason=reason_of(error),
            )
        self._acks.handled(raw)
        self._telemetry.deliveries.labels(self.subscription.queue, outcome).inc()


async def _undecoded(message: RabbitMessage) -> RabbitMessage:
    """Hands the whole message to the handler: the envelope is in its headers, and our own reader decodes it."""
    return message
