"""The CloudEvents 1.0 envelope: binary mode out; binary, structured and the least of a simple client in.

The names of the headers are those of Knative's RabbitMQ binding; there is no official one for AMQP 0-9-1.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from culture_connect.contracts.base import full_type
from culture_connect.contracts.problems import EnvelopeError, RefusalError, UnreadableMessage, problem
from culture_connect.contracts.reader import parse
from culture_connect.contracts.values import MAX_ID_LENGTH, is_fit

MAX_BODY_BYTES: Final = 256 * 1024
STRUCTURED: Final = "application/cloudevents+json"
SPEC_VERSION: Final = "1.0"
HEADERS: Final = frozenset(
    {
        *(f"ce-{name}" for name in ("specversion", "id", "source", "type", "subject", "time")),
        "traceparent",
        "tracestate",
    }
)
"""AMQP headers with a meaning in this system; every other is its sender's own."""

_MAX_ATTRIBUTE_LENGTH: Final = 2000  # characters, of what only people read
# AMQP properties that stand in for an attribute of another name.
_FALLBACKS: Final = {"message_id": "id"}
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of a message beside its data. `type` is the full type, `time` is in UTC."""

    id: str
    type: str
    source: str
    time: datetime
    subject: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None


def headers_of(envelope: Envelope) -> dict[str, str]:
    """The AMQP headers of a message in binary mode."""
    headers = {
        "ce-specversion": SPEC_VERSION,
        "ce-id": envelope.id,
        "ce-source": envelope.source,
        "ce-type": envelope.type,
        "ce-time": written_time(envelope.time),
    }
    if envelope.subject is not None:
        headers["ce-subject"] = envelope.subject
    if envelope.traceparent is not None:
        headers["traceparent"] = envelope.traceparent
    return headers


def encode(envelope: Envelope, data: bytes) -> bytes:
    """The body of a message in structured mode (`application/cloudevents+json`); `data` is JSON."""
    attributes = {
        "specversion": SPEC_VERSION,
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
        "subject": envelope.subject,
        "time": written_time(envelope.time),
        "traceparent": envelope.traceparent,
        "datacontenttype": "application/json",
    }
    known = {name: value for name, value in attributes.items() if value is not None}
    return json.dumps({**known, "data": json.loads(data)}, ensure_ascii=False, separators=(",", ":")).encode()


def written_time(moment: datetime) -> str:
    """An aware moment as RFC 3339 in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def decode(
    body: bytes,
    headers: Mapping[str, object],
    *,
    content_type: str | None,
    message_id: str | None,
    type: str | None,  # noqa: A002 - the AMQP property is called type
    app_id: str | None = None,
    timestamp: datetime | None = None,
    correlation_id: str | None = None,
    faults: Sequence[tuple[str, str, str]] = (),
    now: datetime,
) -> tuple[Envelope, bytes]:
    """Returns the envelope of a message that arrived, and its data as JSON.

    `headers` and the named arguments are those of the AMQP message, `faults` are those of its properties that could
    not be read: name, code and what was expected; `now` (aware) is the time of a message that has none.
    Attributes of the CloudEvent win over AMQP properties. Raises EnvelopeError.
    """
    if content_type is not None and content_type[:23].lower() == "application/cloudevents":
        event, data = _structured(body, content_type, message_id, type)
        found = _Attributes(event)
    else:
        _within_limit(body, headers.get("ce-id") or message_id, headers.get("ce-type") or type)
        found, data = _Attributes(headers, "ce-"), body
    version = found.text("specversion", fallback=SPEC_VERSION)
    if version is not None and version != SPEC_VERSION:
        found.problems.append(problem("unsupported", "must be 1.0", field="specversion"))
    found_id = found.text("id", fallback=message_id, longest=MAX_ID_LENGTH)
    found_type = found.text("type", fallback=type, longest=MAX_ID_LENGTH)
    source = found.text("source", fallback=app_id or "unknown")
    subject = found.text("subject", optional=True)
    time = found.time(timestamp, now)
    if faults:
        found.blame(faults)
    if found.problems or found_id is None or found_type is None or source is None or time is None:
        raise EnvelopeError(
            found.problems,
            id=found_id or _usable(message_id),
            type=_usable_type(found_type),
        )
    return (
        Envelope(found_id, full_type(found_type), source, time, subject, correlation_id or None, found.trace()),
        data,
    )


