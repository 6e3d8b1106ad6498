"""The composition root: from settings to the running service."""

from fastapi import FastAPI

from culture_connect.http import HttpLimits, Tokens, create_app
from culture_connect.http.subject_access import subject_access
from culture_connect.messaging import Database, Service, Telemetry
from culture_connect.messaging.consuming.inbox_cleanup import inbox_cleanup
from notifications.delivery.sender import Sender
from notifications.delivery.smtp_connection import SmtpConnection
from notifications.handlers.core_events import core_router
from notifications.http import bounces, letters, unsubscribe
from notifications.jobs.maintenance import Maintenance
from notifications.metrics import LetterMetrics
from notifications.rendering.composer import Composer
from notifications.rendering.renderer import Renderer
from notifications.settings import NotificationsSettings
from notifications.store.subject_access import HOLDINGS

DESCRIPTION = "Which letters went to whom, and when; what bounced; who wants no reminders."


def build_app(settings: NotificationsSettings) -> FastAPI:
    """Puts the service together; nothing is connected before the application starts."""
    database = Database(settings.database_url, schema="notifications", pooler=settings.database_pooler)
    telemetry = Telemetry()
    metrics = LetterMetrics(telemetry.registry)
    composer = Composer(
        Renderer(public_url=settings.public_url),
        sender=settings.mail_from,
        domain=settings.mail_domain,
        public_url=settings.public_url,
        reply_to=settings.mail_reply_to,
        signer=settings.signer,
    )
    sender = Sender(
        database,
        render=composer.mail,
        open_connection=lambda: SmtpConnection(settings.mail_server),
        workers=settings.mail_connections,
        claim_seconds=settings.mail_claim_seconds,
        metrics=metrics,
        per_second=settings.mail_per_second,
    )
    maintenance = Maintenance(database, kept_for=settings.kept_for)
    service = Service(
        name="notifications",
        settings=settings,
        database=database,
        routers=[core_router(sender.wake, settings.delays)],
        telemetry=telemetry,
    )
    return create_app(
        name="notifications",
        title="Culture Connect: notifications",
        description=DESCRIPTION,
        service=service,
        tokens=Tokens(settings.tokens_file),
        limits=HttpLimits.of(settings, "notifications"),
        routers=[
            letters.router(composer),
            bounces.router(settings.mail_domain),
            unsubscribe.router,
            subject_access(HOLDINGS, more=letters.letter_texts(composer)),
        ],
        background=[
            sender.running,
            maintenance.running,
            lambda: metrics.counting(database),
            lambda: inbox_cleanup(database, kept_for=settings.inbox_kept_for),
        ],
        large_bodies={bounces.PATH: bounces.MAX_REPORT},
    )
