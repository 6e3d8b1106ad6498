"""The values that the examples of all messages are made of: one evening, one partner, one participant, one ticket."""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from culture_connect.contracts.base import Localised
from culture_connect.contracts.evening import PartKind, ProgrammePart
from culture_connect.contracts.values import Language, Venue

PARTICIPANT_ID: Final = UUID("0b9f6a52-6d3e-4c1c-9a57-2f4f3e1f7c10")
COLLEAGUE_ID: Final = UUID("91d4c7e8-5b0a-4f13-8c2d-6e7a9b3f5d24")
EVENING_ID: Final = UUID("5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01")
TICKET_ID: Final = UUID("c2b7d1d4-91a5-4f6c-b6f5-3d0a8c9e4b22")
OFFER_ID: Final = UUID("3a5f9e0c-7d21-4b68-9f4e-c1b0d8e62f35")
MESSAGE_ID: Final = "7d8a2c1e-41f0-4a55-8a1c-0c6b7b1f5e33"
CODE: Final = "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ.eyJ0IjoiYzJiN2QxZDQifQ.c2lnbmF0dXJl"
LINK: Final = "https://tickets.cultureconnect.example/my/9f3kq2"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Returns a moment in November 2026, in UTC."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def _part(kind: PartKind, nl: str, en: str, begins: datetime, ends: datetime) -> ProgrammePart:
    return ProgrammePart(kind=kind, title=Localised(nl=nl, en=en), starts_at=begins, ends_at=ends)


EVENING: Final[dict[str, Any]] = {
    "evening_id": EVENING_ID,
    "season": "2026-2027",
    "venue": Venue.PAARD,
    "title": Localised(nl="Ritme van de stad", en="Rhythm of the city"),
    "theme": Localised(nl="Stad en lichaam", en="City and body"),
    "starts_at": at(19, 18, 30),
    "ends_at": at(19, 22, 0),
    "location": "PAARD, Prinsegracht 12, Den Haag",
    "capacity": 150,
    "release_at": at(12, 18, 30),
    "closes_at": at(19, 16, 30),
    "programme": [
        _part(PartKind.CONCERT, "Nieuwe stukken", "New pieces", at(19, 18, 30), at(19, 19, 45)),
        _part(PartKind.IN_DEPTH, "In gesprek met de makers", "Meet the makers", at(19, 19, 45), at(19, 20, 30)),
        _part(PartKind.DRINKS, "Borrel", "Drinks", at(19, 20, 30), at(19, 22, 0)),
    ],
    "allotments": {"acme": 40, "gemeente": 25},
    "version": 1,
}
PARTNER: Final[dict[str, Any]] = {
    "slug": "acme",
    "name": "Acme N.V.",
    "places": 40,
    "language": Language.NL,
    "version": 1,
    "starts_on": date(2026, 9, 1),
    "ends_on": date(2027, 7, 31),
    "contact_email": "cultuur@acme.example",
}
PERSON: Final[dict[str, Any]] = {
    "given_name": "Noor",
    "family_name": "de Wit-Yılmaz",
    "email": "noor.dewit@acme.example",
    "language": Language.NL,
    "starts_on": date(2026, 9, 1),
}
PARTICIPANT: Final[dict[str, Any]] = {**PERSON, "participant_id": PARTICIPANT_ID, "partner": "acme", "version": 1}
TICKET: Final[dict[str, Any]] = {
    "ticket_id": TICKET_ID,
    "participant_id": PARTICIPANT_ID,
    "evening_id": EVENING_ID,
    "version": 1,
}
FEED_TICKET: Final[dict[str, Any]] = {"ticket_id": TICKET_ID, "evening_id": EVENING_ID, "version": 1}
