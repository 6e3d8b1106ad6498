"""The composition root: everything registration is made of, and every queue it listens to."""

from fastapi import FastAPI

from culture_connect.http import HttpLimits, Tokens, create_app
from culture_connect.messaging import Database, Service
from culture_connect.messaging.consuming.inbox_cleanup import inbox_cleanup
from registration.handlers.core_events import core_router
from registration.handlers.enrolments import enrolment_router
from registration.handlers.hr_queues import HrQueues
from registration.http import (
    enrolments,
    erasures,
    evenings,
    imports,
    participants,
    partners,
    refusals,
    subject_access,
    venues,
)
from registration.jobs.daily import DailyJob
from registration.settings import RegistrationSettings
from registration.store.tombstones import Tombstones


def build_app(settings: RegistrationSettings) -> FastAPI:
    """Makes the service from its settings; nothing is connected before the application starts."""
    database = Database(settings.database_url, schema="registration", pooler=settings.database_pooler)
    tombstones = Tombstones(bytes.fromhex(settings.tombstone_key))
    from_hr = enrolment_router(tombstones)
    [enrolment_messages] = from_hr.batch_subscribers
    service = Service(
        name="registration",
        settings=settings,
        database=database,
        routers=[core_router(), from_hr],
        follow=HrQueues(database, enrolment_messages),
    )
    clock = DailyJob(database, tombstones, retention_months=settings.retention_months, telemetry=service.telemetry)
    app = create_app(
        name="registration",
        title="Culture Connect: registration",
        description="Partners, their participants, and the programme of evenings.",
        service=service,
        tokens=Tokens(settings.tokens_file),
        limits=HttpLimits.of(settings, "registration"),
        routers=[
            partners.router,
            imports.router,
            enrolments.router,
            participants.router,
            subject_access.router,
            erasures.router,
            evenings.router,
            venues.router,
        ],
        background=[clock.running, lambda: inbox_cleanup(database, kept_for=settings.inbox_kept_for)],
        large_bodies={imports.PATH: imports.MAX_FILE},
    )
    app.state.tombstones = tombstones
    refusals.install(app)
    return app
