"""The messages this service listens to, each kind with its one use case."""

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
    TicketCancelled,
    TicketIssued,
    TicketOffered,
    TicketWaitlisted,
)
from culture_connect.messaging import Delivery, Handlers, UnitOfWork
from notifications.asking import follow_invitations, follow_offers
from notifications.following import (
    EveningEvent,
    ParticipantEvent,
    TicketEvent,
    follow_evenings,
    follow_participants,
    follow_tickets,
)


def event_handlers(wake: Callable[[], None]) -> Handlers:
    """The handlers of `notifications.events`; `wake` is called after each commit that may let letters go."""
    handlers = Handlers()

    @handlers.on(ParticipantEnrolled, ParticipantChanged, ParticipantWithdrawn, ParticipantErased)
    async def participants(work: UnitOfWork, deliveries: Sequence[Delivery[ParticipantEvent]]) -> None:
        await follow_participants(work, deliveries)
        _after_commit(work, wake)

    @handlers.on(EveningScheduled, EveningChanged, EveningCancelled)
    async def evenings(work: UnitOfWork, deliveries: Sequence[Delivery[EveningEvent]]) -> None:
        await follow_evenings(work, deliveries)
        _after_commit(work, wake)

    @handlers.on(TicketIssued, TicketWaitlisted, TicketCancelled)
    async def tickets(work: UnitOfWork, deliveries: Sequence[Delivery[TicketEvent]]) -> None:
        await follow_tickets(work, deliveries)
        _after_commit(work, wake)

    @handlers.on(TicketOffered)
    async def offers(work: UnitOfWork, deliveries: Sequence[Delivery[TicketOffered]]) -> None:
        await follow_offers(work, deliveries)
        _after_commit(work, wake)

    @handlers.on(InvitationExtended)
    async def invitations(work: UnitOfWork, deliveries: Sequence[Delivery[InvitationExtended]]) -> None:
        await follow_invitations(work, deliveries)
        _after_commit(work, wake)

    return handlers


def _after_commit(work: UnitOfWork, wake: Callable[[], None]) -> None:
    # Before the commit the sender would look and find nothing. The sender polls as well: this makes it prompt.
    event.listen(work.session.sync_session, "after_commit", lambda _: wake(), once=True)
