"""The composition root: from settings to the running service."""

from fastapi import FastAPI

from culture_connect.http import Tokens, create_app
from culture_connect.messaging import Database, Service, Subscription, Telemetry
from notifications.consumers import event_handlers
from notifications.http import letters
from notifications.measures import Measures
from notifications.rendering.letters import Renderer
from notifications.sending.sender import Sender
from notifications.sending.smtp import SmtpLine
from notifications.settings import NotificationsSettings

DESCRIPTION = "Which letters went to whom, and when: invitations, tickets, places in the line, offers, cancellations."


def build_app(settings: NotificationsSettings) -> FastAPI:
    """Puts the service together; nothing is connected before the application starts."""
    database = Database(settings.database_url, schema="notifications")
    telemetry = Telemetry()
    measures = Measures(telemetry.registry)
    renderer = Renderer(sender=settings.mail_from, domain=settings.mail_domain)
    sender = Sender(
        database,
        write=renderer.mail,
        open_line=lambda: SmtpLine(settings.mail_server),
        workers=settings.mail_connections,
        claim_seconds=settings.mail_claim_seconds,
        measures=measures,
    )
    service = Service(
        name="notifications",
        settings=settings,
        database=database,
        subscriptions=[Subscription("core", "notifications.events", event_handlers(sender.wake))],
        telemetry=telemetry,
    )
    return create_app(
        name="notifications",
        title="Culture Connect: notifications",
        description=DESCRIPTION,
        service=service,
        tokens=Tokens(settings.tokens_file),
        routers=[letters.router(renderer)],
        background=[sender.running, lambda: measures.counting(database)],
    )
