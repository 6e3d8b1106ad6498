"""The channel of one consumer: deliveries go from the bytes of the connection straight to a function.

A delivery passes no task, queue or pipeline of the libraries; `receiver` puts it together while the connection is read.
"""

import contextlib
from collections.abc import Callable
from typing import Final, cast

import aiormq
import structlog
from aiormq.abc import DeliveredMessage

from culture_connect.messaging.connection import Connection, within
from culture_connect.messaging.consuming.incoming_message import IncomingMessage
from culture_connect.messaging.consuming.receiver import DeliveryAssembler

log = structlog.get_logger()

START_TIMEOUT: Final = 10.0  # seconds for the broker to answer
_CANCEL_TIMEOUT: Final = 3.0  # seconds

Deliver = Callable[[IncomingMessage], None]


class ConsumerChannel:
    """A consumer of an existing queue, with at most `prefetch` unsettled messages; at the broker it is called `tag`.

    `deliver` is called for each delivery, in the order of arrival, while the connection is read. Settling it is up to
    `deliver`; what that raises leaves it unsettled, until the connection is closed.
    """

    def __init__(self, connection: Connection, queue: str, *, prefetch: int, tag: str, deliver: Deliver) -> None:
        self._connection = connection
        self._underlying = connection.underlying
        self._queue = queue
        self._prefetch = prefetch
        self._tag = tag
        self._deliver = deliver
        self._channel: aiormq.Channel | None = None
        self._running = False

    async def start(self) -> None:
        """Begins to consume. Raises one of aiormq's errors (no such queue, connection lost) or TimeoutError."""
        await within(START_TIMEOUT, self._start())

    async def _start(self) -> None:
        opened = await self._connection.channel(publisher_confirms=False)
        await opened.set_qos(self._prefetch)
        channel = self._channel = cast("aiormq.Channel", await opened.get_underlay_channel())
        self._underlying.direct[channel.number] = DeliveryAssembler(channel, self._take)
        self._running = True
        await channel.basic_consume(self._queue, _never, consumer_tag=self._tag)

    async def stop(self) -> None:
        """Takes nothing more. The channel stays open for the last acks until the connection is closed."""
        consuming, self._running = self.is_consuming(), False
        if consuming and self._channel is not None:
            # A broker that does not answer sends nothing more either.
            with contextlib.suppress(Exception):
                await within(_CANCEL_TIMEOUT, self._channel.basic_cancel(self._tag))

    def pause(self) -> None:
        """Stops reading the connection until `resume`; the broker drops a connection that is paused for 12 to 14 s."""
        self._underlying.reading.clear()

    def resume(self) -> None:
        """Reads the connection again."""
        self._underlying.reading.set()

    def is_consuming(self) -> bool:
        """True while the broker delivers to this consumer; it ends it, for instance, when the queue is deleted."""
        channel = self._channel if self._running else None
        return channel is not None and not channel.is_closed and self._tag in channel.consumers

    def _take(self, message: IncomingMessage) -> None:
        if not self._running:
            return  # it goes back to its queue with the channel
        try:
            self._deliver(message)
        except Exception as error:
            log.exception("delivery left unsettled", queue=self._queue, reason=type(error).__name__)


async def _never(_: DeliveredMessage) -> None:
    """Registers the consumer with aiormq, which sees none of its deliveries."""
