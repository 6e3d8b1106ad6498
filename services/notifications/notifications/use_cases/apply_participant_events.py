"""Participants and partners: whom to write to, who is welcomed, who is bid farewell, who is forgotten."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from culture_connect.contracts import (
    ErasureCompleted,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    local_day,
)
from culture_connect.messaging import Delivery, UnitOfWork, core_event
from notifications.domain.kinds import TOLD_ANEW, Bundle, Kind, Suppression, bundle_of
from notifications.domain.letters import (
    Decision,
    moved_letter_id,
    on_enrolment,
    on_start,
    on_withdrawal,
    term_letter_id,
)
from notifications.domain.newest import newest
from notifications.domain.timing import Patience
from notifications.store import contacts, letters, partners, retention
from notifications.store.contacts import KnownAddress, Term
from notifications.store.letters import NewLetter
from notifications.store.partners import PartnerEvent

ParticipantEvent = ParticipantEnrolled | ParticipantChanged | ParticipantWithdrawn | ParticipantErased
TermEvent = ParticipantEnrolled | ParticipantWithdrawn


async def follow_participants(
    work: UnitOfWork, deliveries: Sequence[Delivery[ParticipantEvent]], patience: Patience
) -> None:
    """Keeps the contacts, welcomes and bids farewell; an erasure takes everything about the person with it."""
    events = [delivery.message for delivery in deliveries]
    persons = newest(
        [event for event in events if not isinstance(event, ParticipantWithdrawn)],
        key=lambda event: event.participant_id,
        version=lambda event: event.version,
    )
    starts = await _follow_starts(work, [each for each in persons if isinstance(each, ParticipantChanged)], patience)
    moved = await _moved(work, [each for each in persons if not isinstance(each, ParticipantErased)])
    await contacts.tell_persons(work, persons, local_day(work.now), moved)
    await letters.plan(work, starts)
    await _follow_terms(work, _terms(deliveries), patience)
    await _write_again(work, moved, patience)
    await contacts.tell_joined(work, _joined(deliveries))
    if erasures := [each for each in deliveries if isinstance(each.message, ParticipantErased)]:
        await _erase(work, erasures)


async def follow_partners(work: UnitOfWork, deliveries: Sequence[Delivery[PartnerEvent]]) -> None:
    """Keeps the partners, whose contacts get a letter a week (`digests`)."""
    news = newest(
        [delivery.message for delivery in deliveries],
        key=lambda event: event.slug,
        version=lambda event: event.version,
    )
    await partners.tell(work, news)


async def _follow_starts(
    work: UnitOfWork, changed: Sequence[ParticipantChanged], patience: Patience
) -> Sequence[NewLetter]:
    """The letters to those whose first day is another one than they were told."""
    known = await contacts.lock_starts(work, [each.participant_id for each in changed]) if changed else {}
    planned = []
    for person in changed:
        before = known.get(person.participant_id)
        if before is None or person.version <= before.version:
            continue
        plan = on_start(before.starts_on, person.starts_on, local_day(work.now), before.letters)
        if plan is None:
            continue
        planned.append(
            NewLetter(
                term_letter_id(person.participant_id, plan.kind, person.version),
                plan.kind,
                work.now + patience.of(plan.kind),
                participant_id=person.participant_id,
                stillborn=plan.stillborn,
                details={"told": before.starts_on.isoformat() if before.starts_on else None},
            )
        )
    return planned


async def _follow_terms(work: UnitOfWork, terms: Mapping[UUID, Term], patience: Patience) -> None:
    if not terms:
        return
    known = await contacts.lock_terms(work, list(terms))
    turns: dict[UUID, Decision] = {}
    for participant, term in terms.items():
        decide = on_enrolment if term.withdrawn_on is None else on_withdrawal
        if (decision := decide(known[participant], term.version)) is not None:
            turns[participant] = decision
    await contacts.tell_terms(work, {participant: terms[participant] for participant in turns})
    await letters.drop_of_terms(work, {who: made.because for who, made in turns.items() if made.because})
    planned = [
        NewLetter(
            term_letter_id(participant, plan.kind, terms[participant].version),
            plan.kind,
            work.now + patience.of(plan.kind),
            participant_id=participant,
            stillborn=plan.stillborn,
            bundle=bundle_of(plan.kind),
        )
        for participant, decision in turns.items()
        for plan in decision.plans
    ]
    await letters.plan(work, planned)


async def _moved(
    work: UnitOfWork, persons: Sequence[ParticipantEnrolled | ParticipantChanged]
) -> Mapping[UUID, KnownAddress]:
    """Those of these people who have another address than before, with that; another spelling of one is none."""
    known = await contacts.lock_addresses(work, [each.participant_id for each in persons]) if persons else {}
    told = {each.participant_id: KnownAddress(each.version, each.partner, each.email) for each in persons}
    return {
        who: address
        for who, address in told.items()
        if who in known and known[who].version < address.version and known[who].digest != address.digest
    }


async def _write_again(work: UnitOfWork, moved: Mapping[UUID, KnownAddress], patience: Patience) -> None:
    """What the old address was told and still counts goes to the new one; ticketing tells the tickets and questions.

    It waits as a welcome does, so that an address that is changed to and fro costs one letter.
    """
    if not moved:
        return
    due_at = work.now + patience.of(Kind.WELCOME)
    recalled = await letters.recall(work, {who: address.digest for who, address in moved.items()})
    planned = [
        NewLetter(
            moved_letter_id(each.participant_id, Kind(each.kind), moved[each.participant_id].version, each.letter_id),
            Kind(each.kind),
            due_at,
            participant_id=each.participant_id,
            evening_id=each.evening_id,
            bundle=Bundle(each.bundle) if each.bundle else None,
            ticket_id=each.ticket_id,
            ticket_version=each.ticket_version,
            holder_id=each.holder_id,
            repeats=each.letter_id,
            details=each.details,
        )
        for each in recalled
        if Kind(each.kind) not in TOLD_ANEW
    ]
    terms = await contacts.lock_terms(work, list(moved))
    for who, pending in (await letters.welcomed(work, list(moved))).items():
        if terms[who].enrolled:
            planned.append(
                NewLetter(
                    moved_letter_id(who, Kind.WELCOME, moved[who].version),
                    Kind.WELCOME,
                    due_at,
                    participant_id=who,
                    stillborn=Suppression.ALREADY_TOLD if pending else None,
                    bundle=bundle_of(Kind.WELCOME),
                )
            )
    await letters.plan(work, planned)
    await letters.put_off(work, list(moved), due_at)


def _terms(deliveries: Sequence[Delivery[ParticipantEvent]]) -> dict[UUID, Term]:
    """The last that is told of the participation of each of these; an enrolment ends a withdrawal."""
    told = [(each.message, each) for each in deliveries if isinstance(each.message, TermEvent)]
    last = newest(told, key=lambda each: each[0].participant_id, version=lambda each: each[0].version)
    return {event.participant_id: _term(event, delivery) for event, delivery in last}


def _term(event: TermEvent, delivery: Delivery[ParticipantEvent]) -> Term:
    if isinstance(event, ParticipantEnrolled):
        return Term(event.version)
    return Term(event.version, event.effective_on or local_day(delivery.envelope.time))


def _joined(deliveries: Sequence[Delivery[ParticipantEvent]]) -> dict[UUID, date]:
    days: dict[UUID, date] = {}
    for delivery in deliveries:
        if isinstance(event := delivery.message, ParticipantEnrolled):
            day = local_day(delivery.envelope.time)
            days[event.participant_id] = max(day, days.get(event.participant_id, day))
    return days


async def _erase(work: UnitOfWork, erasures: Sequence[Delivery[ParticipantEvent]]) -> None:
    erased = await contacts.lock(work, [each.message.participant_id for each in erasures])
    await retention.forget(work, list(erased))
    for delivery in erasures:
        done = ErasureCompleted(participant_id=delivery.message.participant_id)
        route = core_event(done, "notifications")
        work.emit(done, route, subject=str(done.participant_id), cause=delivery.envelope)
