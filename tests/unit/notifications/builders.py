"""Letters to try things out on: an evening at PAARD and somebody with letters beyond ASCII in her name."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from icalendar import Calendar

from notifications.domain.letters import Kind
from notifications.rendering.contents import Contents, Letter
from notifications.rendering.letters import Renderer

LETTER = UUID("0b6f5a3e-7c1d-5a52-9d1f-3a5f0c1e2b4d")
PARTICIPANT = UUID("5f0c8f0a-3b1e-4c55-8a43-7c7f4b1f2d10")
EVENING = UUID("9a7d1c2e-0f4b-4f6a-b1de-2f5c6e7a8b90")
CODE = "eyJhbGciOiJFZERTQSJ9.eyJ0aWNrZXQiOiI1ZjBjOGYwYSJ9.c2lnbmF0dXJlLW9mLXRoZS10aWNrZXQ"
LINK = "https://cultureconnect.example/my/7Qm2"
COLLEAGUE = "Björn"

RENDERER = Renderer(sender="Culture Connect <avond@cultureconnect.example>", domain="cultureconnect.example")


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


def a_letter(
    kind: Kind = Kind.TICKET_ISSUED,
    *,
    language: str = "nl",
    ticket: dict[str, Any] | None = None,
    evening: dict[str, Any] | None = None,
    holder_name: str | None = COLLEAGUE,
    sequence: int = 0,
    **recipient: Any,
) -> Letter:
    """A letter; `ticket` and `evening` replace what it tells, `recipient` fields of its addressee.

    `holder_name` is the colleague's who offers a ticket, in the letter that is about that.
    """
    told = {
        Kind.TICKET_ISSUED: {"code": CODE, "link": LINK},
        Kind.TICKET_WAITLISTED: {"position": 3, "link": LINK},
        Kind.TICKET_CANCELLED: {"reason": "declined"},
        Kind.TICKET_OFFERED: {"link": LINK},
        Kind.INVITATION: {"link": LINK},
    }
    person = {
        "given_name": "Zoë",
        "family_name": "van der Meer-Özdemir",
        "email": "zoe@acme.example",
        "language": language,
    }
    contents = {
        "recipient": person | recipient,
        "evening": an_evening() if evening is None else evening,
        "ticket": told[kind] if ticket is None else ticket,
        "holder_name": holder_name if kind is Kind.TICKET_OFFERED else None,
    }
    return Letter(
        letter_id=LETTER,
        participant_id=PARTICIPANT,
        evening_id=EVENING,
        kind=kind,
        sequence=sequence,
        written_at=datetime(2026, 10, 1, 12, 0, tzinfo=UTC),
        contents=Contents.model_validate(contents),
    )


def sent(letter: Letter) -> EmailMessage:
    """The letter as a mail program reads it, from the bytes that go out."""
    return parsed(RENDERER.mail(letter).message)


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
