"""Headers and parts of a message (RFC 2045, 2046, 2047), with nothing random in them: equal letters are equal bytes.

No header is left to the standard library: CVE-2024-6923 is open in Python 3.11.7, where a decoded
`=?utf-8?q?hi=0ABcc=3A...` became a line of its own. The value of a header is plain ASCII or an encoded word made here.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from notifications.rendering.sanitize import one_line

_PLAIN_TEXT = re.compile(r"[A-Za-z0-9 ,.!'()/&+:-]{1,60}")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9 ]{1,60}")
_PRINTABLE = re.compile(r"[\x20-\x7e]*(\r\n [\x20-\x7e]+)*")
# Bytes of an encoded word, so that the line it shares with the name of its header has at most 76 characters. Names get
# as much as there can be: several readers, the standard library among them, show a space where two words meet.
_CHUNK_OF_TEXT, _CHUNK_OF_NAME = 39, 45


@dataclass(frozen=True, slots=True)
class Part:
    """Headers (name, value) and the encoded body of one part."""

    headers: Sequence[tuple[str, str]]
    body: bytes

    def to_bytes(self) -> bytes:
        """Returns the part as it stands in a message."""
        head = "".join(header(name, value) for name, value in self.headers)
        return head.encode("ascii") + b"\r\n" + self.body


def text_part(subtype: str, text: str) -> Part:
    """Returns a text in quoted-printable, which stays readable in the source and within 76 characters a line."""
    body = "\r\n".join(text.splitlines()) + "\r\n"
    return Part(
        [("Content-Type", f"text/{subtype}; charset=utf-8"), ("Content-Transfer-Encoding", "quoted-printable")],
        binascii.b2a_qp(body.encode(), istext=True),
    )


def binary_part(content_type: str, data: bytes, *more: tuple[str, str]) -> Part:
    """Returns any bytes in base64, with `more` headers."""
    encoded = base64.b64encode(data)
    lines = [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    headers = [("Content-Type", content_type), ("Content-Transfer-Encoding", "base64"), *more]
    return Part(headers, b"\r\n".join(lines) + b"\r\n")


def file_part(content_type: str, name: str, data: bytes) -> Part:
    """Returns an attached file; `name` is ours, of letters, digits, dots and hyphens."""
    return binary_part(
        f'{content_type};\r\n name="{name}"', data, ("Content-Disposition", f'attachment;\r\n filename="{name}"')
    )


def multipart(subtype: str, boundary: str, parts: Sequence[Part]) -> Part:
    """Returns several parts as one. `boundary` is unique in the message; no encoded body can contain one with `=_`."""
    delimiter = f"--{boundary}".encode("ascii")
    body = b"".join(delimiter + b"\r\n" + part.to_bytes() + b"\r\n" for part in parts) + delimiter + b"--\r\n"
    return Part([("Content-Type", f'multipart/{subtype};\r\n boundary="{boundary}"')], body)


def header(name: str, value: str) -> str:
    """Returns one header, ended. Raises ValueError for a value that is not printable ASCII, folded at most."""
    if not _PRINTABLE.fullmatch(value):
        raise ValueError(f"the value of {name} is no header text")
    return f"{name}: {value}\r\n"


def header_text(text: str) -> str:
    """Returns any text as the value of an unstructured header such as Subject (RFC 2047, section 5 (1))."""
    line = one_line(text)
    return line if _PLAIN_TEXT.fullmatch(line) else _encoded_words(line, _CHUNK_OF_TEXT)


def mailbox(name: str, address: str) -> str:
    """Returns `name <address>` as the value of an address header (RFC 2047, section 5 (3)); `address` is ASCII."""
    line = one_line(name)
    if not line:
        return f"<{address}>"
    phrase = line if _PLAIN_PHRASE.fullmatch(line) else _encoded_words(line, _CHUNK_OF_NAME)
    return f"{phrase}\r\n <{address}>"


def _encoded_words(line: str, size: int) -> str:
    chunks, current = [], b""
    for character in line:
        encoded = character.encode()
        if len(current) + len(encoded) > size:
            chunks.append(current)
            current = b""
        current += encoded
    chunks.append(current)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(chunk).decode('ascii')}?=" for chunk in chunks)
