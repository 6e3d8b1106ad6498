"""The API does what its OpenAPI document says, whatever is asked of it."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from culture_connect.contracts import Venue
from culture_connect.messaging import Database
from tests.service.ticketing.harness import NEXT_YEAR, Harness, scanned
from tests.support.hashes import HASHES
from tests.support.openapi import Existing, Wanted, ask_everything, desk_of
from tests.unit.ticketing.registration_events import enrolled, evening, partner, person
from ticketing.app import build_app
from ticketing.settings import TicketingSettings
from ticketing.store import places
from ticketing.tickets.codes import Codes
from ticketing.tickets.issuer import Issuer
from ticketing.tickets.links import Links

NIGHT = evening(NEXT_YEAR, capacity=40)
DANCE = evening(NEXT_YEAR + timedelta(days=30), capacity=40, title="Dans", venue=Venue.NDT)
PEOPLE = [f"p{number}" for number in range(30)]
LATE = [f"late-{number}" for number in range(30)]


@pytest.fixture
def api(settings: TicketingSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """Somebody with every right."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # what schemathesis sends goes straight there
    with desk_of(build_app(settings), "everything-token") as client:
        yield client


@pytest.mark.timeout(180)
def test_every_answer_is_one_that_the_document_promises(api: httpx.Client, settings: TicketingSettings) -> None:
    real = asyncio.run(_furnish(settings))
    found = ask_everything(api, real)
    assert not found.faults, "\n\n".join(found.faults)
    assert real.keys() < found.operations
    assert found.succeeded == found.operations


async def _furnish(settings: TicketingSettings) -> dict[str, Wanted]:
    """Two evenings with tickets; returns by operation what is there."""
    codes = Codes.from_file(settings.signing_key_file)
    harness = Harness(settings.database_url, Issuer(codes, Links(settings.public_url), HASHES))
    try:
        await harness.apply(partner(), *map(enrolled, PEOPLE), NIGHT, DANCE)
        tickets = itertools.cycle(await _tickets(harness.database, PEOPLE[:10]))
        passed = itertools.cycle(await _tickets(harness.database, PEOPLE[10:20]))
        await harness.apply(*(enrolled(name, starts_on=DANCE.starts_at.date()) for name in LATE))
        code = await harness.code(PEOPLE[25], NIGHT)
    finally:
        await harness.database.close()
    night, colleagues = {"evening_id": str(NIGHT.evening_id)}, itertools.cycle(LATE)
    scan = scanned(code, NIGHT, "scan-1").model_dump(mode="json")
    return {
        "GET /evenings/{evening_id}": lambda: Existing(night),
        "GET /evenings/{evening_id}/tickets": lambda: Existing(night),
        "GET /evenings/{evening_id}/bundle": lambda: Existing(night),
        "GET /evenings/{evening_id}/decisions": lambda: Existing(night),
        "POST /evenings/{evening_id}/replay": lambda: Existing(night, {"venue": "paard"}),
        "POST /evenings/{evening_id}/tickets": lambda: Existing(night, {"participant_id": str(person(PEOPLE[20]))}),
        "POST /tickets/{ticket_id}/decline": lambda: Existing({"ticket_id": next(tickets)}),
        "POST /tickets/{ticket_id}/pass-on": lambda: Existing(
            {"ticket_id": next(passed)}, {"email": f"{next(colleagues)}@example.com"}
        ),
        "POST /admissions": lambda: Existing({}, scan),
    }


async def _tickets(database: Database, names: list[str]) -> list[str]:
    async with database.begin() as work:
        found = [await places.live_place(work, DANCE.evening_id, person(name)) for name in names]
    return [str(place.ticket_id) for place in found if place]
