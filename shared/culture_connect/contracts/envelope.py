"""CloudEvents 1.0 over AMQP 0-9-1.

Out: binary mode, attributes as headers `ce-*`, the AMQP properties repeat them. In: binary mode, structured mode
(`application/cloudevents+json`), and the least a simple client can do, a JSON body with `type` and `message_id`.
Source: contract, "Envelope", and https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from culture_connect.contracts.errors import EnvelopeError, RefusalError

MAX_BODY_BYTES = 256 * 1024
LONGEST_ID = 200
TYPE_PREFIX = "nl.cultureconnect."

_STRUCTURED = "application/cloudevents+json"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SHORT_TYPE = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of a message: CloudEvents' own, the id of the message that caused it, and its W3C trace."""

    id: str
    type: str
    source: str
    time: datetime
    subject: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None


def headers_of(envelope: Envelope) -> dict[str, str]:
    """The headers of binary mode."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": envelope.id,
        "ce-source": envelope.source,
        "ce-type": envelope.type,
        "ce-time": envelope.time.isoformat(),
    }
    if envelope.subject is not None:
        headers["ce-subject"] = envelope.subject
    if envelope.traceparent is not None:
        headers["traceparent"] = envelope.traceparent
    return headers


def decode(
    body: bytes,
    headers: Mapping[str, object],
    *,
    content_type: str | None,
    message_id: str | None,
    type: str | None,  # noqa: A002 - the AMQP property is called type
    now: datetime,
    app_id: str | None = None,
    timestamp: datetime | None = None,
    correlation_id: str | None = None,
) -> tuple[Envelope, bytes]:
    """The attributes and the data of a message in any of the three modes; the AMQP properties fill what is missing.

    Raises EnvelopeError when it has no id (then nobody could tell it from its own repetition), no type, or attributes
    that cannot be read.
    """
    if content_type is not None and content_type.partition(";")[0].strip().lower() == _STRUCTURED:
        attributes, data = _structured(body, message_id, type)
    else:
        attributes, data = {key[3:]: _text(headers[key]) for key in headers if key.startswith("ce-")}, body
    found_id = _id(attributes.get("id") or message_id, type)
    found_type = _type(attributes.get("type") or type, found_id)
    if attributes.get("specversion", "1.0") != "1.0":
        raise _error("specversion", "unsupported", 'must be "1.0".', found_id, found_type)
    envelope = Envelope(
        id=found_id,
        type=found_type,
        source=attributes.get("source") or (f"/{app_id}" if app_id else "/"),
        time=_time(attributes.get("time"), timestamp or now, found_id, found_type),
        subject=attributes.get("subject"),
        correlation_id=correlation_id,
        traceparent=attributes.get("traceparent") or _text(headers.get("traceparent")),
    )
    return envelope, data


def _structured(body: bytes, message_id: str | None, type_: str | None) -> tuple[dict[str, str | None], bytes]:
    try:
        event = json.loads(body)
    except UnicodeDecodeError:
        raise _error("body", "not_utf8", "must be UTF-8.", message_id, type_) from None
    except (ValueError, RecursionError):
        raise _error("body", "not_json", "must be JSON.", message_id, type_) from None
    if not isinstance(event, dict):
        raise _error("body", "not_an_object", "must be a JSON object.", message_id, type_)
    attributes: dict[str, str | None] = {key: value for key, value in event.items() if isinstance(value, str)}
    if "data_base64" in event:
        try:
            return attributes, base64.b64decode(event["data_base64"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            known_id = attributes.get("id") or message_id
            raise _error("data_base64", "not_base64", "must be base64.", known_id, type_) from None
    return attributes, json.dumps(event.get("data", {}), ensure_ascii=False).encode()


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _id(value: str | None, type_: str | None) -> str:
    if not value:
        raise _error("id", "missing", "Every message needs an id: ce-id or message_id.", None, type_)
    if len(value) > LONGEST_ID or _UNSAFE.search(value):
        raise _error(
            "id", "invalid_id", f"must be at most {LONGEST_ID} characters, no control characters.", None, type_
        )
    return value


def _type(value: str | None, message_id: str) -> str:
    """The full type; outside parties may leave out prefix and version."""
    if not value:
        raise _error("type", "missing", "Every message needs a type: ce-type or type.", message_id, None)
    return f"{TYPE_PREFIX}{value}.v1" if _SHORT_TYPE.fullmatch(value) else value


def _time(value: str | None, otherwise: datetime, message_id: str, type_: str) -> datetime:
    if value is None:
        moment = otherwise
    else:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise _error("time", "invalid_time", "must be an RFC 3339 time.", message_id, type_) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _error(field: str, code: str, message: str, message_id: str | None, type_: str | None) -> EnvelopeError:
    return EnvelopeError(RefusalError(field=field, code=code, message=message), id=message_id, type=type_)