class _Attributes:
    """CloudEvents attributes on their way in, and what is wrong with them."""

    def __init__(self, values: Mapping[str, object], prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix
        self.problems: list[RefusalError] = []

    def text(
        self,
        name: str,
        *,
        fallback: str | None = None,
        longest: int = _MAX_ATTRIBUTE_LENGTH,
        optional: bool = False,
    ) -> str | None:
        """The attribute as text; None when it is absent or cannot be used, which then is a problem."""
        value = self._values.get(self._prefix + name)
        if value is None:
            value = fallback
        if isinstance(value, str) and 0 < len(value) <= longest and value.isascii() and value.isprintable():
            return value
        if isinstance(value, bytes | bytearray):
            value = _decoded(value)
        if optional and (value is None or value == ""):
            return None
        fault = _fault(value, longest)
        if fault is not None:
            self._refuse(name, *fault)
        return value if fault is None and isinstance(value, str) else None

    def time(self, timestamp: datetime | None, now: datetime) -> datetime | None:
        """The attribute `time` in UTC, else the AMQP timestamp, else now; None when it is not a time."""
        value = self._values.get(self._prefix + "time")
        if isinstance(value, bytes | bytearray):
            value = _decoded(value)
        if value is None:
            value = timestamp or now
        elif isinstance(value, str):
            value = _read_time(value)
        if not isinstance(value, datetime):
            self._refuse("time", "not_a_time", "must be an RFC 3339 time such as 2026-11-05T19:30:00Z")
            return None
        if value.tzinfo is UTC:
            return value
        try:
            # AMQP timestamps are seconds in UTC; a library may leave that unsaid.
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:
            self._refuse("time", "out_of_range", "is out of range")
            return None

    def blame(self, faults: Sequence[tuple[str, str, str]]) -> None:
        """Puts faults of AMQP properties first; a problem that follows from one of them is not repeated."""
        blamed = [problem(code, expected, field=field) for field, code, expected in faults]
        explained = {_FALLBACKS.get(each.field or "", each.field) for each in blamed}
        self.problems = blamed + [
            each for each in self.problems if each.code != "missing" or each.field not in explained
        ]

    def trace(self) -> str | None:
        """Returns the trace to continue; one that is not well-formed is ignored, as W3C Trace Context asks."""
        value = self._values.get("traceparent")
        if isinstance(value, bytes | bytearray):
            value = _decoded(value)
        return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else None

    def _refuse(self, name: str, code: str, message: str) -> None:
        self.problems.append(problem(code, message, field=name))


def _fault(value: object, longest: int) -> tuple[str, str] | None:
    if value is None or value == "":
        return "missing", "is required"
    if not isinstance(value, str):
        return "not_a_string", "must be a string"
    if len(value) > longest:
        return "too_long", f"must have at most {longest} characters"
    # Ids come back as AMQP properties, short strings of 255 bytes.
    if longest == MAX_ID_LENGTH and len(value.encode(errors="surrogatepass")) > 255:
        return "too_long", "must have at most 255 bytes in UTF-8"
    return None if is_fit(value) else ("control_character", "must be UTF-8 without control characters")


def _decoded(value: bytes | bytearray) -> str:
    """Bytes that are no UTF-8 become half surrogates, which no attribute may have."""
    return value.decode(errors="surrogateescape")


def _read_time(value: str) -> datetime | None:
    if not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        return None


def _structured(
    body: bytes, content_type: str, message_id: str | None, type_: str | None
) -> tuple[Mapping[str, object], bytes]:
    def refuse(code: str, message: str, field: str | None = None) -> NoReturn:
        raise EnvelopeError([problem(code, message, field=field)], id=found_id, type=found_type) from None

    found_id, found_type = _usable(message_id), _usable_type(type_)
    _within_limit(body, message_id, type_)
    if content_type.partition(";")[0].strip().lower() != STRUCTURED:
        refuse("unsupported", f"of the CloudEvents formats only {STRUCTURED} is taken", "content_type")
    try:
        event = parse(body)
    except UnreadableMessage as error:
        raise EnvelopeError(error.problems, id=found_id, type=found_type) from None
    found_id, found_type = _usable(event.get("id")) or found_id, _usable_type(event.get("type")) or found_type
    if "specversion" not in event:
        refuse("missing", "is required", "specversion")
    if event.get("data_base64") is None:
        if "data" not in event:
            refuse("missing", "is required", "data")
        return event, json.dumps(event["data"], separators=(",", ":")).encode()
    if event.get("data") is not None:
        refuse("ambiguous", "must not be there beside data", "data_base64")
    try:
        return event, base64.b64decode(_ascii(event["data_base64"]), validate=True)
    except (binascii.Error, ValueError):
        refuse("not_base64", "must be Base64", "data_base64")


def _within_limit(body: bytes, message_id: object, type_: object) -> None:
    if len(body) > MAX_BODY_BYTES:
        raise EnvelopeError(
            [problem("too_large", f"the body must have at most {MAX_BODY_BYTES} bytes")],
            id=_usable(message_id),
            type=_usable_type(type_),
        )


def _usable(value: Any) -> str | None:
    """An id or type that an answer can name, None for what is not one."""
    return _Attributes({"id": value}).text("id", longest=MAX_ID_LENGTH)


def _usable_type(value: Any) -> str | None:
    found = _usable(value)
    return full_type(found) if found else None


def _ascii(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("not a string")
    return value.encode("ascii")
