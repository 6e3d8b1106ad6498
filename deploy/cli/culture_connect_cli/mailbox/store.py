"""Mails as files: `<id>.eml` as received, and `<id>.json` with the fields of the list."""

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class Mail:
    """A mail in the list; `received_at` is RFC 3339, `to` are the recipients of the envelope."""

    id: str
    received_at: str
    sender: str
    to: tuple[str, ...]
    subject: str
    message_id: str
    size: int


class Store:
    """The mails in a folder, oldest first. They survive a restart."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._mails = {mail.id: mail for mail in map(_read, sorted(folder.glob("*.json")))}

    def add(self, sender: str, recipients: Sequence[str], content: bytes) -> Mail:
        """Stores a mail; it is on disk when this returns."""
        message = parse(content)
        mail = Mail(
            # Sorts by arrival; not guessable for a page that a mail links to.
            id=f"{time.time_ns():020d}-{secrets.token_hex(8)}",
            received_at=datetime.now(UTC).isoformat(),
            sender=sender,
            to=tuple(recipients),
            subject=str(message.get("subject", "")),
            message_id=str(message.get("message-id", "")),
            size=len(content),
        )
        self._path(mail, "eml").write_bytes(content)
        unfinished = self._path(mail, "new")
        unfinished.write_text(json.dumps(asdict(mail)), encoding="utf-8")
        unfinished.replace(self._path(mail, "json"))
        self._mails[mail.id] = mail
        return mail

    def find(self, *, to: str | None = None, since: datetime | None = None) -> list[Mail]:
        """Mails to an address (in any case), received since a time."""
        return [
            mail
            for mail in self._mails.values()
            if (to is None or to.casefold() in (each.casefold() for each in mail.to))
            and (since is None or datetime.fromisoformat(mail.received_at) >= since)
        ]

    def get(self, mail_id: str) -> Mail | None:
        """The mail with this id, None when there is none."""
        return self._mails.get(mail_id)

    def source(self, mail: Mail) -> bytes:
        """The mail as received."""
        return self._path(mail, "eml").read_bytes()

    def remove(self, mail: Mail) -> None:
        """Deletes a mail."""
        self._mails.pop(mail.id, None)
        for kind in ("json", "eml"):
            self._path(mail, kind).unlink(missing_ok=True)

    def _path(self, mail: Mail, kind: str) -> Path:
        return self._folder / f"{mail.id}.{kind}"


def parse(content: bytes) -> EmailMessage:
    """The decoded headers and parts of a mail."""
    return message_from_bytes(content, policy=policy.default)


def _read(path: Path) -> Mail:
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Mail(**{**fields, "to": tuple(fields["to"])})
