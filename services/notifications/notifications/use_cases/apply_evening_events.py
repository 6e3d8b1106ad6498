"""Evenings: what holds, who is to hear of a change, and when their guests are reminded."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from culture_connect.contracts import Evening, EveningCancelled, EveningChanged, EveningScheduled
from culture_connect.messaging import Delivery, UnitOfWork
from notifications.domain.changes import material
from notifications.domain.kinds import Kind
from notifications.domain.letters import cancellation_letter_id, change_letter_id, on_cancellation, on_change
from notifications.domain.newest import newest
from notifications.domain.timing import Patience, reminders
from notifications.rendering.models import ToldEvening
from notifications.store import evenings, invitations, letters, tickets
from notifications.store.evenings import KnownEvening
from notifications.store.letters import NewLetter

EveningEvent = EveningScheduled | EveningChanged | EveningCancelled


async def follow_evenings(work: UnitOfWork, deliveries: Sequence[Delivery[EveningEvent]], patience: Patience) -> None:
    """Keeps the evenings; lets the letters go that waited for one; a cancellation takes others with it."""
    last = newest(
        [delivery.message for delivery in deliveries],
        key=lambda event: event.evening_id,
        version=lambda event: event.version,
    )
    known = await evenings.lock(work, [event.evening_id for event in last])
    fresh = [event for event in last if event.version > known[event.evening_id].version]
    await evenings.tell(work, fresh)
    ahead = [event for event in fresh if not isinstance(event, EveningCancelled)]
    first = [event for event in ahead if known[event.evening_id].version == 0]
    moved = [event for event in ahead if known[event.evening_id].version > 0]
    await letters.release(work, [event.evening_id for event in fresh])
    ended = [event.evening_id for event in fresh if isinstance(event, EveningCancelled)]
    await letters.call_off(work, ended)
    await _tell_invited_of_the_end(work, ended, patience)
    await letters.time_reminders(work, _moments(first))
    await letters.time_reminders(work, _moments(moved), after=work.now)
    changed = [event for event in moved if _material(known[event.evening_id], event)]
    await _tell_guests(work, changed, patience)


def moments_of(told: Mapping[UUID, KnownEvening]) -> Mapping[UUID, Mapping[Kind, datetime]]:
    """The moments of the reminders of those of these evenings that were told and stand."""
    return {
        evening_id: reminders(ToldEvening.model_validate(evening.details).starts_at)
        for evening_id, evening in told.items()
        if evening.details is not None and not evening.cancelled
    }


async def _tell_guests(work: UnitOfWork, changed: Sequence[Evening], patience: Patience) -> None:
    if not changed:
        return
    versions = {evening.evening_id: evening.version for evening in changed}
    guests = await tickets.of_guests(work, list(versions))
    planned = await _to_invited(work, versions, patience)
    for guest, pending in guests.items():
        plan = on_change(pending)
        version = versions[guest.evening_id]
        planned.append(
            NewLetter(
                change_letter_id(guest.participant_id, guest.evening_id, version),
                plan.kind,
                work.now + patience.of(plan.kind),
                participant_id=guest.participant_id,
                evening_id=guest.evening_id,
                stillborn=plan.stillborn,
                ticket_id=guest.ticket_id,
                ticket_version=version,
            )
        )
    await letters.plan(work, planned)


async def _to_invited(work: UnitOfWork, versions: Mapping[UUID, int], patience: Patience) -> list[NewLetter]:
    """Letters about a change to those who were invited and have not answered: it may be what they wait for."""
    planned = []
    for each in await invitations.silent(work, list(versions)):
        plan = on_change(each.changes)
        planned.append(
            NewLetter(
                change_letter_id(each.participant_id, each.evening_id, versions[each.evening_id]),
                plan.kind,
                work.now + patience.of(plan.kind),
                participant_id=each.participant_id,
                evening_id=each.evening_id,
                stillborn=plan.stillborn,
                details=each.details or {},
            )
        )
    return planned


async def _tell_invited_of_the_end(work: UnitOfWork, ended: Sequence[UUID], patience: Patience) -> None:
    """Whoever has a ticket hears of it from the end of the ticket; who was only invited, from here."""
    if not ended:
        return
    planned = []
    for each in await invitations.silent(work, ended):
        plan = on_cancellation(told=each.told)
        planned.append(
            NewLetter(
                cancellation_letter_id(each.participant_id, each.evening_id),
                plan.kind,
                work.now + patience.of(plan.kind),
                participant_id=each.participant_id,
                evening_id=each.evening_id,
                stillborn=plan.stillborn,
                details={},
            )
        )
    await letters.plan(work, planned)


def _moments(told: Sequence[Evening]) -> Mapping[UUID, Mapping[Kind, datetime]]:
    return {evening.evening_id: reminders(evening.starts_at) for evening in told}


def _material(known: KnownEvening, now: Evening) -> bool:
    return bool(material(ToldEvening.model_validate(known.details), now))
