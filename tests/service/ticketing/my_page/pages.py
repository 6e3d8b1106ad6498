"""Helpers that the tests of the personal pages share."""

from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from culture_connect.contracts import Admission, EveningScheduled
from culture_connect.http import Tokens, create_app
from culture_connect.messaging import Database
from tests.service.ticketing.harness import NEXT_YEAR, Harness
from tests.unit.http.kit import IdleBus
from tests.unit.ticketing.registration_events import evening
from ticketing.http import personal_page, routes
from ticketing.tickets.issuer import Issuer

NIGHT = evening(NEXT_YEAR, capacity=1, admission=Admission.ON_REQUEST)
ANOTHER = evening(NEXT_YEAR + timedelta(days=30), title="Dag", admission=Admission.ON_REQUEST)


def application(database: Database, issuer: Issuer, tokens: Path) -> FastAPI:
    """The personal pages over this database."""
    app = create_app(
        name="ticketing",
        title="ticketing",
        description="",
        service=IdleBus(database),
        tokens=Tokens(tokens),
        routers=[personal_page.router],
    )
    routes.configure(app, issuer)
    return app


async def secret_of(harness: Harness, name: str, night: EveningScheduled = NIGHT) -> str:
    """The secret of the last link that was told to somebody for that evening."""
    return (await harness.secrets(name, night))[-1]
