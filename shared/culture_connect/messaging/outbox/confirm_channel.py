"""A channel in confirm mode on which many messages are under way at once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

import aio_pika
import aiormq
from aiormq.abc import ChannelFrame

from culture_connect.messaging.outbox.confirms import Batch, Confirmation
from culture_connect.messaging.outbox.publish_failures import ConnectionLost, PublishFailed, Unconfirmed, failure_of

Payload = tuple[int, str, bytes]
"""The place of a message in its batch, its id, its frames."""


class ConfirmChannel:
    """Writes messages and matches the broker's answers to them.

    aiormq's own `basic_publish` takes one message at a time, so the bookkeeping for it is done here.
    """

    def __init__(self, channel: aiormq.Channel) -> None:
        self._channel = channel
        self._writing = asyncio.Lock()
        self._batches: dict[Batch, list[str]] = {}
        # A returned message is known by its id alone: two with one id must not be under way together.
        self._under_way: dict[str, Batch] = {}
        self._is_broken = False
        channel.closing.add_done_callback(self._closed)

    @classmethod
    async def open(cls, connection: aio_pika.abc.AbstractConnection) -> "ConfirmChannel":
        """A new channel on this connection; raises what aio-pika raises."""
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        return cls(cast("aiormq.Channel", await channel.get_underlay_channel()))

    @property
    def is_usable(self) -> bool:
        """False once it is closed or its answers cannot be matched any more."""
        return not self._is_broken and not self._channel.is_closed

    @property
    def number(self) -> int:
        """The channel's number on its connection."""
        return self._channel.number

    @property
    def largest_part(self) -> int:
        """The largest part of a body that one frame may carry, in bytes."""
        return self._channel.max_content_size

    async def send(
        self, batch: Batch, payloads: Sequence[Payload], *, write_timeout: float, may_publish: Callable[[], bool]
    ) -> None:
        """Hands the frames to the connection in one write; the answers come into `batch`.

        `may_publish` is asked at the last moment; when it says no, nothing is sent and PermissionError is raised.
        Raises Unconfirmed when the write does not begin within `write_timeout` seconds, ConnectionLost when the channel
        is closed.
        """
        entered = False
        try:
            async with asyncio.timeout(write_timeout), self._writing:
                for _, message_id, _ in payloads:
                    while (earlier := self._under_way.get(message_id)) is not None:
                        await earlier.completed()
                if not self.is_usable:
                    raise ConnectionLost
                if not may_publish():
                    raise PermissionError
                entered = True
                self._enter(batch, payloads)
                frames = b"".join([frames for _, _, frames in payloads])
                await self._channel.write_queue.put(ChannelFrame(frames, should_close=False))
                entered = False
        except TimeoutError:
            raise Unconfirmed from None
        finally:
            # What is in the book and was not written would shift every later answer.
            self._is_broken = self._is_broken or entered

    def fail(self, failure: PublishFailed) -> None:
        """Answers everything that is under way."""
        for batch in [*self._batches]:
            batch.fail(failure)

    def _enter(self, batch: Batch, payloads: Sequence[Payload]) -> None:
        channel = self._channel
        confirmations = cast("dict[int, Confirmation]", channel.confirmations)
        for place, message_id, _ in payloads:
            channel.delivery_tag += 1
            confirmations[channel.delivery_tag] = Confirmation(batch, place)
            # How a returned message finds its confirmation.
            channel.message_id_delivery_tag[message_id] = channel.delivery_tag
            self._under_way[message_id] = batch
        self._batches[batch] = [message_id for _, message_id, _ in payloads]
        batch.when_complete(self._settle)

    def _settle(self, batch: Batch) -> None:
        """Frees the ids of a batch that is complete."""
        for message_id in self._batches.pop(batch):
            del self._under_way[message_id]
            self._channel.message_id_delivery_tag.pop(message_id, None)

    def _closed(self, closing: "asyncio.Future[object]") -> None:
        self.fail(failure_of(None if closing.cancelled() else closing.exception()))
