"""Examples of requests and answers, for the OpenAPI document."""

from typing import Any, Final

Example = dict[str, Any]

_PARTICIPANT_ID: Final = "0b7f4c5e-5f0e-4b39-9d0c-2f6a8e1c7d11"
_EVENING_ID: Final = "5e0c3f6e-2a64-4a0e-8f0a-7b1f6f4d2a01"

NEW_PARTNER: Final[Example] = {
    "slug": "acme",
    "name": "Acme N.V.",
    "places": 40,
    "language": "nl",
    "contact_email": "cultuur@acme.example",
    "starts_on": "2026-09-01",
    "ends_on": "2027-08-31",
}
PARTNER: Final[Example] = {**NEW_PARTNER, "active": 37, "version": 2, "left_at": None}
PARTNER_CHANGES: Final[Example] = {"places": 45, "ends_on": "2028-08-31"}

NEW_ENROLMENT: Final[Example] = {
    "employee_ref": "E-10442",
    "given_name": "Noor",
    "family_name": "de Wit",
    "email": "noor.dewit@acme.example",
    "language": "nl",
    "starts_on": "2026-10-01",
}
PARTICIPANT: Final[Example] = {
    **NEW_ENROLMENT,
    "participant_id": _PARTICIPANT_ID,
    "standing": "enrolled",
    "ends_on": None,
    "leaves_on": None,
    "version": 1,
}
WITHDRAWAL: Final[Example] = {"effective_on": "2027-02-01"}
ERASURE: Final[Example] = {
    "participant_id": _PARTICIPANT_ID,
    "requested_at": "2026-11-05T09:30:00Z",
    "completed_at": None,
    "overdue": False,
    "services": [
        {"service": "notifications", "completed_at": "2026-11-05T09:30:01Z"},
        {"service": "ticketing", "completed_at": None},
    ],
}

VENUE: Final[Example] = {
    "slug": "paard",
    "name": "PAARD",
    "address": "Prinsegracht 12, 2512 GA Den Haag",
    "entrance": {"nl": "De ingang is aan de Prinsegracht.", "en": "The entrance is on the Prinsegracht."},
    "version": 1,
}
VENUE_CHANGES: Final[Example] = {
    "entrance": {"nl": "Vanavond via de zij-ingang.", "en": "Tonight by the side entrance."}
}

_PARTS: Final = [
    ("concert", "Nieuwe stukken", "New pieces", "19:30", "20:45"),
    ("in-depth", "In gesprek met de makers", "Meet the makers", "20:45", "21:30"),
    ("drinks", "Borrel", "Drinks", "21:30", "23:00"),
]
NEW_EVENING: Final[Example] = {
    "season": "2026-2027",
    "venue": "paard",
    "title": {"nl": "De stad als podium", "en": "The city as a stage"},
    "theme": {"nl": "Wie maakt de stad?", "en": "Who makes the city?"},
    "starts_at": "2026-11-19T19:30:00+01:00",
    "ends_at": "2026-11-19T23:00:00+01:00",
    "location": "PAARD, Prinsegracht 12, Den Haag",
    "capacity": 250,
    "programme": [
        {
            "kind": kind,
            "title": {"nl": nl, "en": en},
            "starts_at": f"2026-11-19T{begin}:00+01:00",
            "ends_at": f"2026-11-19T{end}:00+01:00",
        }
        for kind, nl, en, begin, end in _PARTS
    ],
}
EVENING: Final[Example] = {
    **NEW_EVENING,
    "evening_id": _EVENING_ID,
    "admission": "automatic",
    "release_at": "2026-11-12T19:30:00+01:00",
    "closes_at": "2026-11-19T17:30:00+01:00",
    "allotments": None,
    "version": 1,
    "cancelled_at": None,
    "reason": None,
}
EVENING_CHANGES: Final[Example] = {"capacity": 300, "release_at": "2026-11-10T12:00:00+01:00"}
CANCELLATION: Final[Example] = {
    "reason": {"nl": "De zaal is onverwacht gesloten.", "en": "The hall is closed unexpectedly."}
}
IMPORT_REPORT: Final[Example] = {
    "applied": False,
    "lines": 3,
    "counts": {"added": 1, "returning": 0, "changed": 1, "unchanged": 0, "leaving": 1, "faulty": 1},
    "added": [{"line": 2, "employee_ref": "E-10442"}],
    "returning": [],
    "changed": [{"line": 3, "employee_ref": "E-10017", "fields": ["email"]}],
    "leaving": [{"employee_ref": "E-10003"}],
    "faults": [{"line": 4, "field": "email", "code": "not_an_address", "message": "must be an e-mail address"}],
    "ignored_columns": ["Afdeling"],
    "withdrawals_to_confirm": None,
}
