"""The fields of a small form, as browsers and mail programs post it."""

from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

# Bytes; the longest address that a field may hold, with a percent sign for each of them, takes a fifth.
_LARGEST: Final = 4096
_MOST_FIELDS: Final = 10


class FormError(Exception):
    """The body is not a form of these pages; `status` says whether it is malformed or too large."""

    def __init__(self, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> None:
        super().__init__(status.phrase)
        self.status = status


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields, percent-encoded or as `multipart/form-data` (RFC 7578); none for a body of another type.

    Raises FormError for one that cannot be read, that is larger than 4 KiB or has more than ten fields.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise FormError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    declared = request.headers.get("content-type", "")
    try:
        match declared.partition(";")[0].strip().lower():
            case "application/x-www-form-urlencoded":
                return dict(
                    parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
                )
            case "multipart/form-data":
                return _parts(declared, body)
            case _:
                return {}
    except ValueError:
        raise FormError from None


def _parts(declared: str, body: bytes) -> Mapping[str, str]:
    """The text fields of a form in parts. Raises ValueError."""
    message = message_from_bytes(b"Content-Type: " + declared.encode("latin-1") + b"\r\n\r\n" + body)
    content = message.get_payload() if message.is_multipart() else []
    parts = [part for part in content if isinstance(part, Message)]
    if not 0 < len(parts) <= _MOST_FIELDS:
        raise ValueError("expected a few parts")
    fields = {}
    for part in parts:
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes):
            fields[name] = value.decode()
    return fields
