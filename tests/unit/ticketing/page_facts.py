"""Facts for personal pages, made by hand: somebody in every state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from culture_connect.contracts import Admission, Evening, Language, Localised, PartKind, ProgrammePart, Venue
from ticketing.store.personal_pages import PageDecision, PageFacts, PageOffer, PagePlace

TICKET = UUID("6c1de8b6-2c1e-4a9c-a1fb-7b6cfb3f5a10")
OFFER = UUID("2f0b9c4e-64e3-4d6e-9f0a-9a2b3c4d5e6f")
SECRET = "pT7yQm2kX9rL4vB8nC3wZg"
CODE = f"{'eyJhbGciOiJFZERTQSIsImtpZCI6' * 3}.{'eyJ0aWNrZXQiOiI1ZjBjOGYwYSJ9' * 4}.{'c2lnbmF0dXJlLW9mLXRoZS10' * 4}"
START = datetime(2026, 11, 5, 18, 30, tzinfo=UTC)
BEFORE, CLOSED = START - timedelta(days=20), START - timedelta(hours=1)
DURING, AFTER = START + timedelta(minutes=40), START + timedelta(hours=5)


def an_evening(**changes: Any) -> Evening:
    """An evening at PAARD."""
    parts = [
        (PartKind.CONCERT, "Nieuwe stemmen", "New voices", 75),
        (PartKind.IN_DEPTH, "In gesprek met de componist", "In conversation with the composer", 45),
        (PartKind.DRINKS, "Napraten in de foyer", "More talk in the foyer", 90),
    ]
    programme, begins = [], START
    for kind, nl, en, minutes in parts:
        ends = begins + timedelta(minutes=minutes)
        programme.append(ProgrammePart(kind=kind, title=Localised(nl=nl, en=en), starts_at=begins, ends_at=ends))
        begins = ends
    fields: dict[str, Any] = {
        "evening_id": UUID("f0d5bb62-5d34-4f2b-9a4f-5d52d7c3b0aa"),
        "season": "2026-2027",
        "venue": Venue.PAARD,
        "title": Localised(nl="Klank & stilte", en="Sound & silence"),
        "theme": Localised(nl="Leiderschap in een luide tijd", en="Leadership in loud times"),
        "starts_at": START,
        "ends_at": begins,
        "location": "Prinsegracht 12, Den Haag",
        "capacity": 200,
        "admission": Admission.ON_REQUEST,
        "release_at": START - timedelta(days=7),
        "closes_at": START - timedelta(hours=2),
        "programme": programme,
        "version": 1,
    }
    return Evening(**fields | changes)


def a_place(state: str, **fields: Any) -> PagePlace:
    """A ticket or waiting place with what that state has."""
    usual: dict[str, dict[str, Any]] = {
        "waiting": {"position": 31},
        "issued": {"code": CODE},
        "admitted": {"code": CODE, "admitted_at": START - timedelta(minutes=18)},
        "cancelled": {"reason": "declined"},
    }
    nothing = {"code": None, "position": None, "admitted_at": None, "reason": None}
    return PagePlace(ticket_id=TICKET, state=state, **nothing | usual[state] | fields)


def decided(outcome: str, rule: str, **figures: Any) -> PageDecision:
    """A decision of three weeks before the evening."""
    return PageDecision(outcome, rule, figures, START - timedelta(days=21))


ROUND: dict[str, Any] = {
    "capacity": 200,
    "held": 200,
    "allotment": 40,
    "partner_held": 40,
    "pool_left": 0,
    "other_evenings": 1,
    "fill": "41/40",
    "requested_at": "2026-10-03T10:05:00+00:00",
    "lot": "0f1e2d3c4b5a6978",
    "place": 231,
    "competing": 450,
    "last_served": {"other_evenings": 0, "fill": "41/40", "requested_at": "2026-10-02T08:00:00+00:00"},
}
FULL = decided("waiting", "full", **ROUND)
SEATED = decided("granted", "allotment", **ROUND | {"held": 120, "partner_held": 31, "place": 18, "last_served": None})

INVITED = PageFacts(
    evening=an_evening(),
    cancelled=False,
    participant_id=UUID("5f0c8f0a-3b1e-4c55-8a43-7c7f4b1f2d10"),
    holder_name="Zoë van der Meer-Özdemir",
    language=Language.NL,
    active=True,
    seat_request="invited",
    place=None,
    offer_made=None,
    offer_received=None,
    decision=None,
)
ASKED = replace(INVITED, seat_request="asked")
WAITING = replace(ASKED, place=a_place("waiting"), decision=FULL)
HOLDER = replace(ASKED, place=a_place("issued"), decision=SEATED)
OFFERING = replace(HOLDER, offer_made=PageOffer(OFFER, "Zoë van der Meer-Özdemir"))
OFFERED = replace(INVITED, offer_received=PageOffer(OFFER, "Joris Bakker"))
WAITING_AND_OFFERED = replace(WAITING, offer_received=PageOffer(OFFER, "Joris Bakker"))
ADMITTED = replace(HOLDER, place=a_place("admitted"))
DECLINED = replace(INVITED, seat_request="declined", place=a_place("cancelled"), decision=decided("lost", "declined"))
PASSED_ON = replace(DECLINED, place=a_place("cancelled", reason="passed-on"), decision=decided("lost", "passed-on"))
LOST = replace(
    ASKED, seat_request=None, place=a_place("cancelled", reason="withdrawn"), decision=decided("lost", "enrolled-anew")
)
NOT_ACTIVE = replace(
    ASKED, active=False, place=a_place("cancelled", reason="withdrawn"), decision=decided("lost", "withdrawn")
)
CANCELLED = replace(
    HOLDER,
    cancelled=True,
    place=a_place("cancelled", reason="evening-cancelled"),
    decision=decided("lost", "evening-cancelled"),
)
