"""Mails to look at, from the bytes that go out."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from culture_connect.contracts import Localised, Venue
from notifications.contents import Contents, Digest, DigestEvening, Letter, Piece, PublishedEvening
from notifications.domain.catalogue import ENDINGS, TICKETS, Kind
from notifications.rendering.composer import Composer
from notifications.rendering.renderer import Renderer
from tests.unit.notifications.builders import CODE, LINK, an_evening

LEADING = UUID("0b6f5a3e-7c1d-5a52-9d1f-3a5f0c1e2b4d")
ADDRESSEE = UUID("5f0c8f0a-3b1e-4c55-8a43-7c7f4b1f2d10")
SECRET = UUID("c8a1f0de-6f44-4f0e-9a55-0d2f3b7c9e11")
WRITTEN_AT = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
PUBLIC_URL = "https://letters.cultureconnect.example"
DOMAIN = "cultureconnect.example"
SENDER = "Culture Connect <avond@cultureconnect.example>"

SETTINGS: dict[str, Any] = {
    "sender": SENDER,
    "domain": DOMAIN,
    "public_url": PUBLIC_URL,
    "reply_to": {Venue.PAARD: "kassa@paard.example", Venue.NDT: "kassa@ndt.example"},
    "signer": None,
}
COMPOSER = Composer(Renderer(public_url=PUBLIC_URL), **SETTINGS)

WITHOUT_EVENING = frozenset(kind for kind in Kind if not kind.traits.has_evening)


def a_piece(kind: Kind, *, number: int = 0, **changes: Any) -> Piece:
    """One letter with all that its kind may tell; `number` tells letters of one mail apart."""
    evening = None if kind in WITHOUT_EVENING else told_evening()
    return Piece.model_validate(
        {
            "letter_id": UUID(int=LEADING.int + number),
            "kind": kind,
            "evening": evening,
            "before": told_evening(starts_at=datetime(2026, 11, 4, 18, 30, tzinfo=UTC))
            if kind is Kind.EVENING_CHANGED
            else None,
            "ticket": {
                "code": f"{CODE}{number}" if kind in TICKETS else None,
                "link": None if kind in ENDINGS else LINK,
                "position": 3 if kind is Kind.TICKET_WAITLISTED else None,
                "reason": "revoked" if kind is Kind.TICKET_CANCELLED else None,
            },
            "sequence": 0 if kind.traits.calendar else None,
            "giver": "Björn" if kind in (Kind.TICKET_OFFERED, Kind.TICKET_RECEIVED) else None,
            "last_day": date(2026, 10, 31) if kind is Kind.GOODBYE else None,
            **changes,
        }
    )


def told_evening(**changes: Any) -> PublishedEvening:
    """The evening at PAARD, with some fields replaced, past every check of the contract."""
    return PublishedEvening.model_validate(an_evening()).model_copy(update=changes)


def two_tickets() -> list[Piece]:
    """Tickets for an evening at PAARD and for one at NDT."""
    later = told_evening(
        evening_id=UUID(int=1),
        venue=Venue.NDT,
        starts_at=datetime(2026, 12, 3, 19, 0, tzinfo=UTC),
        ends_at=datetime(2026, 12, 3, 22, 0, tzinfo=UTC),
    )
    return [a_piece(Kind.TICKET_ISSUED), a_piece(Kind.TICKET_PROMOTED, number=1, evening=later)]


def a_mail(kind: Kind = Kind.TICKET_ISSUED, *pieces: Piece, language: str = "nl", **contents: Any) -> Letter:
    """A letter of that kind, or the given pieces as one; `contents` replaces what it is written from."""
    recipient = {
        "given_name": "Zoë",
        "family_name": "van der Meer-Őzdemir",
        "email": "zoe@acme.example",
        "language": language,
    }
    if kind is Kind.DIGEST:
        recipient = {"email": "hr@acme.example", "language": language}
    told = {
        "recipient": recipient,
        "pieces": list(pieces) or [a_piece(kind)],
        "partner_name": "Acme",
        "digest": a_week() if kind is Kind.DIGEST else None,
        "unsubscribe": SECRET,
    }
    participant = None if kind is Kind.DIGEST else ADDRESSEE
    return Letter(LEADING, participant, WRITTEN_AT, Contents.model_validate(told | contents))


def a_week() -> Digest:
    """A partner's week."""
    evening = DigestEvening(
        title=Localised(nl="Klank & stilte", en="Sound & silence"),
        venue=Venue.PAARD,
        starts_at=datetime(2026, 11, 5, 18, 30, tzinfo=UTC),
        seats=12,
        admitted=0,
        waiting=3,
    )
    return Digest(
        first_day=date(2026, 9, 21),
        last_day=date(2026, 9, 27),
        joined=2,
        left=1,
        taking_part=40,
        places=50,
        evenings=[evening],
    )


def as_read(letter: Letter, composer: Composer = COMPOSER) -> EmailMessage:
    """The letter as a mail program reads it; anything wrong with it fails."""
    return as_message(composer.mail(letter).message)


def as_message(message: bytes) -> EmailMessage:
    """Bytes that go out as a mail program reads them; anything wrong with them fails."""
    read = message_from_bytes(message, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert [defect for part in read.walk() for defect in part.defects] == []
    return read


def parts_of(message: EmailMessage, content_type: str) -> Sequence[EmailMessage]:
    """All parts of that type."""
    return [part for part in message.walk() if part.get_content_type() == content_type]


def data_of(part: EmailMessage) -> bytes:
    """Returns the decoded content of the part."""
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data
