"""Handlers of registration's events: partners, participants and evenings."""

from collections.abc import Sequence

from culture_connect.contracts import (
    EveningCancelled,
    EveningChanged,
    EveningScheduled,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    PartnerChanged,
    PartnerLeft,
    PartnerRegistered,
)
from culture_connect.messaging import Delivery, EventRouter, UnitOfWork
from culture_connect.messaging.topology import events_queue
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.apply_events import Event, apply_events


def core_router(issuer: Issuer) -> EventRouter:
    """Subscribes to the events of registration."""
    router = EventRouter()
    core_events = router.batch_subscriber(events_queue("ticketing"))

    # One handler for all of them, so that a mixed batch is applied at once.
    @core_events(
        PartnerRegistered,
        PartnerChanged,
        PartnerLeft,
        ParticipantEnrolled,
        ParticipantChanged,
        ParticipantWithdrawn,
        ParticipantErased,
        EveningScheduled,
        EveningChanged,
        EveningCancelled,
    )
    async def apply_batch(work: UnitOfWork, deliveries: Sequence[Delivery[Event]]) -> None:
        await apply_events(work, deliveries, issuer)

    return router
