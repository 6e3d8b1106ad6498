"""Publishing with the broker's word for it: persistent, mandatory, confirmed, many at once on one channel."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

import aio_pika
import aiormq
from aiormq.abc import ChannelFrame
from aiormq.exceptions import AMQPError
from pamqp.commands import Basic

from culture_connect.messaging.frames import publication_frames

CONFIRM_TIMEOUT = 30.0  # seconds

PublishFailed = (AMQPError, ConnectionError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Publication:
    """One message of ours and where it goes; `headers` are its CloudEvents attributes."""

    exchange: str
    routing_key: str
    headers: Mapping[str, str]
    correlation_id: str | None
    body: bytes
    properties: bytes | None = None


class Publisher:
    """A connection of its own to one virtual host, with a channel in confirm mode.

    It does not reconnect: whoever uses it opens a new one, so that nothing is ever sent twice behind its back.
    """

    def __init__(self, url: str, *, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: aio_pika.abc.AbstractConnection | None = None
        self._channel: aiormq.Channel | None = None
        # Messages that are published together must share one channel: the order of two is anybody's guess.
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._connection = await aio_pika.connect(
            self._url, timeout=CONFIRM_TIMEOUT, client_properties={"connection_name": self._name}
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            # A connection that is lost may never answer the good-bye, or object to it.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(5):
                    await self._connection.close()

    @property
    def connected(self) -> bool:
        """False once the connection is lost."""
        return self._connection is not None and self._connection.connected.is_set()

    async def publish(self, exchange: str, routing_key: str, body: bytes, properties: Basic.Properties) -> None:
        """Returns when the broker has taken responsibility for the message in at least one queue.

        Raises one of `PublishFailed`: the message was returned as unroutable, refused by a full queue, or the
        channel or connection was lost before the answer (then it may have arrived).
        """
        channel = self._channel
        if channel is None or channel.is_closed:
            channel = await self._reopened_channel()
        await channel.basic_publish(
            body,
            exchange=exchange,
            routing_key=routing_key,
            properties=properties,
            mandatory=True,
            timeout=CONFIRM_TIMEOUT,
            # The confirm tells more than a flushed socket does, and many may be under way.
            wait=False,
        )

    async def publish_all(self, publications: Sequence[Publication]) -> list[Exception | None]:
        """Publishes in this order; returns, for each, None or what `publish` would have raised.

        All go to the socket in one write: a system call for every message costs more than the rest of its way, here
        and in the broker. aiormq's own `basic_publish` takes one at a time, so its bookkeeping is done here.
        """
        channel = self._channel
        if channel is None or channel.is_closed:
            channel = await self._reopened_channel()
        frames = [
            frame
            for each in publications
            for frame in publication_frames(
                channel.number,
                channel.max_content_size,
                exchange=each.exchange,
                routing_key=each.routing_key,
                headers=each.headers,
                correlation_id=each.correlation_id,
                body=each.body,
                properties=each.properties,
            )
        ]
        confirmations = []
        async with channel.lock:
            for each in publications:
                channel.delivery_tag += 1
                confirmation = channel.create_future()
                channel.confirmations[channel.delivery_tag] = confirmation
                # How a returned message finds its future.
                if "ce-id" in each.headers:
                    channel.message_id_delivery_tag[each.headers["ce-id"]] = channel.delivery_tag
                confirmations.append(confirmation)
            await channel.write_queue.put(ChannelFrame(b"".join(frames), should_close=False))
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT):
                results = await asyncio.gather(*confirmations, return_exceptions=True)
        finally:
            for each in publications:
                channel.message_id_delivery_tag.pop(each.headers.get("ce-id"), None)
        return [_failure(result) for result in results]

    async def _reopened_channel(self) -> aiormq.Channel:
        # A broker that is still starting may never answer.
        async with asyncio.timeout(CONFIRM_TIMEOUT), self._opening:
            if self._channel is None or self._channel.is_closed:
                if self._connection is None or not self.connected:
                    raise ConnectionError("broker connection lost")
                channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                self._channel = cast("aiormq.Channel", await channel.get_underlay_channel())
            return self._channel


def _failure(result: object) -> Exception | None:
    if isinstance(result, asyncio.CancelledError):
        # Not ours: aiormq cancels what waits when a channel is closed.
        return ConnectionError("channel closed")
    return result if isinstance(result, Exception) else None
