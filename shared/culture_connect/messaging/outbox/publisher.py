"""Publishing with the broker's word for it: persistent, mandatory, confirmed, many at once on one channel."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aio_pika

from culture_connect.messaging.connection import close_connection, connect, within
from culture_connect.messaging.consuming.content_header import decode_content_header
from culture_connect.messaging.outbox.confirm_channel import ConfirmChannel, Payload
from culture_connect.messaging.outbox.confirms import Batch
from culture_connect.messaging.outbox.frames import publication_frames
from culture_connect.messaging.outbox.publish_failures import ConnectionLost, PublishFailed, Unencodable, failure_of

__all__ = ["CONFIRM_TIMEOUT", "Publication", "PublishFailed", "Publisher"]

CONFIRM_TIMEOUT = 10.0  # seconds without any answer after which the rest counts as unconfirmed
CONNECT_TIMEOUT = 5.0  # seconds, for a connection and for a channel
CLOSE_TIMEOUT = 2.0  # seconds: a connection that is lost may never answer the good-bye


@dataclass(frozen=True, slots=True)
class Publication:
    """One message and where it goes.

    `headers` are its CloudEvents attributes; a dead letter, which is somebody else's, has `properties` instead.
    """

    exchange: str
    routing_key: str
    headers: Mapping[str, str]
    correlation_id: str | None
    body: bytes
    properties: bytes | None = None

    @property
    def id(self) -> str:
        """The message id, by which the broker's return is known. Raises KeyError when there is none."""
        if self.properties is None:
            return self.headers["ce-id"]
        return str(decode_content_header(self.properties).properties["message_id"])


class Publisher:
    """A connection of its own to one virtual host, with a channel in confirm mode.

    `connect_timeout` (seconds) ends the opening of the connection and of a channel, `confirm_timeout` a wait without an
    answer; then the rest counts as unconfirmed. It does not reconnect: whoever uses it opens a new one, so that nothing
    is ever sent twice behind its back. Of what the client libraries raise, nothing but `PublishFailed` comes out.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        confirm_timeout: float = CONFIRM_TIMEOUT,
        connect_timeout: float = CONNECT_TIMEOUT,
    ) -> None:
        self._url = url
        self._name = name
        self._confirm_timeout = confirm_timeout
        self._connect_timeout = connect_timeout
        self._connection: aio_pika.abc.AbstractConnection | None = None
        self._channel: ConfirmChannel | None = None
        # Messages that are published together must share one channel: the order of two is anybody's guess.
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        try:
            self._connection = await connect(self._url, name=self._name, timeout=self._connect_timeout)
        except Exception as error:
            raise failure_of(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await close_connection(self._connection, timeout=CLOSE_TIMEOUT)
        if self._channel is not None:
            self._channel.fail(ConnectionLost())

    @property
    def connected(self) -> bool:
        """False once the connection is lost."""
        return self._connection is not None and self._connection.connected.is_set()

    async def is_blocked(self) -> bool:
        """Returns whether the broker says that it blocks publishers: memory or disk are short."""
        transport = None if self._connection is None else self._connection.transport
        if transport is None or not self.connected:
            return False
        try:
            async with asyncio.timeout(0.05):
                await transport.ready()
        except TimeoutError:
            return True
        return False

    async def send(self, publications: Sequence[Publication], *, may_publish: Callable[[], bool]) -> Batch:
        """Writes the messages in this order and returns the batch of their answers, which are still to come.

        No id may come twice, here or in batches without their answers. `may_publish` is asked at the last moment; when
        it says no, nothing is sent and PermissionError is raised.
        """
        # All go to the socket in one write: a system call for each costs more than the rest of its way.
        channel = await self._opened()
        batch = Batch(len(publications))
        payloads: list[Payload] = []
        for place, each in enumerate(publications):
            try:
                payloads.append((place, each.id, _frames(channel, each)))
            except Exception:
                batch.answer(place, Unencodable())
        await channel.send(batch, payloads, write_timeout=self._confirm_timeout, may_publish=may_publish)
        return batch

    async def _opened(self) -> ConfirmChannel:
        if self._channel is not None and self._channel.is_usable:
            return self._channel
        try:
            # A broker that is still starting may never answer.
            return await within(self._connect_timeout, self._reopened())
        except Exception as error:
            raise failure_of(error) from error

    async def _reopened(self) -> ConfirmChannel:
        async with self._opening:
            if self._channel is None or not self._channel.is_usable:
                if self._connection is None or not self.connected:
                    raise ConnectionLost
                self._channel = await ConfirmChannel.open(self._connection)
            return self._channel


def _frames(channel: ConfirmChannel, publication: Publication) -> bytes:
    frames = publication_frames(
        channel.number,
        channel.largest_part,
        exchange=publication.exchange,
        routing_key=publication.routing_key,
        headers=publication.headers,
        correlation_id=publication.correlation_id,
        body=publication.body,
        properties=publication.properties,
    )
    return b"".join(frames)
