"""Examples of requests and answers, for the OpenAPI document."""

from typing import Any

_EVENING = "0d0c6a9e-6a83-4c55-9df2-3e9c1f6b1a57"
_PARTICIPANT = "7f1f0c62-0f0e-4a53-9a0b-54a9f3a9e2b1"
_TICKET = "b0a6cfb4-3f59-45a5-8f0c-6d4dd0a6a5d2"

SEAT_REQUEST: dict[str, Any] = {"participant_id": _PARTICIPANT}
PASSING_ON: dict[str, Any] = {"email": "noor.jansen@acme.example"}
PLACE: dict[str, Any] = {
    "ticket_id": _TICKET,
    "evening_id": _EVENING,
    "participant_id": _PARTICIPANT,
    "state": "waiting",
    "position": 12,
    "reason": None,
}
OFFER: dict[str, Any] = {"offer_id": "5a7f4d0e-93f0-4a6c-8f4b-0f6a3d0c9e11", "ticket_id": _TICKET}
DECISION: dict[str, Any] = {
    "decision_id": 4711,
    "participant_id": _PARTICIPANT,
    "ticket_id": _TICKET,
    "decided_at": "2026-11-02T09:15:00Z",
    "outcome": "waiting",
    "rule": "full",
    "figures": {
        "capacity": 200,
        "held": 200,
        "allotment": 12,
        "partner_held": 12,
        "pool_left": 0,
        "other_evenings": 1,
        "fill": "13/12",
        "requested_at": "2026-10-01T08:00:00+00:00",
        "lot": "9f2c1a7be0d4c3a1",
        "place": 231,
        "competing": 450,
        "last_served": {"other_evenings": 0, "fill": "12/12", "requested_at": "2026-10-03T07:30:00+00:00"},
    },
    "explanation": {"nl": "Alle 200 plaatsen waren bezet.", "en": "All 200 seats were taken."},
}
REPLAY: dict[str, Any] = {"venue": "paard"}
