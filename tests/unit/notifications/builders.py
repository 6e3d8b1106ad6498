"""An evening at PAARD for letters to tell of, and readers of messages that go out."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from icalendar import Calendar

EVENING = UUID("9a7d1c2e-0f4b-4f6a-b1de-2f5c6e7a8b90")
CODE = "eyJhbGciOiJFZERTQSJ9.eyJ0aWNrZXQiOiI1ZjBjOGYwYSJ9.c2lnbmF0dXJlLW9mLXRoZS10aWNrZXQ"
LINK = "https://cultureconnect.example/my/7Qm2"
COLLEAGUE = "Björn"


def an_evening(**changes: Any) -> dict[str, Any]:
    """An evening of the programme as JSON, with some fields replaced."""
    return {
        "evening_id": str(EVENING),
        "version": 1,
        "season": "2026-2027",
        "venue": "paard",
        "title": {"nl": "Klank & stilte", "en": "Sound & silence"},
        "theme": {"nl": "Leiderschap in een luide tijd", "en": "Leadership in loud times"},
        "starts_at": "2026-11-05T18:30:00Z",
        "ends_at": "2026-11-05T22:00:00Z",
        "location": "Prinsegracht 12, Den Haag",
        "capacity": 200,
        "release_at": "2026-10-29T18:30:00Z",
        "closes_at": "2026-11-05T16:30:00Z",
        "programme": [
            {
                "kind": "concert",
                "title": {"nl": "Nieuwe stemmen", "en": "New voices"},
                "starts_at": "2026-11-05T18:30:00Z",
                "ends_at": "2026-11-05T19:45:00Z",
            },
            {
                "kind": "in-depth",
                "title": {"nl": "In gesprek met de componist", "en": "In conversation with the composer"},
                "starts_at": "2026-11-05T19:45:00Z",
                "ends_at": "2026-11-05T20:30:00Z",
            },
            {
                "kind": "drinks",
                "title": {"nl": "Napraten in de foyer", "en": "More talk in the foyer"},
                "starts_at": "2026-11-05T20:30:00Z",
                "ends_at": "2026-11-05T22:00:00Z",
            },
        ],
        **changes,
    }


def parsed(message: bytes) -> EmailMessage:
    """A message read with the standard library; anything it finds wrong fails."""
    read = message_from_bytes(message, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert [defect for part in read.walk() for defect in part.defects] == []
    return read


def calendar_of(entry: bytes | None) -> Any:
    """A calendar object, read; the library's types know too many kinds of values to be of help here."""
    assert entry is not None
    return Calendar.from_ical(entry)


def part_of(message: EmailMessage, content_type: str) -> EmailMessage:
    """The only part of that type."""
    [found] = [part for part in message.walk() if part.get_content_type() == content_type]
    assert isinstance(found, EmailMessage)
    return found
