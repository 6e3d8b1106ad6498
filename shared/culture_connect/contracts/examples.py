"""One message of every kind, telling one story: what documentation shows and tests begin with."""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from culture_connect.contracts import box_office, hr, notifications, receipts, registration, ticketing
from culture_connect.contracts.base import Localised, Message
from culture_connect.contracts.envelope import Envelope
from culture_connect.contracts.evening import PartKind, ProgrammePart
from culture_connect.contracts.problems import RefusalError
from culture_connect.contracts.values import Language, Venue

PARTICIPANT: Final = UUID("0b9f6a52-6d3e-4c1c-9a57-2f4f3e1f7c10")
COLLEAGUE: Final = UUID("91d4c7e8-5b0a-4f13-8c2d-6e7a9b3f5d24")
EVENING: Final = UUID("5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01")
TICKET: Final = UUID("c2b7d1d4-91a5-4f6c-b6f5-3d0a8c9e4b22")
OFFER: Final = UUID("3a5f9e0c-7d21-4b68-9f4e-c1b0d8e62f35")
MESSAGE: Final = "7d8a2c1e-41f0-4a55-8a1c-0c6b7b1f5e33"
CODE: Final = "eyJhbGciOiJFZERTQSIsImtpZCI6IjEifQ.eyJ0IjoiYzJiN2QxZDQifQ.c2lnbmF0dXJl"
LINK: Final = "https://tickets.cultureconnect.example/my/9f3kq2"


def example(model: type[Message]) -> Message:
    """The example of this kind; always the same. Raises KeyError for a kind that has none."""
    return model(**_FIELDS[model])


