"""Tickets and waiting places: where they stand, and the letters and reminders to their holders."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from culture_connect.contracts import TicketAdmitted, TicketCancelled, TicketIssued, TicketWaitlisted
from culture_connect.messaging import Delivery, UnitOfWork
from notifications.domain.kinds import ENDINGS, REMINDERS, Kind, Suppression, bundle_of
from notifications.domain.letters import Decision, Plan, Standing, decide, is_told_anew, letter_id
from notifications.domain.newest import newest
from notifications.domain.timing import Patience
from notifications.store import contacts, evenings, letters, tickets
from notifications.store.evenings import KnownEvening
from notifications.store.letters import Drop, NewLetter
from notifications.store.tickets import TicketNews
from notifications.use_cases.apply_evening_events import moments_of

TicketEvent = TicketIssued | TicketWaitlisted | TicketCancelled | TicketAdmitted


async def follow_tickets(work: UnitOfWork, deliveries: Sequence[Delivery[TicketEvent]], patience: Patience) -> None:
    """Keeps the tickets and plans their letters, whether or not contact and evening are known yet."""
    news = newest(
        [_news(delivery.message) for delivery in deliveries],
        key=lambda ticket: ticket.ticket_id,
        version=lambda ticket: ticket.version,
    )
    people = [ticket.participant_id for ticket in news] + [each.passed_on_by for each in news if each.passed_on_by]
    erased = await contacts.lock(work, people)
    told = await evenings.steady(work, [ticket.evening_id for ticket in news])
    known = await tickets.lock(work, news, erased)
    turns = [(each, made) for each in news if (made := decide(known[each.ticket_id], each.turn)) is not None]
    await tickets.tell(work, [_without_secrets(ticket, erased) for ticket, _ in turns])
    await letters.drop(work, [drop for ticket, decision in turns if (drop := _drop(ticket, decision))])
    anew = {each.ticket_id for each, _ in turns if is_told_anew(known[each.ticket_id], each.turn)}
    waits = Patience(patience.welcome, patience.welcome, patience.change)
    await letters.plan(
        work,
        [
            _letter(
                work, ticket, plan, told[ticket.evening_id], erased, waits if ticket.ticket_id in anew else patience
            )
            for ticket, decision in turns
            for plan in decision.plans
        ],
    )
    reminded = [ticket for ticket, _ in turns if ticket.standing is Standing.ISSUED]
    # What is told anew is told now: a reminder whose moment has come adds nothing.
    for some, after in (
        ([each for each in reminded if each.ticket_id not in anew], None),
        ([each for each in reminded if each.ticket_id in anew], work.now),
    ):
        if some:
            moments = moments_of({ticket.evening_id: told[ticket.evening_id] for ticket in some})
            await letters.time_reminders(work, moments, ticket_ids=[each.ticket_id for each in some], after=after)


def _news(event: TicketEvent) -> TicketNews:
    details: Mapping[str, Any] = {}
    match event:
        case TicketIssued():
            standing, details = Standing.ISSUED, {"code": event.code, **_way_in(event)}
        case TicketWaitlisted():
            standing, details = Standing.WAITLISTED, {"position": event.position, **_way_in(event)}
        case TicketCancelled():
            standing, details = Standing.CANCELLED, {"reason": str(event.reason)}
        case TicketAdmitted():
            standing = Standing.ADMITTED
    issued = event if isinstance(event, TicketIssued) else None
    return TicketNews(
        event.ticket_id,
        event.participant_id,
        event.evening_id,
        event.version,
        standing,
        details,
        issued_at=issued.issued_at if issued else None,
        passed_on_by=issued.passed_on_by if issued else None,
    )


def _way_in(event: TicketIssued | TicketWaitlisted) -> Mapping[str, Any]:
    return {"link": event.link, "address_sha256": event.address_sha256}


def _drop(ticket: TicketNews, decision: Decision) -> Drop | None:
    if decision.dropped is None or decision.because is None:
        return None
    return Drop(ticket.ticket_id, decision.dropped, decision.because)


def _letter(
    work: UnitOfWork,
    ticket: TicketNews,
    plan: Plan,
    evening: KnownEvening,
    erased: frozenset[UUID],
    patience: Patience,
) -> NewLetter:
    called_off = evening.cancelled and plan.kind not in ENDINGS
    return NewLetter(
        letter_id(ticket.participant_id, ticket.evening_id, plan.kind, ticket.ticket_id, ticket.version),
        plan.kind,
        None if plan.kind in REMINDERS else work.now + patience.of(plan.kind),
        participant_id=ticket.participant_id,
        evening_id=ticket.evening_id,
        stillborn=plan.stillborn or (Suppression.EVENING_CANCELLED if called_off else None),
        bundle=bundle_of(plan.kind, ticket.details.get("reason")),
        ticket_id=ticket.ticket_id,
        ticket_version=ticket.version,
        holder_id=_giver(ticket, erased) if plan.kind is Kind.TICKET_RECEIVED else None,
    )


def _giver(ticket: TicketNews, erased: frozenset[UUID]) -> UUID | None:
    return None if ticket.passed_on_by in erased else ticket.passed_on_by


def _without_secrets(ticket: TicketNews, erased: frozenset[UUID]) -> TicketNews:
    """Nothing that opens a door is kept for somebody who was erased."""
    if ticket.participant_id not in erased:
        return ticket
    return TicketNews(ticket.ticket_id, ticket.participant_id, ticket.evening_id, ticket.version, ticket.standing, {})
