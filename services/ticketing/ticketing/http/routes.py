"""Every router of the service, and what their routes find in the application."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from culture_connect.http.subject_access import subject_access
from ticketing.http import admissions, decisions, evenings, keys, my, places, refusals, replays
from ticketing.http.asks import Asks
from ticketing.issuer import Issuer
from ticketing.measures import DoorMeasures
from ticketing.store.holdings import HOLDINGS

ROUTERS: Final[Sequence[APIRouter]] = (
    evenings.router,
    decisions.router,
    places.router,
    my.router,
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
