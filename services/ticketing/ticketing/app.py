"""The composition root: everything ticketing is made of, and every queue it listens to."""

from collections.abc import Sequence

from fastapi import FastAPI

from culture_connect.contracts import Venue
from culture_connect.http import HttpLimits, Tokens, create_app
from culture_connect.messaging import Database, Service, Subscription, Telemetry
from culture_connect.messaging.consuming.inbox_cleanup import inbox_cleanup
from culture_connect.messaging.keyed_hash import KeyedHash
from culture_connect.messaging.topology import admissions_queue, events_queue
from ticketing.handlers.core_events import box_office_scans, registration_events
from ticketing.http import routes
from ticketing.jobs.timers import Clock
from ticketing.metrics import DoorMeasures
from ticketing.settings import TicketingSettings
from ticketing.tickets.codes import Codes
from ticketing.tickets.issuer import Issuer
from ticketing.tickets.links import Links


def build_app(settings: TicketingSettings) -> FastAPI:
    """Makes the service from its settings; nothing is connected before the application starts."""
    database = Database(settings.database_url, schema="ticketing", pooler=settings.database_pooler)
    issuer = Issuer(
        Codes.from_file(settings.signing_key_file),
        Links(settings.public_url),
        KeyedHash(bytes.fromhex(settings.hash_key)),
    )
    telemetry = Telemetry()
    doors = DoorMeasures(telemetry.registry)
    scans = box_office_scans(issuer.codes, doors)

    async def box_office_queues() -> Sequence[Subscription]:
        # Not every venue's box office need have its account yet: a queue is consumed from when it exists.
        return [Subscription("edge", admissions_queue(venue), scans) for venue in Venue]

    service = Service(
        name="ticketing",
        settings=settings,
        database=database,
        telemetry=telemetry,
        subscriptions=[Subscription("core", events_queue("ticketing"), registration_events(issuer))],
        follow=box_office_queues,
        documented=[Subscription("edge", "box-office.<venue>.admissions", scans)],
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
            Clock(database, issuer).running,
            lambda: inbox_cleanup(database, kept_for=settings.inbox_kept_for),
        ],
    )
    routes.equip(app, issuer, doors)
    return app
