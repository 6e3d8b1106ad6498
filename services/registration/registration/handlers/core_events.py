"""Handlers of the events that the other services publish."""

from collections.abc import Sequence

from culture_connect.contracts import ErasureCompleted, MailUndeliverable
from culture_connect.messaging import Delivery, EventRouter, UnitOfWork
from culture_connect.messaging.topology import events_queue
from registration.use_cases.complete_erasures import complete_erasures
from registration.use_cases.report_undeliverable import report_undeliverable


def core_router() -> EventRouter:
    """Subscribes to the events of the other services."""
    router = EventRouter()
    core_events = router.batch_subscriber(events_queue("registration"))

    @core_events(MailUndeliverable)
    async def report_bounces(work: UnitOfWork, deliveries: Sequence[Delivery[MailUndeliverable]]) -> None:
        """Tells HR which address mail does not reach."""
        await report_undeliverable(work, [(each.message, each.envelope) for each in deliveries])

    @core_events(ErasureCompleted)
    async def note_erasures(work: UnitOfWork, deliveries: Sequence[Delivery[ErasureCompleted]]) -> None:
        """Notes which service keeps nothing of a participant any more."""
        await complete_erasures(work, [(each.message.participant_id, each.envelope) for each in deliveries])

    return router
