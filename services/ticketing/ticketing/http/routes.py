"""Every router of the service, and what their routes find in the application."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI

from ticketing.http import admissions, decisions, evenings, keys, my, places, refusals, replays
from ticketing.http.asks import Asks
from ticketing.issuer import Issuer

ROUTERS: Final[Sequence[APIRouter]] = (
    evenings.router,
    decisions.router,
    places.router,
    my.router,
    admissions.router,
    replays.router,
    keys.router,
)


def equip(app: FastAPI, issuer: Issuer) -> None:
    """Gives the routes what they work with, and refusals their answers."""
    app.state.issuer = issuer
    app.state.asks = Asks(app.state.database, issuer)
    refusals.install(app)
