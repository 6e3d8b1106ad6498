"""The composition root: everything registration is made of, and every queue it listens to."""

from collections.abc import Sequence

from fastapi import FastAPI

from culture_connect.http import Tokens, create_app
from culture_connect.messaging import Database, Service, Subscription
from culture_connect.messaging.topology import enrolments_queue, events_queue
from registration.consumers import enrolment_handlers, event_handlers
from registration.http import evenings, participants, partners
from registration.settings import RegistrationSettings
from registration.store.partners import slugs


def build_app(settings: RegistrationSettings) -> FastAPI:
    """Makes the service from its settings; nothing is connected before the application starts."""
    database = Database(settings.database_url, schema="registration")
    enrolments = enrolment_handlers()

    async def hr_queues() -> Sequence[Subscription]:
        async with database.begin() as work:
            partners_now = await slugs(work)
        return [Subscription("edge", enrolments_queue(slug), enrolments) for slug in partners_now]

    service = Service(
        name="registration",
        settings=settings,
        database=database,
        subscriptions=[Subscription("core", events_queue("registration"), event_handlers())],
        follow=hr_queues,
    )
    return create_app(
        name="registration",
        title="Culture Connect: registration",
        description="Partners, their participants, and the programme of evenings.",
        service=service,
        tokens=Tokens(settings.tokens_file),
        routers=[partners.router, participants.router, evenings.router],
    )
