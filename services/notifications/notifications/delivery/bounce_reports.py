"""The parser of bounces: delivery status notifications (RFC 3464), which mail servers send about mails they took.

Anybody may send us one. So it is split at one level only, into parts of limited number and size; no cost grows with the
depth or the oddity of a message.
"""

import base64
import quopri
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from uuid import UUID

from notifications.domain.outcomes import BounceReport, DeliveryFault, DsnAction, classify_fault

LARGEST = 1 << 20  # bytes; a report with the whole mail in it is smaller
_LARGEST_HEADER = 64 << 10  # bytes of one block of headers
_LONGEST_VALUE = 1000  # characters of a header that is looked at (RFC 5322, 2.1.1: 998 in a line)
_MOST_PARTS = 10  # RFC 6522, 3: two or three
_MOST_BLOCKS = 200  # one for each recipient, and one about the mail

# With their internationalized forms (RFC 6533).
_STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED_PARTS = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"})

_STATUS = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")  # RFC 3463, 2; a comment may follow
# "smtp; 550-5.1.1 no such user"
_ANSWER = re.compile(r"\s*smtp\s*;\s*([245][0-9]{2})(?:[ -]+([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.]))?", re.IGNORECASE)
_EMPTY_LINE = re.compile(rb"\n[ \t]*\n")
_MESSAGE_ID = re.compile(r"\s*<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([a-z0-9.-]{1,253})>?\s*", re.IGNORECASE)


def parse(message: bytes, domain: str) -> BounceReport | None:
    """Returns the report in a message (RFC 5322); None when it is no report, or one that cannot be understood.

    A letter is ours when the id of its mail ends in `domain`: the one that the report repeats (RFC 3461, 4.4), else the
    Message-ID of the mail that came back.
    """
    if len(message) > LARGEST:
        return None
    top, body = _headers(message.replace(b"\r\n", b"\n"))
    if _type_of(top) != "multipart/report" or _parameter(top, "report-type").lower() != "delivery-status":
        return None
    report, returned = b"", b""
    for part in _parts(body, _parameter(top, "boundary").rstrip()):
        headers, content = _headers(part)
        if _type_of(headers) in _STATUS_PARTS:
            report = _decoded(headers, content)
        elif _type_of(headers) in _RETURNED_PARTS:
            returned = _decoded(headers, content)
    blocks = _blocks(report)
    results = [result for block in blocks if (result := _result(block)) is not None]
    if not results:
        return None
    action, status, fault = min(results, key=_severity)
    letter_id = _letter(_value(blocks[0], "Original-Envelope-Id"), domain)
    if letter_id is None:
        letter_id = _letter(_value(_headers(returned)[0], "Message-ID"), domain)
    return BounceReport(letter_id, action, status, fault)


def _result(block: Message) -> tuple[DsnAction, str, DeliveryFault] | None:
    """Returns the result for one recipient; None where it is missing, or not as RFC 3464, 2.3 has it."""
    status = _STATUS.match(_value(block, "Status"))
    action = _value(block, "Action").partition("(")[0].strip().lower()
    if status is None or action not in set(DsnAction):
        return None
    return DsnAction(action), status[1], _fault(status[1], _value(block, "Diagnostic-Code"))


def _fault(status: str, diagnostic: str) -> DeliveryFault:
    """Classifies by the status; the server's answer is more exact than a vague one such as 5.0.0 (RFC 3464, 2.3.6)."""
    answer = _ANSWER.match(diagnostic)
    code = int(answer[1]) if answer else None
    if status.endswith(".0.0") and answer and answer[2]:
        status = answer[2]
    return classify_fault(status, code)


def _severity(result: tuple[DsnAction, str, DeliveryFault]) -> tuple[int, str]:
    action, status, _ = result
    return list(DsnAction).index(action), status[0]


def _letter(mail_id: str, domain: str) -> UUID | None:
    found = _MESSAGE_ID.fullmatch(mail_id)
    return UUID(found[1]) if found is not None and found[2].lower() == domain.lower() else None


def _parts(body: bytes, boundary: str) -> Iterator[bytes]:
    """Yields the parts between the boundaries (RFC 2046, 5.1.1), a limited number."""
    line = re.compile(rb"^--%b(--)?[ \t]*$" % re.escape(boundary.encode("utf-8", "surrogateescape")), re.MULTILINE)
    begin = None
    for _, found in zip(range(_MOST_PARTS), line.finditer(body), strict=False):
        if begin is not None:
            yield body[begin : found.start()]
        if found[1]:
            return
        begin = found.end() + 1
    if begin is not None:
        yield body[begin:]  # cut short on its way, as some servers do with what they return


def _blocks(report: bytes) -> list[Message]:
    """Returns the blocks of a report: that about the mail, then one for each recipient."""
    return [_headers(block.lstrip())[0] for block in _EMPTY_LINE.split(report.strip(), maxsplit=_MOST_BLOCKS)]


def _headers(data: bytes) -> tuple[Message, bytes]:
    """Returns the block of headers at the beginning, and the rest."""
    if data.startswith(b"\n"):
        return Message(), data[1:]
    end = _EMPTY_LINE.search(data)
    head, rest = (data[: end.start() + 1], data[end.end() :]) if end is not None else (data, b"")
    return BytesHeaderParser().parsebytes(head[:_LARGEST_HEADER]), rest


def _value(headers: Message, name: str) -> str:
    """Returns the first header of that name; nothing when there is none, or one of more than the longest value."""
    value = str(headers.get(name, ""))
    return value if len(value) <= _LONGEST_VALUE else ""


def _type_of(headers: Message) -> str:
    return _value(headers, "Content-Type").partition(";")[0].strip().lower()


def _parameter(headers: Message, name: str) -> str:
    """Returns a parameter of the Content-Type; nothing when it is written as only RFC 2231 allows."""
    value = headers.get_param(name) if _value(headers, "Content-Type") else None
    return value if isinstance(value, str) else ""


def _decoded(headers: Message, content: bytes) -> bytes:
    """Returns the part without the encoding that RFC 3464 forbids and some gateways add."""
    match _value(headers, "Content-Transfer-Encoding").strip().lower():
        case "base64":
            try:
                return base64.b64decode(content).replace(b"\r\n", b"\n")
            except ValueError:
                return b""
        case "quoted-printable":
            return quopri.decodestring(content).replace(b"\r\n", b"\n")
    return content
