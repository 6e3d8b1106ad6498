"""From what came over the wire to what a handler understands."""

import json
from datetime import UTC, datetime
from uuid import UUID

from aio_pika.abc import AbstractIncomingMessage

from culture_connect.contracts import (
    EnvelopeError,
    RefusalError,
    UnknownType,
    UnreadableMessage,
    decode,
    read_as,
)
from culture_connect.messaging.errors import PermanentFailure
from culture_connect.messaging.group_commit import Item
from culture_connect.messaging.handlers import Delivery, Handlers, InvalidDelivery
from culture_connect.messaging.inbox import digest_of
from culture_connect.messaging.incoming import IncomingMessage
from culture_connect.messaging.topology import party_of


class Reader:
    """Reads the messages of one queue for its handlers; `ignored` are types that are known and not wanted here."""

    def __init__(self, queue: str, handlers: Handlers, ignored: frozenset[str]) -> None:
        self._queue = queue
        self._party = party_of(queue)
        self._handlers = handlers
        self._ignored = ignored
        self._models = handlers.models

    def read(self, raw: IncomingMessage | AbstractIncomingMessage) -> Item | None:
        """The message as an item for the group commit; None when nobody here wants it.

        Raises PermanentFailure when it has no id, or cannot be read and nobody here answers such messages.
        """
        try:
            envelope, data = decode(
                raw.body,
                raw.headers,
                content_type=raw.content_type,
                message_id=raw.message_id,
                type=raw.type,
                app_id=raw.app_id,
                timestamp=raw.timestamp,
                correlation_id=raw.correlation_id,
                faults=raw.faults if isinstance(raw, IncomingMessage) else (),
                now=datetime.now(UTC),
            )
        except EnvelopeError as error:
            return self._invalid(error.id, error.type, error.problems, _json(raw.body), digest_of(error.type, raw.body))
        digest = digest_of(envelope.type, raw.body)
        if self._handlers.model_of(envelope.type) is None and envelope.type in self._ignored:
            return None
        try:
            message = read_as(self._models, envelope.type, data)
        except (UnknownType, UnreadableMessage) as error:
            return self._invalid(envelope.id, envelope.type, error.problems, _json(data), digest)
        return Item(envelope.id, digest, Delivery(message, envelope, self._queue, self._party))

    def _invalid(
        self,
        message_id: str | None,
        type_: str | None,
        problems: list[RefusalError],
        data: object | None,
        digest: UUID,
    ) -> Item:
        if message_id is None or self._handlers.invalid is None:
            raise PermanentFailure(problems[0].code)
        content = InvalidDelivery(message_id, type_, self._queue, self._party, problems, data)
        return Item(message_id, digest, content)


def _json(body: bytes) -> object | None:
    """The data of a message that could not be read, as far as it is JSON; in structured mode it stands under `data`."""
    try:
        value = json.loads(body)
        return value.get("data") if isinstance(value, dict) and "specversion" in value else value
    except (ValueError, RecursionError):
        return None
