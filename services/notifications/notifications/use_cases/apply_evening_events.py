"""Applies evening events: what holds, who hears of a change, and when guests are reminded."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from culture_connect.contracts import Evening, EveningCancelled, EveningChanged, EveningScheduled
from culture_connect.messaging import Delivery, UnitOfWork
from notifications.contents import PublishedEvening
from notifications.domain.catalogue import Kind
from notifications.domain.decisions import (
    PlannedLetter,
    material_changes,
    plan_cancellation,
    plan_evening_change,
)
from notifications.domain.letter_ids import cancellation_letter_id, change_letter_id
from notifications.domain.schedule import Delays, reminders
from notifications.store import evenings, invitations, letters, tickets
from notifications.store.evenings import KnownEvening
from notifications.store.invitations import UnansweredInvitation
from notifications.store.letters import NewLetter

EveningEvent = EveningScheduled | EveningChanged | EveningCancelled


async def apply_evenings(work: UnitOfWork, deliveries: Sequence[Delivery[EveningEvent]], delays: Delays) -> None:
    """Saves the evenings, releases the letters that waited for one, and suppresses those about a cancelled one."""
    events = sorted((delivery.message for delivery in deliveries), key=lambda event: event.version)
    latest = {event.evening_id: event for event in events}
    known = await evenings.lock(work, list(latest))
    new = [event for id_, event in latest.items() if event.version > known[id_].version]
    await evenings.save(work, new)
    await letters.release(work, [event.evening_id for event in new])
    cancelled = [event.evening_id for event in new if isinstance(event, EveningCancelled)]
    await letters.suppress_for_cancelled(work, cancelled)
    await _plan_cancellations(work, cancelled, delays)
    scheduled = [event for event in new if not isinstance(event, EveningCancelled)]
    first = [event for event in scheduled if known[event.evening_id].version == 0]
    later = [event for event in scheduled if known[event.evening_id].version > 0]
    await letters.schedule_reminders(work, _moments(first))
    await letters.schedule_reminders(work, _moments(later), after=work.now)
    changed = [event for event in later if _has_material_changes(known[event.evening_id], event)]
    await _plan_changes(work, changed, delays)


def reminder_moments(known: Mapping[UUID, KnownEvening]) -> Mapping[UUID, Mapping[Kind, datetime]]:
    """Returns the moments of the reminders of those of these evenings that are known and not cancelled."""
    return {
        evening_id: reminders(PublishedEvening.model_validate(evening.details).starts_at)
        for evening_id, evening in known.items()
        if evening.details is not None and not evening.cancelled
    }


async def _plan_changes(work: UnitOfWork, changed: Sequence[Evening], delays: Delays) -> None:
    """Guests hear of a change, as do those who were invited and have not answered: it may be what they wait for."""
    if not changed:
        return
    versions = {evening.evening_id: evening.version for evening in changed}
    guests = await tickets.lock_guests(work, list(versions))

    def change_id(participant_id: UUID, evening_id: UUID) -> UUID:
        return change_letter_id(participant_id, evening_id, versions[evening_id])

    planned = [
        _to_invited(work, each, plan_evening_change(each.changes), change_id, each.details or {}, delays)
        for each in await invitations.unanswered(work, list(versions))
    ]
    for guest, pending in guests.items():
        plan = plan_evening_change(pending)
        planned.append(
            NewLetter(
                change_id(guest.participant_id, guest.evening_id),
                plan.kind,
                work.now + delays.of(plan.kind),
                participant_id=guest.participant_id,
                evening_id=guest.evening_id,
                suppressed=plan.suppressed,
                ticket_id=guest.ticket_id,
                ticket_version=versions[guest.evening_id],
            )
        )
    await letters.plan(work, planned)


async def _plan_cancellations(work: UnitOfWork, cancelled: Sequence[UUID], delays: Delays) -> None:
    """Holders of a ticket hear of it when the ticket is cancelled; those who were only invited hear of it here."""
    if not cancelled:
        return
    planned = [
        _to_invited(work, each, plan_cancellation(notified=each.notified), cancellation_letter_id, {}, delays)
        for each in await invitations.unanswered(work, cancelled)
    ]
    await letters.plan(work, planned)


def _to_invited(
    work: UnitOfWork,
    invitation: UnansweredInvitation,
    plan: PlannedLetter,
    id_of: Callable[[UUID, UUID], UUID],
    details: Mapping[str, str],
    delays: Delays,
) -> NewLetter:
    return NewLetter(
        id_of(invitation.participant_id, invitation.evening_id),
        plan.kind,
        work.now + delays.of(plan.kind),
        participant_id=invitation.participant_id,
        evening_id=invitation.evening_id,
        suppressed=plan.suppressed,
        details=details,
    )


def _moments(scheduled: Sequence[Evening]) -> Mapping[UUID, Mapping[Kind, datetime]]:
    return {evening.evening_id: reminders(evening.starts_at) for evening in scheduled}


def _has_material_changes(known: KnownEvening, now: Evening) -> bool:
    return bool(material_changes(PublishedEvening.model_validate(known.details), now))
