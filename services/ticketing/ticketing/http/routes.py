"""Every router of the service, and the state of the application that their routes use."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from culture_connect.http.subject_access import subject_access
from ticketing.http import admissions, decisions, evenings, keys, personal_page, places, refusals, replays
from ticketing.http.seat_requests import SeatRequests
from ticketing.metrics import AdmissionMetrics
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


def configure(app: FastAPI, issuer: Issuer, metrics: AdmissionMetrics | None = None) -> None:
    """Sets the state that the routes use, and the handler of refusals."""
    app.state.issuer = issuer
    app.state.admission_metrics = metrics or AdmissionMetrics(CollectorRegistry())
    app.state.seat_requests = SeatRequests(app.state.database, issuer)
    refusals.install(app)