def example_envelope(model: type[Message], source: str) -> Envelope:
    """An envelope around the example of this kind, sent by `source`."""
    return Envelope(
        id=MESSAGE,
        type=model.type,
        source=source,
        time=_at(1, 9),
        subject=None,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def _part(kind: PartKind, nl: str, en: str, begins: datetime, ends: datetime) -> ProgrammePart:
    return ProgrammePart(kind=kind, title=Localised(nl=nl, en=en), starts_at=begins, ends_at=ends)


_EVENING: Final[dict[str, Any]] = {
    "evening_id": EVENING,
    "season": "2026-2027",
    "venue": Venue.PAARD,
    "title": Localised(nl="Ritme van de stad", en="Rhythm of the city"),
    "theme": Localised(nl="Stad en lichaam", en="City and body"),
    "starts_at": _at(19, 18, 30),
    "ends_at": _at(19, 22, 0),
    "location": "PAARD, Prinsegracht 12, Den Haag",
    "capacity": 150,
    "release_at": _at(12, 18, 30),
    "closes_at": _at(19, 16, 30),
    "programme": [
        _part(PartKind.CONCERT, "Nieuwe stukken", "New pieces", _at(19, 18, 30), _at(19, 19, 45)),
        _part(PartKind.IN_DEPTH, "In gesprek met de makers", "Meet the makers", _at(19, 19, 45), _at(19, 20, 30)),
        _part(PartKind.DRINKS, "Borrel", "Drinks", _at(19, 20, 30), _at(19, 22, 0)),
    ],
    "allotments": {"acme": 40, "gemeente": 25},
    "version": 1,
}
_PARTNER: Final[dict[str, Any]] = {
    "slug": "acme",
    "name": "Acme N.V.",
    "places": 40,
    "language": Language.NL,
    "version": 1,
    "starts_on": date(2026, 9, 1),
    "ends_on": date(2027, 7, 31),
    "contact_email": "cultuur@acme.example",
}
_PERSON: Final[dict[str, Any]] = {
    "given_name": "Noor",
    "family_name": "de Wit-Yılmaz",
    "email": "noor.dewit@acme.example",
    "language": Language.NL,
    "starts_on": date(2026, 9, 1),
}
_PARTICIPANT: Final[dict[str, Any]] = {**_PERSON, "participant_id": PARTICIPANT, "partner": "acme", "version": 1}
_TICKET: Final[dict[str, Any]] = {
    "ticket_id": TICKET,
    "participant_id": PARTICIPANT,
    "evening_id": EVENING,
    "version": 1,
}
_FEED_TICKET: Final[dict[str, Any]] = {"ticket_id": TICKET, "evening_id": EVENING, "version": 1}

_FIELDS: Final[dict[type[Message], dict[str, Any]]] = {
    hr.EnrolmentRequested: {**_PERSON, "employee_ref": "E-10442"},
    hr.EnrolmentWithdrawn: {"employee_ref": "E-10442", "effective_on": date(2027, 2, 1)},
    hr.EnrolmentErased: {"employee_ref": "E-10442"},
    receipts.EnrolmentAccepted: {
        "message_id": MESSAGE,
        "employee_ref": "E-10442",
        "participant_id": PARTICIPANT,
        "outcome": receipts.Outcome.ENROLLED,
    },
    receipts.EnrolmentRefused: {
        "message_id": MESSAGE,
        "employee_ref": "E-10442",
        "errors": [RefusalError(field="email", code="not_an_address", message="must be an e-mail address")],
    },
    receipts.EnrolmentUndeliverable: {"participant_id": PARTICIPANT, "employee_ref": "E-10442"},
    registration.PartnerRegistered: _PARTNER,
    registration.PartnerChanged: {**_PARTNER, "places": 45, "version": 2},
    registration.PartnerLeft: {**_PARTNER, "places": 45, "version": 3},
    registration.ParticipantEnrolled: _PARTICIPANT,
    registration.ParticipantChanged: {**_PARTICIPANT, "language": Language.EN, "version": 2},
    registration.ParticipantWithdrawn: {
        "participant_id": PARTICIPANT,
        "partner": "acme",
        "effective_on": date(2027, 2, 1),
        "version": 3,
    },
    registration.ParticipantErased: {"participant_id": PARTICIPANT, "version": 4},
    registration.EveningScheduled: _EVENING,
    registration.EveningChanged: {**_EVENING, "capacity": 180, "version": 2, "changed": ["capacity"]},
    registration.EveningCancelled: {
        **_EVENING,
        "version": 3,
        "reason": Localised(nl="De zaal staat onder water", en="The hall is flooded"),
    },
    ticketing.InvitationExtended: {"participant_id": PARTICIPANT, "evening_id": EVENING, "link": LINK},
    ticketing.TicketIssued: {**_TICKET, "code": CODE, "link": LINK, "issued_at": _at(1, 9)},
    ticketing.TicketWaitlisted: {**_TICKET, "position": 4, "link": LINK},
    ticketing.TicketCancelled: {**_TICKET, "version": 2, "reason": ticketing.CancellationReason.DECLINED},
    ticketing.TicketAdmitted: {**_TICKET, "version": 2, "admitted_at": _at(19, 18, 12)},
    ticketing.TicketOffered: {
        "offer_id": OFFER,
        "ticket_id": TICKET,
        "participant_id": COLLEAGUE,
        "holder_id": PARTICIPANT,
        "evening_id": EVENING,
        "link": "https://tickets.cultureconnect.example/my/t81xw5",
    },
    ticketing.ErasureCompleted: {"participant_id": PARTICIPANT},
    box_office.FeedTicketIssued: {
        **_FEED_TICKET,
        "code": CODE,
        "holder_name": "Noor de Wit-Yılmaz",
        "partner_name": "Acme N.V.",
        "issued_at": _at(1, 9),
    },
    box_office.FeedTicketCancelled: {
        **_FEED_TICKET,
        "version": 2,
        "reason": ticketing.CancellationReason.DECLINED,
    },
    box_office.FeedTicketAdmitted: {
        **_FEED_TICKET,
        "version": 2,
        "admitted_at": _at(19, 18, 12),
        "scanner": "scanner-2",
        "entrance": "Prinsegracht",
    },
    box_office.AdmissionRefused: {
        "scan_id": "0f7c1f1a-8f9b-4a53-9a41-7a8e5b0e7d44",
        "evening_id": EVENING,
        "reason": box_office.AdmissionRefusal.ALREADY_ADMITTED,
        "first_admitted_at": _at(19, 18, 12),
    },
    box_office.AdmissionRecorded: {
        "scan_id": "0f7c1f1a-8f9b-4a53-9a41-7a8e5b0e7d44",
        "evening_id": EVENING,
        "code": CODE,
        "scanned_at": _at(19, 18, 12),
        "scanner": "scanner-2",
        "entrance": "Prinsegracht",
        "sent_at": _at(19, 18, 12),
    },
    notifications.MailUndeliverable: {"participant_id": PARTICIPANT},
}
