"""What this service does when others tell something: it takes it over, and plans the letters it calls for."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from culture_connect.contracts import (
    ErasureCompleted,
    EveningCancelled,
    EveningChanged,
    EveningScheduled,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    TicketCancelled,
    TicketIssued,
    TicketWaitlisted,
)
from culture_connect.messaging import Delivery, UnitOfWork, core_event
from notifications.domain.days import local_day
from notifications.domain.letters import Decision, KnownTicket, Standing, decide, letter_id
from notifications.domain.newest import newest
from notifications.store import contacts, evenings, letters, tickets
from notifications.store.letters import NewLetter
from notifications.store.tickets import TicketNews

ParticipantEvent = ParticipantEnrolled | ParticipantChanged | ParticipantWithdrawn | ParticipantErased
EveningEvent = EveningScheduled | EveningChanged | EveningCancelled
TicketEvent = TicketIssued | TicketWaitlisted | TicketCancelled


async def follow_participants(work: UnitOfWork, deliveries: Sequence[Delivery[ParticipantEvent]]) -> None:
    """Keeps the contacts; an erasure takes everything about the person with it and is told when done."""
    events = [delivery.message for delivery in deliveries]
    persons = newest(
        [event for event in events if not isinstance(event, ParticipantWithdrawn)],
        key=lambda event: event.participant_id,
        version=lambda event: event.version,
    )
    await contacts.tell_persons(work, persons)
    await contacts.tell_terms(work, _terms(deliveries))
    if erasures := [each for each in deliveries if isinstance(each.message, ParticipantErased)]:
        await _erase(work, erasures)


async def follow_evenings(work: UnitOfWork, deliveries: Sequence[Delivery[EveningEvent]]) -> None:
    """Keeps the evenings; a cancellation takes the invitations with it that have not been sent."""
    events = [delivery.message for delivery in deliveries]
    last = newest(events, key=lambda event: event.evening_id, version=lambda event: event.version)
    await evenings.tell(work, last)
    if cancelled := [event.evening_id for event in last if isinstance(event, EveningCancelled)]:
        await letters.call_off(work, cancelled)


async def follow_tickets(work: UnitOfWork, deliveries: Sequence[Delivery[TicketEvent]]) -> None:
    """Keeps the tickets and plans their letters, whether or not contact and evening are known yet."""
    news = newest(
        [_news(delivery.message) for delivery in deliveries],
        key=lambda ticket: ticket.ticket_id,
        version=lambda ticket: ticket.version,
    )
    erased = await contacts.erased_among(work, [ticket.participant_id for ticket in news])
    known = await tickets.lock(work, news, erased)
    decisions = [(ticket, decision) for ticket in news if (decision := _decide(known[ticket.ticket_id], ticket))]
    await tickets.tell(work, [_without_secrets(ticket, erased) for ticket, _ in decisions])
    await letters.suppress(
        work, {ticket.ticket_id: decision.overtaken for ticket, decision in decisions if decision.overtaken}
    )
    planned = [letter for ticket, decision in decisions if (letter := _letter(ticket, decision))]
    await letters.plan(work, planned, work.now)


async def _erase(work: UnitOfWork, erasures: Sequence[Delivery[ParticipantEvent]]) -> None:
    erased = await contacts.erased_among(work, [each.message.participant_id for each in erasures])
    await tickets.forget(work, list(erased))
    await letters.erase(work, list(erased))
    for delivery in erasures:
        done = ErasureCompleted(participant_id=delivery.message.participant_id)
        route = core_event(done, "notifications")
        work.emit(done, route, subject=str(done.participant_id), cause=delivery.envelope)


def _terms(deliveries: Sequence[Delivery[ParticipantEvent]]) -> dict[UUID, tuple[int, date | None]]:
    """From which day each of these participants is withdrawn; an enrolment ends a withdrawal."""
    term_events = [each for each in deliveries if isinstance(each.message, ParticipantEnrolled | ParticipantWithdrawn)]
    last = newest(term_events, key=lambda each: each.message.participant_id, version=lambda each: each.message.version)
    return {each.message.participant_id: (each.message.version, _withdrawn_on(each)) for each in last}


def _withdrawn_on(delivery: Delivery[ParticipantEvent]) -> date | None:
    if not isinstance(delivery.message, ParticipantWithdrawn):
        return None
    return delivery.message.effective_on or local_day(delivery.envelope.time)


def _news(event: TicketEvent) -> TicketNews:
    details: dict[str, Any]
    match event:
        case TicketIssued():
            standing, details = Standing.ISSUED, {"code": event.code, "link": event.link}
        case TicketWaitlisted():
            standing, details = Standing.WAITLISTED, {"position": event.position, "link": event.link}
        case TicketCancelled():
            standing, details = Standing.CANCELLED, {"reason": str(event.reason)}
    return TicketNews(event.ticket_id, event.participant_id, event.evening_id, event.version, standing, details)


def _decide(known: KnownTicket, ticket: TicketNews) -> Decision | None:
    return decide(known, ticket.version, ticket.standing, ticket.details.get("reason"))


def _letter(ticket: TicketNews, decision: Decision) -> NewLetter | None:
    if decision.plan is None:
        return None
    return NewLetter(
        letter_id(ticket.participant_id, ticket.evening_id, decision.plan, ticket.ticket_id, ticket.version),
        decision.plan,
        ticket.participant_id,
        ticket.evening_id,
        decision.stillborn,
        ticket_id=ticket.ticket_id,
        ticket_version=ticket.version,
    )


def _without_secrets(ticket: TicketNews, erased: frozenset[UUID]) -> TicketNews:
    """Nothing that opens a door is kept for somebody who was erased."""
    if ticket.participant_id not in erased:
        return ticket
    return TicketNews(ticket.ticket_id, ticket.participant_id, ticket.evening_id, ticket.version, ticket.standing, {})
