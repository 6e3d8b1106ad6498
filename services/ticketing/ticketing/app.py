"""The composition root: everything ticketing is made of, and every queue it consumes."""

from collections.abc import Sequence

from fastapi import FastAPI

from culture_connect.contracts import Venue
from culture_connect.http import HttpLimits, Tokens, create_app
from culture_connect.messaging import BatchSubscriber, Database, Service, Telemetry
from culture_connect.messaging.consuming.inbox_cleanup import inbox_cleanup
from culture_connect.messaging.keyed_hash import KeyedHash
from ticketing.handlers.admissions import admission_router
from ticketing.handlers.core_events import core_router
from ticketing.http import routes
from ticketing.jobs.timers import TimerJob
from ticketing.metrics import AdmissionMetrics
from ticketing.settings import TicketingSettings
from ticketing.tickets.codes import Codes
from ticketing.tickets.issuer import Issuer
from ticketing.tickets.links import Links


def build_app(settings: TicketingSettings) -> FastAPI:
    """Builds the service from its settings; nothing is connected before the application starts."""
    database = Database(settings.database_url, schema="ticketing", pooler=settings.database_pooler)
    issuer = Issuer(
        Codes.from_file(settings.signing_key_file),
        Links(settings.public_url),
        KeyedHash(bytes.fromhex(settings.hash_key)),
    )
    telemetry = Telemetry()
    metrics = AdmissionMetrics(telemetry.registry)
    from_box_offices = admission_router(issuer.codes, metrics)
    [admissions] = from_box_offices.batch_subscribers

    async def box_office_queues() -> Sequence[BatchSubscriber]:
        # Not every venue's box office need have its account yet: a queue is consumed from when it exists.
        return [admissions.for_party(venue) for venue in Venue]

    service = Service(
        name="ticketing",
        settings=settings,
        database=database,
        telemetry=telemetry,
        routers=[core_router(issuer), from_box_offices],
        follow=box_office_queues,
    )
    app = create_app(
        name="ticketing",
        title="Culture Connect: ticketing",
        description="Seats, tickets, waiting lists and the door of every evening.",
        service=service,
        tokens=Tokens(settings.tokens_file),
        limits=HttpLimits.of(settings, "ticketing"),
        routers=routes.ROUTERS,
        background=[
            TimerJob(database, issuer).running,
            lambda: inbox_cleanup(database, kept_for=settings.inbox_kept_for),
        ],
    )
    routes.configure(app, issuer, metrics)
    return app
