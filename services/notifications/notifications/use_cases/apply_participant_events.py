"""Applies participant and partner events: contacts, welcomes and goodbyes, new addresses, erasures."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from culture_connect.contracts import (
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    local_day,
)
from culture_connect.messaging import Delivery, UnitOfWork
from notifications import events
from notifications.domain.catalogue import REISSUED, Kind, Suppression, bundle_of
from notifications.domain.decisions import (
    LetterDecision,
    decide_on_enrolment,
    decide_on_withdrawal,
    plan_start_change,
)
from notifications.domain.letter_ids import enrolment_letter_id, readdressed_letter_id
from notifications.domain.schedule import Delays
from notifications.store import address_changes, contacts, letters, partners, personal_data
from notifications.store.contacts import Enrolment, KnownAddress
from notifications.store.letters import NewLetter
from notifications.store.partners import PartnerEvent

ParticipantEvent = ParticipantEnrolled | ParticipantChanged | ParticipantWithdrawn | ParticipantErased
PersonEvent = ParticipantEnrolled | ParticipantChanged | ParticipantErased


async def apply_participants(
    work: UnitOfWork, deliveries: Sequence[Delivery[ParticipantEvent]], delays: Delays
) -> None:
    """Saves the contacts and plans their letters; an erasure takes everything about the person with it."""
    deliveries = sorted(deliveries, key=lambda each: each.message.version)
    persons = _latest_persons(deliveries)
    start_changes = await _plan_start_changes(work, persons, delays)
    moved = await _new_addresses(work, persons)
    await contacts.save_persons(work, persons, local_day(work.now), moved)
    await letters.plan(work, start_changes)
    await _apply_enrolments(work, _latest_enrolments(deliveries), delays)
    await _readdress(work, moved, delays)
    await contacts.save_joining_days(work, _joining_days(deliveries))
    await _erase(work, [each for each in deliveries if isinstance(each.message, ParticipantErased)])


async def apply_partners(work: UnitOfWork, deliveries: Sequence[Delivery[PartnerEvent]]) -> None:
    """Saves the partners, whose contacts get a weekly digest."""
    partner_events = sorted((delivery.message for delivery in deliveries), key=lambda event: event.version)
    await partners.save(work, list({event.slug: event for event in partner_events}.values()))


def _latest_persons(deliveries: Sequence[Delivery[ParticipantEvent]]) -> list[PersonEvent]:
    messages = [delivery.message for delivery in deliveries]
    persons = {each.participant_id: each for each in messages if not isinstance(each, ParticipantWithdrawn)}
    return list(persons.values())


async def _plan_start_changes(work: UnitOfWork, persons: Sequence[PersonEvent], delays: Delays) -> Sequence[NewLetter]:
    """Returns the letters to those whose first day is another one than they know."""
    changed = [each for each in persons if isinstance(each, ParticipantChanged)]
    known = await contacts.lock_starts(work, [each.participant_id for each in changed]) if changed else {}
    planned = []
    for person in changed:
        before = known.get(person.participant_id)
        if before is None or person.version <= before.version:
            continue
        plan = plan_start_change(before.starts_on, person.starts_on, local_day(work.now), before.letters)
        if plan is None:
            continue
        planned.append(
            NewLetter(
                enrolment_letter_id(person.participant_id, plan.kind, person.version),
                plan.kind,
                work.now + delays.of(plan.kind),
                participant_id=person.participant_id,
                suppressed=plan.suppressed,
                details={"told": before.starts_on.isoformat() if before.starts_on else None},
            )
        )
    return planned


async def _apply_enrolments(work: UnitOfWork, enrolments: Mapping[UUID, Enrolment], delays: Delays) -> None:
    if not enrolments:
        return
    known = await contacts.lock_enrolments(work, list(enrolments))
    decisions: dict[UUID, LetterDecision] = {}
    for participant, enrolment in enrolments.items():
        decide = decide_on_enrolment if enrolment.withdrawn_on is None else decide_on_withdrawal
        if (decision := decide(known[participant], enrolment.version)) is not None:
            decisions[participant] = decision
    await contacts.save_enrolments(work, {participant: enrolments[participant] for participant in decisions})
    reasons = {participant: decision.reason for participant, decision in decisions.items() if decision.reason}
    await letters.suppress_of_enrolments(work, reasons)
    planned = [
        NewLetter(
            enrolment_letter_id(participant, plan.kind, enrolments[participant].version),
            plan.kind,
            work.now + delays.of(plan.kind),
            participant_id=participant,
            suppressed=plan.suppressed,
            bundle=bundle_of(plan.kind),
        )
        for participant, decision in decisions.items()
        for plan in decision.plans
    ]
    await letters.plan(work, planned)


async def _new_addresses(work: UnitOfWork, persons: Sequence[PersonEvent]) -> Mapping[UUID, KnownAddress]:
    """Returns the new addresses of those who have another one than before; another spelling of one is none."""
    current = {
        each.participant_id: KnownAddress(each.version, each.partner, each.email)
        for each in persons
        if not isinstance(each, ParticipantErased)
    }
    known = await contacts.lock_addresses(work, list(current)) if current else {}
    return {
        participant: address
        for participant, address in current.items()
        if participant in known
        and known[participant].version < address.version
        and known[participant].digest != address.digest
    }


async def _readdress(work: UnitOfWork, moved: Mapping[UUID, KnownAddress], delays: Delays) -> None:
    """Sends to the new address what the old one got and still counts; ticketing reissues tickets and invitations.

    It waits as a welcome does, so that an address that is changed to and fro costs one letter.
    """
    if not moved:
        return
    due_at = work.now + delays.of(Kind.WELCOME)
    recalled = await address_changes.recall(work, {who: address.digest for who, address in moved.items()})
    planned = [
        NewLetter(
            readdressed_letter_id(each.participant_id, each.kind, moved[each.participant_id].version, each.letter_id),
            each.kind,
            due_at,
            participant_id=each.participant_id,
            evening_id=each.evening_id,
            bundle=each.bundle,
            ticket_id=each.ticket_id,
            ticket_version=each.ticket_version,
            holder_id=each.holder_id,
            repeats=each.letter_id,
            details=each.details,
        )
        for each in recalled
        if each.kind not in REISSUED
    ]
    planned += await _plan_welcomes(work, moved, due_at)
    await letters.plan(work, planned)
    await address_changes.postpone(work, list(moved), due_at)


async def _plan_welcomes(work: UnitOfWork, moved: Mapping[UUID, KnownAddress], due_at: datetime) -> list[NewLetter]:
    enrolments = await contacts.lock_enrolments(work, list(moved))
    welcomed = await address_changes.welcomed(work, list(moved))
    return [
        NewLetter(
            readdressed_letter_id(participant, Kind.WELCOME, moved[participant].version),
            Kind.WELCOME,
            due_at,
            participant_id=participant,
            suppressed=Suppression.ALREADY_COVERED if pending else None,
            bundle=bundle_of(Kind.WELCOME),
        )
        for participant, pending in welcomed.items()
        if enrolments[participant].enrolled
    ]


def _latest_enrolments(deliveries: Sequence[Delivery[ParticipantEvent]]) -> dict[UUID, Enrolment]:
    """Returns the last that is known of each participation; an enrolment ends a withdrawal."""
    enrolments: dict[UUID, Enrolment] = {}
    for delivery in deliveries:
        event = delivery.message
        if isinstance(event, ParticipantEnrolled):
            enrolments[event.participant_id] = Enrolment(event.version)
        elif isinstance(event, ParticipantWithdrawn):
            withdrawn_on = event.effective_on or local_day(delivery.envelope.time)
            enrolments[event.participant_id] = Enrolment(event.version, withdrawn_on)
    return enrolments


def _joining_days(deliveries: Sequence[Delivery[ParticipantEvent]]) -> dict[UUID, date]:
    days: dict[UUID, date] = {}
    for delivery in deliveries:
        if isinstance(event := delivery.message, ParticipantEnrolled):
            day = local_day(delivery.envelope.time)
            days[event.participant_id] = max(day, days.get(event.participant_id, day))
    return days


async def _erase(work: UnitOfWork, erasures: Sequence[Delivery[ParticipantEvent]]) -> None:
    if not erasures:
        return
    erased = await contacts.lock_erased(work, [each.message.participant_id for each in erasures])
    await personal_data.erase(work, list(erased))
    for delivery in erasures:
        events.erasure_completed(work, delivery.message.participant_id, delivery.envelope)
