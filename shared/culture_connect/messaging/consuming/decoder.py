"""Decodes messages into the deliveries of handlers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from culture_connect.contracts import (
    MESSAGES,
    EnvelopeError,
    RefusalError,
    UnknownType,
    UnreadableMessage,
    decode,
    read_as,
)
from culture_connect.messaging.consuming.inbox import digest_of
from culture_connect.messaging.consuming.received import ReceivedMessage, received_at
from culture_connect.messaging.consuming.router import BatchSubscriber, Delivery, InvalidDelivery
from culture_connect.messaging.keyed_hash import KeyedHash
from culture_connect.messaging.topology import party_of

_NO_DIGEST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that cannot be answered: it has no id, or the queue has no handler for invalid ones."""

    problems: Sequence[RefusalError]


@dataclass(slots=True)
class Item:
    """A message to be handled, and what is remembered of it: its id and digest, its ordering key, its first arrival.

    `suspect` means that a process may have ended because of it.
    """

    message: ReceivedMessage
    received_at: datetime
    content: Delivery[Any] | InvalidDelivery | Unreadable
    message_id: str = ""
    digest: UUID = _NO_DIGEST
    key: str | None = None
    suspect: bool = False


class Decoder:
    """Decodes the messages of one queue for its handlers."""

    def __init__(self, subscriber: BatchSubscriber, hashes: KeyedHash) -> None:
        self._queue = subscriber.queue
        self._party = party_of(subscriber.queue)
        self._subscriber = subscriber
        # Between the services every type goes to everyone; outside parties may send only what we take from them.
        self._ignored = frozenset(MESSAGES) if subscriber.vhost == "core" else frozenset[str]()
        self._hashes = hashes
        self._models = subscriber.models

    def decode(self, message: ReceivedMessage, first_seen: datetime | None = None) -> Item | None:
        """The message as an item to be handled; None when nobody here wants it.

        `first_seen` is when it arrived, for one that waited since; it stands for the time of a message that has none.
        """
        first_seen = first_seen or received_at(message, datetime.now(UTC))
        try:
            envelope, data = decode(
                message.body,
                message.headers,
                content_type=message.content_type,
                message_id=message.message_id,
                type=message.type,
                app_id=message.app_id,
                timestamp=message.timestamp,
                correlation_id=message.correlation_id,
                faults=message.faults,
                now=first_seen,
            )
        except EnvelopeError as error:
            return self._invalid(message, first_seen, error.id, error.type, error.problems, _json(message.body))
        if self._party is not None and envelope.time > first_seen:
            # Nobody sends from the future, and what is tried again was sent before it came first.
            envelope = replace(envelope, time=first_seen)
        if self._subscriber.model_of(envelope.type) is None and envelope.type in self._ignored:
            return None
        try:
            content = read_as(self._models, envelope.type, data)
        except (UnknownType, UnreadableMessage) as error:
            return self._invalid(message, first_seen, envelope.id, envelope.type, error.problems, _json(data))
        return Item(
            message,
            first_seen,
            Delivery(content, envelope, self._queue, self._party),
            envelope.id,
            digest_of(self._hashes, envelope.type, message.body),
            self._subscriber.ordering_key(content, envelope),
        )

    def _invalid(
        self,
        message: ReceivedMessage,
        first_seen: datetime,
        message_id: str | None,
        type_: str | None,
        problems: list[RefusalError],
        data: object | None,
    ) -> Item:
        if message_id is None or self._subscriber.invalid_handler is None:
            return Item(message, first_seen, Unreadable(problems))
        content = InvalidDelivery(message_id, type_, self._queue, self._party, problems, data)
        return Item(message, first_seen, content, message_id, digest_of(self._hashes, type_, message.body))


def _json(body: bytes) -> object | None:
    """The data of a message that could not be read, as far as it is JSON; in structured mode it stands under `data`."""
    try:
        value = json.loads(body)
        return value.get("data") if isinstance(value, dict) and "specversion" in value else value
    except (ValueError, RecursionError):
        return None
