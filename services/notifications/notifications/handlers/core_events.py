"""Subscriptions to the events of the other services, each with its use case."""

from collections.abc import Callable, Sequence

from sqlalchemy import event

from culture_connect.contracts import (
    EveningCancelled,
    EveningChanged,
    EveningScheduled,
    InvitationExtended,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    PartnerChanged,
    PartnerLeft,
    PartnerRegistered,
    TicketAdmitted,
    TicketCancelled,
    TicketIssued,
    TicketOffered,
    TicketWaitlisted,
)
from culture_connect.messaging import Delivery, EventRouter, UnitOfWork
from culture_connect.messaging.topology import events_queue
from notifications.domain.schedule import Delays
from notifications.store.partners import PartnerEvent
from notifications.use_cases.apply_evening_events import EveningEvent, apply_evenings
from notifications.use_cases.apply_invitation_events import apply_invitations, apply_offers
from notifications.use_cases.apply_participant_events import ParticipantEvent, apply_participants, apply_partners
from notifications.use_cases.apply_ticket_events import TicketEvent, apply_tickets


def core_router(wake: Callable[[], None], delays: Delays) -> EventRouter:
    """Subscribes to the events of the other services; `wake` is called after each commit that may release letters.

    `delays` is how long letters wait for others of their kind.
    """
    router = EventRouter()
    core_events = router.batch_subscriber(events_queue("notifications"))

    @core_events(PartnerRegistered, PartnerChanged, PartnerLeft)
    async def partners(work: UnitOfWork, deliveries: Sequence[Delivery[PartnerEvent]]) -> None:
        """Keeps the partners, whose contacts get a digest."""
        await apply_partners(work, deliveries)

    @core_events(ParticipantEnrolled, ParticipantChanged, ParticipantWithdrawn, ParticipantErased)
    async def participants(work: UnitOfWork, deliveries: Sequence[Delivery[ParticipantEvent]]) -> None:
        """Keeps the contacts; plans welcomes and goodbyes; forgets who is erased."""
        await apply_participants(work, deliveries, delays)
        _after_commit(work, wake)

    @core_events(EveningScheduled, EveningChanged, EveningCancelled)
    async def evenings(work: UnitOfWork, deliveries: Sequence[Delivery[EveningEvent]]) -> None:
        """Keeps the evenings; plans letters about changes."""
        await apply_evenings(work, deliveries, delays)
        _after_commit(work, wake)

    @core_events(TicketIssued, TicketWaitlisted, TicketCancelled, TicketAdmitted)
    async def tickets(work: UnitOfWork, deliveries: Sequence[Delivery[TicketEvent]]) -> None:
        """Keeps the tickets; plans their letters and reminders."""
        await apply_tickets(work, deliveries, delays)
        _after_commit(work, wake)

    @core_events(TicketOffered)
    async def offers(work: UnitOfWork, deliveries: Sequence[Delivery[TicketOffered]]) -> None:
        """Plans the letter that asks a colleague."""
        await apply_offers(work, deliveries)
        _after_commit(work, wake)

    @core_events(InvitationExtended)
    async def invitations(work: UnitOfWork, deliveries: Sequence[Delivery[InvitationExtended]]) -> None:
        """Plans invitations."""
        await apply_invitations(work, deliveries)
        _after_commit(work, wake)

    return router


def _after_commit(work: UnitOfWork, wake: Callable[[], None]) -> None:
    # Before the commit the sender would find nothing. It polls as well: this makes it prompt.
    event.listen(work.session.sync_session, "after_commit", lambda _: wake(), once=True)
