"""The composition root: everything registration is made of, and every queue it listens to."""

from fastapi import FastAPI

from culture_connect.http import Tokens, create_app
from culture_connect.messaging import Database, Service, Subscription
from culture_connect.messaging.topology import events_queue
from registration.consumers import enrolment_handlers, event_handlers
from registration.http import evenings, participants, partners
from registration.queues import HrQueues
from registration.settings import RegistrationSettings


def build_app(settings: RegistrationSettings) -> FastAPI:
    """Makes the service from its settings; nothing is connected before the application starts."""
    database = Database(settings.database_url, schema="registration")
    hr_queues = HrQueues(database, enrolment_handlers())
    service = Service(
        name="registration",
        settings=settings,
        database=database,
        subscriptions=[Subscription("core", events_queue("registration"), event_handlers())],
        follow=hr_queues,
        documented=[hr_queues.documented()],
    )
    return create_app(
        name="registration",
        title="Culture Connect: registration",
        description="Partners, their participants, and the programme of evenings.",
        service=service,
        tokens=Tokens(settings.tokens_file),
        routers=[partners.router, participants.router, evenings.router],
    )
