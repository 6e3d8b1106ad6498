"""A message as it was delivered: its properties, and the channel on which it is settled."""

from datetime import datetime
from typing import Any

from aiormq.abc import AbstractChannel

from culture_connect.messaging.consuming.content_header import ContentHeader, Fault
from culture_connect.messaging.consuming.received import relevant_headers


class IncomingMessage:
    """One delivery. Properties that are absent or unusable are None; `faults` names the latter.

    `headers` has none that nothing here looks at.
    """

    __slots__ = (
        "app_id",
        "body",
        "channel",
        "content_encoding",
        "content_type",
        "correlation_id",
        "delivery_tag",
        "faults",
        "headers",
        "message_id",
        "redelivered",
        "timestamp",
        "type",
    )

    def __init__(
        self, channel: AbstractChannel, delivery_tag: int, redelivered: bool, header: ContentHeader, body: bytes
    ) -> None:
        self.channel = channel
        self.delivery_tag = delivery_tag
        self.redelivered = redelivered
        self.body = body
        self.faults: tuple[Fault, ...] = header.faults
        get = header.properties.get
        self.headers: dict[str, Any] = relevant_headers(get("headers") or {})
        self.message_id: str | None = get("message_id")
        self.type: str | None = get("type")
        self.app_id: str | None = get("app_id")
        self.content_type: str | None = get("content_type")
        self.content_encoding: str | None = get("content_encoding")
        self.timestamp: datetime | None = get("timestamp")
        self.correlation_id: str | None = get("correlation_id")
