"""Taking in what registration tells, and settling the seats it touches.

A batch is taken as a whole: first everything is written down, then seats are settled once, so that the number of
statements does not grow with the batch.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from culture_connect.contracts import (
    Envelope,
    ErasureCompleted,
    EveningCancelled,
    EveningChanged,
    EveningScheduled,
    ParticipantErased,
    ParticipantWithdrawn,
    PartnerChanged,
    PartnerLeft,
    PartnerRegistered,
    local_day,
)
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import Delivery, UnitOfWork, core_event, feed_to
from ticketing import events as telling
from ticketing.domain.participants import Participant, ParticipantEvent, after, has_moved, has_returned, holder_name
from ticketing.store import address_changes, erasures, evenings, feeds, projections, timers
from ticketing.store.seats import Scope
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.allocate import settle
from ticketing.use_cases.allot import allot_seats
from ticketing.use_cases.change_address import move
from ticketing.use_cases.invite import invite

PartnerEvent = PartnerRegistered | PartnerChanged | PartnerLeft
EveningEvent = EveningScheduled | EveningChanged | EveningCancelled
Event = PartnerEvent | ParticipantEvent | EveningEvent


async def take_in(work: UnitOfWork, deliveries: Sequence[Delivery[Event]], issuer: Issuer) -> None:
    """Brings projections and seats up to date with a batch; what is older than what is known changes nothing.

    News of partners and participants touches every evening to come, news of evenings those alone.
    """
    events = sorted(((each.message, each.envelope) for each in deliveries), key=lambda event: event[0].version)
    partners = [message for message, _ in events if isinstance(message, PartnerEvent)]
    participants = [(message, cause) for message, cause in events if isinstance(message, ParticipantEvent)]
    told = [(message, cause) for message, cause in events if isinstance(message, EveningEvent)]

    await projections.be_only_writer(work)
    listing = await _listing(work, partners, [message for message, _ in participants])
    locked = await evenings.lock(
        work, listing | {message.evening_id for message, _ in told}, and_open=bool(partners or participants)
    )
    new = await _evenings(work, told, {each.evening_id: each.version for each in locked})
    partner_news = await _partners(work, partners)
    people_news = await _participants(work, participants)
    others = {each.evening_id for each in locked if each.is_open} - new
    known = {each.evening_id for each in locked}

    causes: dict[UUID | None, Envelope] = {message.evening_id: cause for message, cause in told}
    causes |= {message.participant_id: cause for message, cause in participants}

    def cause_of(evening: UUID, participant: UUID | None) -> Envelope:
        return causes.get(participant) or causes.get(evening) or events[-1][1]

    await move(work, people_news.moved, known, issuer, cause_of)
    await timers.set_for(work, new)
    await allot_seats(work, new | others if partners else new)
    touched, returned = partner_news.touched | people_news.changed, people_news.returned
    for scope in (Scope(new, returned=returned), Scope(others, touched, returned)):
        await settle(work, scope, issuer, cause_of)
        await invite(work, scope, issuer, cause_of)
    if people_news.renamed or partner_news.renamed:
        for ticket in await feeds.rename(work, known, people_news.renamed, partner_news.renamed):
            telling.listed(work, ticket, cause=events[-1][1])
    erased = [message.participant_id for message, _ in participants if isinstance(message, ParticipantErased)]
    await erasures.forget(work, erased)


@dataclass(frozen=True, slots=True)
class _PartnerNews:
    """The participants of partners that began or ceased to take part, as far as is known now; partners renamed."""

    touched: Set[UUID] = frozenset()
    renamed: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _PeopleNews:
    """Participants about whom something new is known, among them those who came back, those renamed, and
    those with another address.

    Who was erased has another name, too: none.
    """

    changed: Set[UUID] = frozenset()
    returned: Set[UUID] = frozenset()
    renamed: Set[UUID] = frozenset()
    moved: Set[UUID] = frozenset()


async def _partners(work: UnitOfWork, messages: Sequence[PartnerEvent]) -> _PartnerNews:
    newest = {message.slug: message for message in messages}
    if not newest:
        return _PartnerNews()
    before = await projections.known_partners(work, newest)
    await projections.tell_partners(work, [_partner_row(message) for message in newest.values()])
    now = await projections.known_partners(work, newest)
    turned = {slug for slug in now if slug not in before or now[slug].takes_part != before[slug].takes_part}
    return _PartnerNews(
        touched=await projections.participants_of(work, turned) if turned else frozenset(),
        renamed={slug for slug in before if now[slug].name != before[slug].name},
    )


async def _participants(work: UnitOfWork, events: Sequence[tuple[ParticipantEvent, Envelope]]) -> _PeopleNews:
    ids = {message.participant_id for message, _ in events}
    if not ids:
        return _PeopleNews()
    known = await projections.read_participants(work, ids)
    before = {each: Participant(each) for each in ids} | known
    now = dict(before)
    for message, cause in events:
        now[message.participant_id] = after(now[message.participant_id], message, cause.time)
        if isinstance(message, ParticipantErased):
            done = ErasureCompleted(participant_id=message.participant_id)
            work.emit(done, core_event(done, "ticketing"), subject=str(message.participant_id), cause=cause)
    changed = {each for each in ids if now[each] != before[each]}
    await projections.tell_participants(work, [now[each] for each in changed])
    return _PeopleNews(
        changed,
        returned={each for each in changed if has_returned(before[each], now[each])},
        renamed={each for each in known if now[each].holder_name != before[each].holder_name},
        moved={each for each in changed if has_moved(before[each], now[each])},
    )


async def _listing(
    work: UnitOfWork, partners: Sequence[PartnerEvent], participants: Sequence[ParticipantEvent]
) -> set[UUID]:
    """The evenings, begun or not, whose lists have names or codes that this news may change.

    All evenings of a batch are locked at once, so it is asked before anything is written.
    """
    persons = [each for each in participants if not isinstance(each, ParticipantErased | ParticipantWithdrawn)]
    names: dict[UUID, str | None] = {each.participant_id: holder_name(each) for each in persons}
    names |= {each.participant_id: None for each in participants if isinstance(each, ParticipantErased)}
    if not names and not partners:
        return set()
    addresses = {each.participant_id: address_digest(each.partner, each.email) for each in persons}
    listing = await feeds.listing(work, names, {message.slug: message.name for message in partners})
    return listing | (await address_changes.evenings_of(work, addresses) if addresses else set())


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
    await evenings.tell(work, [_evening_row(message) for message in newest.values()])
    return set(newest)


def _partner_row(message: PartnerEvent) -> dict[str, Any]:
    return {
        "slug": message.slug,
        "name": message.name,
        "places": message.places,
        "has_left": isinstance(message, PartnerLeft),
        "version": message.version,
        "starts_on": message.starts_on,
        "ends_on": message.ends_on,
    }


def _evening_row(message: EveningEvent) -> dict[str, Any]:
    return {
        "evening_id": message.evening_id,
        "venue": message.venue,
        "season": message.season,
        "day": local_day(message.starts_at),
        "starts_at": message.starts_at,
        "release_at": message.release_at,
        "closes_at": message.closes_at,
        "capacity": message.capacity,
        "admission": message.admission,
        "cancelled": isinstance(message, EveningCancelled),
        "version": message.version,
        "details": message.to_json().decode(),
    }
