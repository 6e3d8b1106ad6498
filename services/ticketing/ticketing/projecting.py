"""Taking in what registration tells, and settling the seats it touches.

A batch is taken as a whole: first everything is written down, then seats are settled once, so that the number of
statements does not grow with the batch.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from culture_connect.contracts import (
    Envelope,
    ErasureCompleted,
    EveningCancelled,
    EveningChanged,
    EveningScheduled,
    ParticipantErased,
    PartnerChanged,
    PartnerLeft,
    PartnerRegistered,
)
from culture_connect.messaging import Delivery, UnitOfWork, core_event, feed_to
from ticketing.codes import Codes
from ticketing.domain.participants import Participant, ParticipantEvent, after, has_returned, local_day
from ticketing.settling import settle
from ticketing.store import projections
from ticketing.store.seats import Scope

PartnerEvent = PartnerRegistered | PartnerChanged | PartnerLeft
EveningEvent = EveningScheduled | EveningChanged | EveningCancelled
Event = PartnerEvent | ParticipantEvent | EveningEvent


async def take_in(work: UnitOfWork, deliveries: Sequence[Delivery[Event]], codes: Codes) -> None:
    """Brings projections and seats up to date with a batch; what is older than what is known changes nothing."""
    events = sorted(((each.message, each.envelope) for each in deliveries), key=lambda event: event[0].version)
    partners = [message for message, _ in events if isinstance(message, PartnerEvent)]
    participants = [(message, cause) for message, cause in events if isinstance(message, ParticipantEvent)]
    evenings = [(message, cause) for message, cause in events if isinstance(message, EveningEvent)]

    await projections.be_only_writer(work)
    known = await projections.lock_evenings(work, {message.evening_id for message, _ in evenings})
    told = await _evenings(work, evenings, {each.evening_id: each.version for each in known})
    touched = await _partners(work, partners)
    changed, returned = await _participants(work, participants)

    causes = {message.evening_id: cause for message, cause in evenings}
    causes |= {message.participant_id: cause for message, cause in participants}

    def cause_of(evening: UUID, participant: UUID) -> Envelope:
        return causes.get(participant) or causes.get(evening) or events[-1][1]

    await settle(work, Scope(told, returned=returned), codes, cause_of)
    others = {each.evening_id for each in known if each.is_open} - told
    await settle(work, Scope(others, touched | changed, returned), codes, cause_of)


async def _partners(work: UnitOfWork, messages: Sequence[PartnerEvent]) -> set[UUID]:
    """Writes partners; returns the participants who waited for theirs to be known."""
    newest = {message.slug: message for message in messages}
    if not newest:
        return set()
    new = set(newest) - await projections.known_partners(work, newest)
    await projections.tell_partners(work, [_partner_row(message) for message in newest.values()])
    return await projections.participants_of(work, new) if new else set()


async def _participants(
    work: UnitOfWork, events: Sequence[tuple[ParticipantEvent, Envelope]]
) -> tuple[set[UUID], set[UUID]]:
    """Writes participants; returns those about whom something new is known, and among them those who came back."""
    ids = {message.participant_id for message, _ in events}
    if not ids:
        return set(), set()
    before = {each: Participant(each) for each in ids} | await projections.read_participants(work, ids)
    now = dict(before)
    for message, cause in events:
        now[message.participant_id] = after(now[message.participant_id], message, cause.time)
        if isinstance(message, ParticipantErased):
            done = ErasureCompleted(participant_id=message.participant_id)
            work.emit(done, core_event(done, "ticketing"), subject=str(message.participant_id), cause=cause)
    changed = {each for each in ids if now[each] != before[each]}
    await projections.tell_participants(work, [now[each] for each in changed])
    return changed, {each for each in changed if has_returned(before[each], now[each])}


async def _evenings(
    work: UnitOfWork, events: Sequence[tuple[EveningEvent, Envelope]], versions: dict[UUID, int]
) -> set[UUID]:
    """Writes evenings and tells the box offices; returns those about which something new is known."""
    newest: dict[UUID, EveningEvent] = {}
    for message, cause in events:
        if message.version > versions.get(message.evening_id, 0):
            versions[message.evening_id] = message.version
            newest[message.evening_id] = message
            work.emit(message, feed_to(message.venue), subject=str(message.evening_id), cause=cause)
    await projections.tell_evenings(work, [_evening_row(message) for message in newest.values()])
    return set(newest)


def _partner_row(message: PartnerEvent) -> dict[str, Any]:
    return {
        "slug": message.slug,
        "name": message.name,
        "places": message.places,
        "has_left": isinstance(message, PartnerLeft),
        "version": message.version,
    }


def _evening_row(message: EveningEvent) -> dict[str, Any]:
    return {
        "evening_id": message.evening_id,
        "venue": message.venue,
        "season": message.season,
        "day": local_day(message.starts_at),
        "starts_at": message.starts_at,
        "closes_at": message.closes_at,
        "capacity": message.capacity,
        "admission": message.admission,
        "cancelled": isinstance(message, EveningCancelled),
        "version": message.version,
        "details": message.to_json().decode(),
    }
