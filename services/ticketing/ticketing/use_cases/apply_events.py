"""Events of registration, applied to the projections and to the seats they touch.

A batch is applied as a whole: first everything is saved, then seats are allocated once, so that the number of
statements does not grow with the batch.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from uuid import UUID

from culture_connect.contracts import (
    Envelope,
    ParticipantErased,
    ParticipantWithdrawn,
)
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import Delivery, UnitOfWork
from ticketing import events
from ticketing.domain import participants
from ticketing.domain.participants import (
    Participant,
    ParticipantEvent,
    holder_name,
)
from ticketing.store import address_changes, erasures, evenings, feeds, projections, timers
from ticketing.store.evenings import EveningEvent
from ticketing.store.projections import PartnerEvent
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import allocate
from ticketing.use_cases.change_address import change_addresses
from ticketing.use_cases.invite import invite
from ticketing.use_cases.update_allotments import update_allotments

Event = PartnerEvent | ParticipantEvent | EveningEvent


async def apply_events(work: UnitOfWork, deliveries: Sequence[Delivery[Event]], issuer: Issuer) -> None:
    """Brings projections and seats up to date with a batch; an event older than what is known changes nothing.

    Events of partners and participants touch every evening to come, those of evenings only these.
    """
    batch = sorted(((each.message, each.envelope) for each in deliveries), key=lambda event: event[0].version)
    of_partners = [message for message, _ in batch if isinstance(message, PartnerEvent)]
    of_participants = [(message, cause) for message, cause in batch if isinstance(message, ParticipantEvent)]
    of_evenings = [(message, cause) for message, cause in batch if isinstance(message, EveningEvent)]

    await projections.lock(work)
    renamed_in = await _evenings_with_old_details(work, of_partners, [message for message, _ in of_participants])
    locked = await evenings.lock(
        work,
        renamed_in | {message.evening_id for message, _ in of_evenings},
        and_open=bool(of_partners or of_participants),
    )
    new = await _apply_evenings(work, of_evenings, {each.evening_id: each.version for each in locked})
    partners = await _apply_partners(work, of_partners)
    people = await _apply_participants(work, of_participants)
    others = {each.evening_id for each in locked if each.is_open} - new
    known = {each.evening_id for each in locked}

    causes: dict[UUID | None, Envelope] = {message.evening_id: cause for message, cause in of_evenings}
    causes |= {message.participant_id: cause for message, cause in of_participants}

    def cause_of(evening: UUID, participant: UUID | None) -> Envelope:
        return causes.get(participant) or causes.get(evening) or batch[-1][1]

    await change_addresses(work, people.readdressed, known, issuer, cause_of)
    await timers.reschedule(work, new)
    await update_allotments(work, new | others if of_partners else new)
    touched = partners.touched | people.changed
    for scope in (Scope(new, returned=people.returned), Scope(others, touched, people.returned)):
        await allocate(work, scope, issuer, cause_of)
        await invite(work, scope, issuer, cause_of)
    if people.renamed or partners.renamed:
        for ticket in await feeds.rename_holders(work, known, people.renamed, partners.renamed):
            events.ticket_listed(work, ticket, cause=batch[-1][1])
    await erasures.erase(
        work, [message.participant_id for message, _ in of_participants if isinstance(message, ParticipantErased)]
    )


@dataclass(frozen=True, slots=True)
class _PartnerChanges:
    """The participants of partners that began or ceased to take part, as far as is known now; partners renamed."""

    touched: Set[UUID] = frozenset()
    renamed: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _ParticipantChanges:
    """The participants who changed, among them those who returned, those renamed, and those with another address.

    Whoever was erased has another name, too: none.
    """

    changed: Set[UUID] = frozenset()
    returned: Set[UUID] = frozenset()
    renamed: Set[UUID] = frozenset()
    readdressed: Set[UUID] = frozenset()


async def _apply_partners(work: UnitOfWork, messages: Sequence[PartnerEvent]) -> _PartnerChanges:
    newest = {message.slug: message for message in messages}
    if not newest:
        return _PartnerChanges()
    before = await projections.known_partners(work, newest)
    await projections.save_partners(work, list(newest.values()))
    now = await projections.known_partners(work, newest)
    turned = {slug for slug in now if slug not in before or now[slug].takes_part != before[slug].takes_part}
    return _PartnerChanges(
        touched=await projections.participants_of(work, turned) if turned else frozenset(),
        renamed={slug for slug in before if now[slug].name != before[slug].name},
    )


async def _apply_participants(
    work: UnitOfWork, messages: Sequence[tuple[ParticipantEvent, Envelope]]
) -> _ParticipantChanges:
    ids = {message.participant_id for message, _ in messages}
    if not ids:
        return _ParticipantChanges()
    known = await projections.known_participants(work, ids)
    before = {each: Participant(each) for each in ids} | known
    now = dict(before)
    for message, cause in messages:
        now[message.participant_id] = participants.apply_event(now[message.participant_id], message, cause.time)
        if isinstance(message, ParticipantErased):
            events.erasure_completed(work, message.participant_id, cause=cause)
    changed = {each for each in ids if now[each] != before[each]}
    await projections.save_participants(work, [now[each] for each in changed])
    return _ParticipantChanges(
        changed,
        returned={each for each in changed if participants.has_re_enrolled(before[each], now[each])},
        renamed={each for each in known if now[each].holder_name != before[each].holder_name},
        readdressed={each for each in changed if participants.has_address_changed(before[each], now[each])},
    )


async def _evenings_with_old_details(
    work: UnitOfWork, partners: Sequence[PartnerEvent], people: Sequence[ParticipantEvent]
) -> set[UUID]:
    """Returns the evenings, begun or not, whose lists have names or codes that these events may change.

    All evenings of a batch are locked at once, so they are looked up before anything is saved.
    """
    persons = [each for each in people if not isinstance(each, ParticipantErased | ParticipantWithdrawn)]
    names: dict[UUID, str | None] = {each.participant_id: holder_name(each) for each in persons}
    names |= {each.participant_id: None for each in people if isinstance(each, ParticipantErased)}
    if not names and not partners:
        return set()
    addresses = {each.participant_id: address_digest(each.partner, each.email) for each in persons}
    found = await feeds.evenings_to_rename(work, names, {message.slug: message.name for message in partners})
    return found | (await address_changes.affected_evenings(work, addresses) if addresses else set())


async def _apply_evenings(
    work: UnitOfWork, messages: Sequence[tuple[EveningEvent, Envelope]], versions: dict[UUID, int]
) -> set[UUID]:
    """Saves evenings and publishes them to the box offices; returns those with a newer version than was known."""
    newest: dict[UUID, EveningEvent] = {}
    for message, cause in messages:
        if message.version > versions.get(message.evening_id, 0):
            versions[message.evening_id] = message.version
            newest[message.evening_id] = message
            events.evening_listed(work, message, cause=cause)
    await evenings.save(work, list(newest.values()))
    return set(newest)
