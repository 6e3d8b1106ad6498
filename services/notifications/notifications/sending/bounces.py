"""Reports about mails that were sent: delivery status notifications (RFC 3464), as mail servers send them back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from uuid import UUID

LARGEST = 1024 * 1024  # bytes
_MOST_PARTS = 50
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")


class NotABounceError(Exception):
    """The message is no delivery status notification; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a report says of a mail: `action` and `status` (RFC 3463) of the worst of its recipients.

    `letter_id` is the id of the mail, None when the report does not tell which of ours it is about.
    """

    letter_id: UUID | None
    action: str
    status: str

    @property
    def permanent(self) -> bool:
        """True when the mail will never arrive."""
        return self.action == "failed" and self.status.startswith("5")


def read(raw: bytes, domain: str) -> Bounce:
    """Reads a report about a mail of ours, whose Message-IDs end in `domain`. Raises NotABounceError."""
    if len(raw) > LARGEST:
        raise NotABounceError("the message is larger than 1 MiB")
    report = message_from_bytes(raw)
    if report.get_content_type() != "multipart/report":
        raise NotABounceError("expected a multipart/report (RFC 3464)")
    groups = [group for part in _parts(report, "message/delivery-status") for group in _groups(part)]
    told = [(_action(group), _status(group)) for group in groups if group["Action"] is not None]
    if not told:
        raise NotABounceError("expected a part message/delivery-status with an Action")
    action, status = min(told, key=lambda each: _ACTIONS.index(each[0]))
    return Bounce(_letter_of(report, groups, domain), action, status)


def _letter_of(report: Message, groups: list[Message], domain: str) -> UUID | None:
    """By the envelope id that we asked for (RFC 3461, 4.4), or by the Message-ID of what was returned."""
    ids = [str(group["Original-Envelope-Id"] or "") for group in groups]
    for part in _parts(report, "message/rfc822", "text/rfc822-headers"):
        payload = part.get_payload()
        if isinstance(payload, list):
            ids += [str(each["Message-ID"] or "") for each in payload if isinstance(each, Message)]
        elif isinstance(decoded := part.get_payload(decode=True), bytes):
            ids.append(str(message_from_bytes(decoded)["Message-ID"] or ""))
    ours = re.compile(rf"<?([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})(?:@|\+40){re.escape(domain)}>?")
    found = (ours.fullmatch(each.strip()) for each in ids)
    return next((UUID(match[1]) for match in found if match), None)


def _parts(report: Message, *types: str) -> Iterator[Message]:
    """The parts of the report itself of these types; what lies deeper is somebody else's."""
    payload = report.get_payload()
    for part in payload[:_MOST_PARTS] if isinstance(payload, list) else []:
        if isinstance(part, Message) and part.get_content_type() in types:
            yield part


def _groups(part: Message) -> list[Message]:
    """The groups of fields of a status part: of the mail, then of each recipient."""
    payload = part.get_payload()
    return [group for group in payload if isinstance(group, Message)] if isinstance(payload, list) else []


def _action(group: Message) -> str:
    action = str(group["Action"]).strip().lower()
    if action not in _ACTIONS:
        raise NotABounceError(f"Action: expected one of {', '.join(_ACTIONS)}")
    return action


def _status(group: Message) -> str:
    match = _STATUS.match(str(group["Status"] or "").strip())
    if match is None:
        raise NotABounceError("Status: expected three numbers such as 5.1.1 (RFC 3463)")
    return match[0]
