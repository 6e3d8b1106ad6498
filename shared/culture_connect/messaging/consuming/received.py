"""A message as it arrived, whether from the broker just now or from the rows it waited in."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from culture_connect.contracts import HEADERS
from culture_connect.messaging.consuming.content_header import Fault

RECEIVED_AT_HEADER = "cc-received-at"


class ReceivedMessage(Protocol):
    """The properties of a message that the kit reads; `faults` are properties that could not be decoded."""

    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> Mapping[str, Any]: ...
    @property
    def message_id(self) -> str | None: ...
    @property
    def type(self) -> str | None: ...
    @property
    def app_id(self) -> str | None: ...
    @property
    def content_type(self) -> str | None: ...
    @property
    def content_encoding(self) -> str | None: ...
    @property
    def correlation_id(self) -> str | None: ...
    @property
    def timestamp(self) -> datetime | None: ...
    @property
    def faults(self) -> Sequence[Fault]: ...


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message out of the rows it waited in."""

    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    message_id: str | None = None
    type: str | None = None
    app_id: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    correlation_id: str | None = None
    timestamp: datetime | None = None
    faults: Sequence[Fault] = ()


_TEXTS = ("message_id", "type", "app_id", "content_type", "content_encoding", "correlation_id")
_RELEVANT = HEADERS | {RECEIVED_AT_HEADER}
_BYTES, _TIME = "$bytes", "$time"
_LONGEST_HEADER = 8_004  # bytes: one character more than the longest attribute of an envelope may have


def received_at(message: ReceivedMessage, now: datetime) -> datetime:
    """Returns the moment of its first arrival: the one in a replayed dead letter, else `now`; both aware.

    A sender that says so itself only makes its own message look older, as it can with the message's own time.
    """
    said = message.headers.get(RECEIVED_AT_HEADER)
    if not isinstance(said, str):
        return now
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return now
    return min(moment, now) if moment.tzinfo is not None else now


def relevant_headers(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the headers that the kit reads: hundreds of unsettled messages may have thousands each."""
    return {name: _bounded(value) for name, value in headers.items() if name in _RELEVANT}


def known_headers(message: ReceivedMessage) -> dict[str, Any]:
    """The headers that a copy of the message has: those of its envelope, and what is wrong with one stays wrong.

    What only the sender knows is of no use here, may be personal, and may steer: routing by CC and BCC, and the
    broker's own records of dead-lettering, which 3.x believes from anyone.
    """
    return {name: _bounded(value) for name, value in message.headers.items() if name in HEADERS}


def _bounded(value: object) -> object:
    """The value as it can be encoded again, by the names that pamqp has for types."""
    if isinstance(value, str):
        return value[:_LONGEST_HEADER]
    if isinstance(value, bytes | bytearray):
        return bytearray(value[:_LONGEST_HEADER])
    return value if value is None or isinstance(value, bool | int | float | datetime) else []


def pack(message: ReceivedMessage) -> bytes:
    """The message's properties and headers, without its body."""
    properties: dict[str, Any] = {name: value for name in _TEXTS if (value := getattr(message, name)) is not None}
    if message.timestamp is not None:
        properties["timestamp"] = message.timestamp.astimezone(UTC).isoformat()
    properties["headers"] = {name: _plain(value) for name, value in known_headers(message).items()}
    properties["faults"] = [list(fault) for fault in message.faults]
    return json.dumps(properties).encode()


def unpack(properties: bytes, body: bytes) -> StoredMessage:
    """The message whose properties `pack` made."""
    found = json.loads(properties)
    moment = found.pop("timestamp", None)
    headers = {name: _valued(value) for name, value in found.pop("headers").items()}
    faults = [Fault(*fault) for fault in found.pop("faults")]
    timestamp = datetime.fromisoformat(moment) if moment else None
    return StoredMessage(body, headers, timestamp=timestamp, faults=faults, **found)


def _plain(value: object) -> object:
    """The value as JSON can hold it."""
    if isinstance(value, bytes | bytearray):
        return {_BYTES: base64.b64encode(value).decode()}
    return {_TIME: value.isoformat()} if isinstance(value, datetime) else value


def _valued(value: object) -> object:
    if not isinstance(value, dict):
        return value
    if value.keys() == {_BYTES}:
        return base64.b64decode(value[_BYTES])
    if value.keys() == {_TIME}:
        return datetime.fromisoformat(value[_TIME])
    return {name: _valued(each) for name, each in value.items()}
