"""Parts of a message (RFC 2045, 2046), with nothing random in them: the same letter is the same bytes."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from notifications.rendering.safe import header


@dataclass(frozen=True, slots=True)
class Part:
    """Headers (name, value) and the encoded body of one part."""

    headers: Sequence[tuple[str, str]]
    body: bytes

    def to_bytes(self) -> bytes:
        """The part as it stands in a message."""
        head = "".join(header(name, value) for name, value in self.headers)
        return head.encode("ascii") + b"\r\n" + self.body


def text_part(subtype: str, text: str) -> Part:
    """A text in quoted-printable, which stays readable in the source and within 76 characters a line."""
    body = "\r\n".join(text.splitlines()) + "\r\n"
    return Part(
        [("Content-Type", f"text/{subtype}; charset=utf-8"), ("Content-Transfer-Encoding", "quoted-printable")],
        binascii.b2a_qp(body.encode(), istext=True),
    )


def binary_part(content_type: str, data: bytes, *more: tuple[str, str]) -> Part:
    """Any bytes, in base64, with `more` headers."""
    encoded = base64.b64encode(data)
    lines = [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    headers = [("Content-Type", content_type), ("Content-Transfer-Encoding", "base64"), *more]
    return Part(headers, b"\r\n".join(lines) + b"\r\n")


def file_part(content_type: str, name: str, data: bytes) -> Part:
    """A file to keep; `name` is ours, of letters, digits, dots and hyphens."""
    return binary_part(
        f'{content_type};\r\n name="{name}"', data, ("Content-Disposition", f'attachment;\r\n filename="{name}"')
    )


def multipart(subtype: str, boundary: str, parts: Sequence[Part]) -> Part:
    """Parts as one. `boundary` is unique in the message; with `=_` in it, no encoded body can contain it."""
    delimiter = f"--{boundary}".encode("ascii")
    body = b"".join(delimiter + b"\r\n" + part.to_bytes() + b"\r\n" for part in parts) + delimiter + b"--\r\n"
    return Part([("Content-Type", f'multipart/{subtype};\r\n boundary="{boundary}"')], body)
