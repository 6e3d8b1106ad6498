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
)
from culture_connect.messaging import Delivery, UnitOfWork, core_event
from notifications.domain.days import local_day
from notifications.domain.kinds import bundle_of
from notifications.domain.letters import Decision, on_enrolment, on_start, on_withdrawal, term_letter_id
from notifications.domain.newest import newest
from notifications.domain.timing import Patience
from notifications.store import contacts, letters, partners, privacy
from notifications.store.contacts import Term
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
    await contacts.tell_persons(work, persons, local_day(work.now))
    await letters.plan(work, starts)
    await _follow_terms(work, _terms(deliveries), patience)
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
    await privacy.forget(work, list(erased))
    for delivery in erasures:
        done = ErasureCompleted(participant_id=delivery.message.participant_id)
        route = core_event(done, "notifications")
        work.emit(done, route, subject=str(done.participant_id), cause=delivery.envelope)
