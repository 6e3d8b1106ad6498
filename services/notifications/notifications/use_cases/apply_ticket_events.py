"""Applies ticket events: the status of tickets and waiting places, and the letters and reminders to their holders."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from culture_connect.contracts import TicketAdmitted, TicketCancelled, TicketIssued, TicketWaitlisted
from culture_connect.messaging import Delivery, UnitOfWork
from notifications.domain.catalogue import ENDINGS, REMINDERS, Kind, Suppression, TicketStatus, bundle_of
from notifications.domain.decisions import LetterDecision, PlannedLetter, decide_on_ticket, is_reissued
from notifications.domain.letter_ids import ticket_letter_id
from notifications.domain.schedule import Delays
from notifications.store import contacts, evenings, letters, tickets
from notifications.store.evenings import KnownEvening
from notifications.store.letters import NewLetter, TicketSuppression
from notifications.store.tickets import Ticket
from notifications.use_cases.apply_evening_events import reminder_moments

TicketEvent = TicketIssued | TicketWaitlisted | TicketCancelled | TicketAdmitted


async def apply_tickets(work: UnitOfWork, deliveries: Sequence[Delivery[TicketEvent]], delays: Delays) -> None:
    """Saves the tickets and plans their letters, whether or not contact and evening are known yet."""
    events = sorted((delivery.message for delivery in deliveries), key=lambda event: event.version)
    latest = list({event.ticket_id: _ticket(event) for event in events}.values())
    people = [ticket.participant_id for ticket in latest] + [each.giver_id for each in latest if each.giver_id]
    erased = await contacts.lock_erased(work, people)
    known_evenings = await evenings.lock_shared(work, [ticket.evening_id for ticket in latest])
    known = await tickets.lock(work, latest, erased)
    decisions = [
        (ticket, decision)
        for ticket in latest
        if (decision := decide_on_ticket(known[ticket.ticket_id], ticket.update)) is not None
    ]
    await tickets.save(work, [_without_secrets(ticket, erased) for ticket, _ in decisions])
    await letters.suppress(work, [each for ticket, decision in decisions if (each := _suppression(ticket, decision))])
    reissued = {each.ticket_id for each, _ in decisions if is_reissued(known[each.ticket_id], each.update)}
    longer = replace(delays, ticket=delays.welcome)
    await letters.plan(
        work,
        [
            _letter(
                work,
                ticket,
                plan,
                known_evenings[ticket.evening_id],
                erased,
                longer if ticket.ticket_id in reissued else delays,
            )
            for ticket, decision in decisions
            for plan in decision.plans
        ],
    )
    await _schedule_reminders(work, [ticket for ticket, _ in decisions], reissued, known_evenings)


async def _schedule_reminders(
    work: UnitOfWork, changed: Sequence[Ticket], reissued: set[UUID], known_evenings: Mapping[UUID, KnownEvening]
) -> None:
    """A reissued ticket is a letter of now: a reminder whose moment has come adds nothing to it."""
    issued = [ticket for ticket in changed if ticket.status is TicketStatus.ISSUED]
    for some, after in (
        ([ticket for ticket in issued if ticket.ticket_id not in reissued], None),
        ([ticket for ticket in issued if ticket.ticket_id in reissued], work.now),
    ):
        if some:
            moments = reminder_moments({ticket.evening_id: known_evenings[ticket.evening_id] for ticket in some})
            ids = [ticket.ticket_id for ticket in some]
            await letters.schedule_reminders(work, moments, ticket_ids=ids, after=after)


def _ticket(event: TicketEvent) -> Ticket:
    details: Mapping[str, Any] = {}
    match event:
        case TicketIssued():
            status, details = TicketStatus.ISSUED, {"code": event.code, **_link(event)}
        case TicketWaitlisted():
            status, details = TicketStatus.WAITLISTED, {"position": event.position, **_link(event)}
        case TicketCancelled():
            status, details = TicketStatus.CANCELLED, {"reason": str(event.reason)}
        case TicketAdmitted():
            status = TicketStatus.ADMITTED
    issued = event if isinstance(event, TicketIssued) else None
    return Ticket(
        event.ticket_id,
        event.participant_id,
        event.evening_id,
        event.version,
        status,
        details,
        issued_at=issued.issued_at if issued else None,
        giver_id=issued.passed_on_by if issued else None,
    )


def _link(event: TicketIssued | TicketWaitlisted) -> Mapping[str, Any]:
    return {"link": event.link, "address_sha256": event.address_sha256}


def _suppression(ticket: Ticket, decision: LetterDecision) -> TicketSuppression | None:
    if decision.scope is None or decision.reason is None:
        return None
    return TicketSuppression(ticket.ticket_id, decision.scope, decision.reason)


def _letter(
    work: UnitOfWork,
    ticket: Ticket,
    plan: PlannedLetter,
    evening: KnownEvening,
    erased: frozenset[UUID],
    delays: Delays,
) -> NewLetter:
    evening_over = evening.cancelled and plan.kind not in ENDINGS
    giver = None if ticket.giver_id in erased else ticket.giver_id
    return NewLetter(
        ticket_letter_id(ticket.participant_id, ticket.evening_id, plan.kind, ticket.ticket_id, ticket.version),
        plan.kind,
        None if plan.kind in REMINDERS else work.now + delays.of(plan.kind),
        participant_id=ticket.participant_id,
        evening_id=ticket.evening_id,
        suppressed=plan.suppressed or (Suppression.EVENING_CANCELLED if evening_over else None),
        bundle=bundle_of(plan.kind, ticket.details.get("reason")),
        ticket_id=ticket.ticket_id,
        ticket_version=ticket.version,
        holder_id=giver if plan.kind is Kind.TICKET_RECEIVED else None,
    )


def _without_secrets(ticket: Ticket, erased: frozenset[UUID]) -> Ticket:
    """Nothing that opens a door is kept for somebody who was erased."""
    if ticket.participant_id not in erased:
        return ticket
    return Ticket(ticket.ticket_id, ticket.participant_id, ticket.evening_id, ticket.version, ticket.status, {})
