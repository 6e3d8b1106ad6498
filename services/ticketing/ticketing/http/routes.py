"""Every router of the service, and what their routes find in the application."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from culture_connect.http.subject_access import subject_access
from ticketing.http import admissions, decisions, evenings, keys, personal_page, places, refusals, replays
from ticketing.http.seat_requests import Asks
from ticketing.metrics import DoorMeasures
from ticketing.store.subject_access import HOLDINGS
from ticketing.tickets.issuer import Issuer

ROUTERS: Final[Sequence[APIRouter]] = (
    evenings.router,
    decisions.router,
    places.router,
    personal_page.router,
    admissions.router,
    replays.router,
    keys.router,
    subject_access(HOLDINGS),
)


def equip(app: FastAPI, issuer: Issuer, doors: DoorMeasures | None = None) -> None:
    """Gives the routes what they work with, and refusals their answers."""
    app.state.issuer = issuer
    app.state.doors = doors or DoorMeasures(CollectorRegistry())
    app.state.asks = Asks(app.state.database, issuer)
    refusals.install(app)
