"""The parts of a mail, ready to be shown."""

import base64
import re
from dataclasses import dataclass, field
from email.message import EmailMessage

from culture_connect_cli.mailbox.store import parse

_CALENDAR_LINES = ("METHOD", "STATUS", "SUMMARY", "DTSTART", "DTEND", "LOCATION", "SEQUENCE", "UID")


@dataclass(frozen=True)
class Attachment:
    """An attached file; `number` identifies it within the mail."""

    number: int
    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """The readable parts of one mail."""

    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    calendar: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]


def open_letter(content: bytes) -> Letter:
    """Parses a mail; images that the HTML refers to by `cid:` are embedded in it."""
    message = parse(content)
    text, html, calendar = (_first(message, kind) for kind in ("text/plain", "text/html", "text/calendar"))
    return Letter(
        headers=tuple((name, str(value)) for name, value in message.items()),
        text=text,
        html=_with_images(html, message) if html is not None else None,
        calendar=_calendar_lines(calendar or ""),
        attachments=tuple(
            Attachment(number, part.get_filename() or f"part-{number}", part.get_content_type(), _bytes(part))
            for number, part in enumerate(message.walk())
            if part.is_attachment()
        ),
    )


def in_new_tabs(html: str) -> str:
    """The HTML with links that open in a new tab, since their pages refuse to be framed."""
    # At the start, since the first <base> counts; the parser adds the <head> around it.
    doctype = re.match(r"\s*<!doctype[^>]*>", html, re.IGNORECASE)
    at = doctype.end() if doctype else 0
    return f'{html[:at]}<base target="_blank">{html[at:]}'


def _first(message: EmailMessage, content_type: str) -> str | None:
    for part in message.walk():
        if part.get_content_type() == content_type:
            return _bytes(part).decode(part.get_content_charset("utf-8"), errors="replace")
    return None


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _with_images(html: str, message: EmailMessage) -> str:
    images = {
        str(part["content-id"]).strip("<> "): part
        for part in message.walk()
        if part.get_content_maintype() == "image" and part["content-id"]
    }

    def address(match: re.Match[str]) -> str:
        part = images.get(match[1])
        if part is None:
            return match[0]
        return f"data:{part.get_content_type()};base64,{base64.b64encode(_bytes(part)).decode()}"

    return re.sub(r"""cid:([^"'\s>)]+)""", address, html)


def _calendar_lines(calendar: str) -> tuple[tuple[str, str], ...]:
    # Long lines are folded (RFC 5545, 3.1); time zone rules have properties of the same names.
    lines = re.sub(r"\r?\n[ \t]", "", calendar)
    lines = re.sub(r"BEGIN:VTIMEZONE.*?END:VTIMEZONE", "", lines, flags=re.DOTALL)
    found = (line.partition(":") for line in lines.splitlines())
    return tuple(
        (name, value.replace("\\,", ",").replace("\\n", "\n"))
        for name, value in ((head.partition(";")[0], value) for head, _, value in found)
        if name in _CALENDAR_LINES
    )
