"""The allocation of seats: whoever may no longer have a place loses it, then the waiting list and new candidates
get theirs.

Everything that can change who has a seat ends here, with the scope of what it touched, so the outcome is the same
whichever event came first or however the bus cut them into batches. The only seats that change hands elsewhere are
those that one colleague gives another (`transfer`), which nobody else may have.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar
from uuid import UUID, uuid4

from culture_connect.contracts import Envelope
from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.domain.allocation import Candidate, SeatInventory, allocate_round, tiebreaker, waiting_positions
from ticketing.domain.decisions import Outcome, SeatDecision
from ticketing.events import IssuedTicket, WaitlistedPlace
from ticketing.store import decisions, promotions, seats, waiting_list
from ticketing.store.decisions import NewDecision
from ticketing.store.promotions import WaitingPlace
from ticketing.store.seats import EveningState, NewCandidate, NewPlace, Scope
from ticketing.tickets.issuer import Issuer
from ticketing.tickets.links import PageLink
from ticketing.use_cases.page_links import create_links

# How many places are written and published at once: an evening for a hundred thousand takes no more memory for its
# messages than one for a thousand, and other requests come to their turn after each batch.
BATCH_SIZE = 250
_MANY = 1000  # places after which the planner's statistics are out of date

T = TypeVar("T")

# The message that led to an event: by evening and participant.
CauseOf = Callable[[UUID, UUID | None], Envelope | None]


def no_cause(_: UUID, __: UUID | None) -> None:
    """For events that a timer or a request brings about, and no message."""


async def allocate(
    work: UnitOfWork, scope: Scope, issuer: Issuer, cause_of: CauseOf = no_cause
) -> dict[UUID, dict[UUID, int]]:
    """Allocates the seats in scope, evening after evening. The caller holds the locks of its evenings.

    Returns by evening who joined the waiting list, with their position. Takes the same number of statements for one
    person and for hundreds; beyond that a few for every thousand.
    """
    joined: dict[UUID, dict[UUID, int]] = {}
    if not scope.evenings:
        return joined
    candidates: Mapping[UUID, Sequence[NewCandidate]] = {}
    if not scope.is_about_nobody:
        for batch in batches(await seats.end_places(work, scope)):
            for place in batch:
                events.ticket_cancelled(work, place, cause=cause_of(place.evening_id, place.participant_id))
            await work.flush()
        candidates = await seats.new_candidates(work, scope)
    for evening in await seats.evening_states(work, scope.evenings):
        rounds = _EveningRounds(work, evening, issuer, cause_of)
        left = await rounds.promote_waiting() if evening.is_promoting else evening.inventory
        if new := candidates.get(evening.evening_id):
            joined[evening.evening_id] = await rounds.place_candidates(left, new)
    return joined


class _EveningRounds:
    """The two rounds of one evening."""

    def __init__(self, work: UnitOfWork, evening: EveningState, issuer: Issuer, cause_of: CauseOf) -> None:
        self._work = work
        self._evening = evening
        self._id = evening.evening_id
        self._issuer = issuer
        self._cause_of = cause_of

    async def promote_waiting(self) -> SeatInventory:
        """Gives free seats to those who wait; returns the seats as they are then.

        "A free seat that a waiting candidate may have goes to the line first." Only the first are read: of each
        partner as many as it could be granted.
        """
        inventory = self._evening.inventory
        limits = {slug: min(inventory.attainable(slug), count) for slug, count in self._evening.waiting.items()}
        limits = {slug: limit for slug, limit in limits.items() if limit}
        if not limits:
            return inventory
        await promotions.recount(self._work, self._id)
        waiting = {each.participant_id: each for each in await promotions.next_waiting(self._work, self._id, limits)}
        decided = allocate_round(inventory, [each.candidate() for each in waiting.values()], Outcome.PROMOTED)
        promoted = [each for each in decided if each.outcome is Outcome.PROMOTED]
        for batch in batches(promoted):
            await self._promote(batch, [waiting[each.participant_id] for each in batch])
        return inventory.after_granting(waiting[each.participant_id].partner for each in promoted)

    async def place_candidates(self, inventory: SeatInventory, new: Sequence[NewCandidate]) -> dict[UUID, int]:
        """Gives new candidates the seats that are left, and the others a waiting place; returns their positions."""
        by_id = {each.participant_id: each for each in new}
        others = await seats.other_evenings(self._work, self._id, by_id)
        competing = [
            Candidate(
                each.participant_id,
                each.partner,
                others.get(each.participant_id, 0),
                each.requested_at,
                tiebreaker(self._id, each.participant_id),
            )
            for each in new
        ]
        decided = allocate_round(inventory, competing, Outcome.GRANTED)
        tickets: dict[UUID, UUID] = {}
        for batch in batches(decided):
            tickets |= await self._add(batch, by_id)
        if len(decided) > _MANY:
            await seats.refresh_statistics(self._work)
        return await self._publish_waiting(decided, tickets)

    async def _promote(self, batch: Sequence[SeatDecision], places: Sequence[WaitingPlace]) -> None:
        codes = {each.ticket_id: self._issuer.codes.sign(each.ticket_id, self._id) for each in places}
        links = await self._links([each.participant_id for each in places])
        await seats.promote(self._work, codes)
        await self._record(batch, {each.participant_id: each.ticket_id for each in places})
        for place, link in zip(places, links, strict=True):
            ticket = IssuedTicket(
                place.ticket_id,
                self._id,
                self._evening.venue,
                place.participant_id,
                place.holder_name,
                place.partner_name,
                codes[place.ticket_id],
                place.version + 1,
                place.feed_version + 1,
            )
            events.ticket_issued(self._work, ticket, link, cause=self._cause_of(self._id, place.participant_id))
        await self._work.flush()

    async def _add(self, batch: Sequence[SeatDecision], candidates: Mapping[UUID, NewCandidate]) -> dict[UUID, UUID]:
        tickets = {each.participant_id: uuid4() for each in batch}
        places = [self._new_place(each, candidates[each.participant_id], tickets) for each in batch]
        await seats.add_places(self._work, self._id, places)
        await self._record(batch, tickets)
        seated = [(place, place.code) for place in places if place.code is not None]
        links = await self._links([place.participant_id for place, _ in seated])
        for (place, code), link in zip(seated, links, strict=True):
            holder = candidates[place.participant_id]
            ticket = IssuedTicket(
                place.ticket_id,
                self._id,
                self._evening.venue,
                place.participant_id,
                holder.holder_name,
                holder.partner_name,
                code,
            )
            events.ticket_issued(self._work, ticket, link, cause=self._cause_of(self._id, place.participant_id))
        await self._work.flush()
        return tickets

    def _new_place(self, decision: SeatDecision, candidate: NewCandidate, tickets: Mapping[UUID, UUID]) -> NewPlace:
        ticket = tickets[decision.participant_id]
        return NewPlace(
            ticket,
            decision.participant_id,
            candidate.partner,
            candidate.enrolment,
            candidate.requested_at,
            decision.figures.tiebreaker,
            decision.figures.other_evenings,
            self._issuer.codes.sign(ticket, self._id) if decision.outcome is Outcome.GRANTED else None,
        )

    async def _publish_waiting(self, decided: Sequence[SeatDecision], tickets: Mapping[UUID, UUID]) -> dict[UUID, int]:
        positions = waiting_positions(decided)
        if any(self._evening.waiting.values()):
            positions = await waiting_list.positions(self._work, self._id, positions)
        for batch in batches(list(positions.items())):
            links = await self._links([participant for participant, _ in batch])
            for (participant, position), link in zip(batch, links, strict=True):
                place = WaitlistedPlace(tickets[participant], self._id, self._evening.venue, participant, position)
                events.ticket_waitlisted(self._work, place, link, cause=self._cause_of(self._id, participant))
            await self._work.flush()
        return positions

    async def _links(self, participants: Sequence[UUID]) -> list[PageLink]:
        return await create_links(self._work, self._issuer, [(self._id, each) for each in participants])

    async def _record(self, batch: Sequence[SeatDecision], tickets: Mapping[UUID, UUID]) -> None:
        new = [
            NewDecision(who := each.participant_id, tickets[who], each.outcome, each.rule, each.figures.to_json())
            for each in batch
        ]
        await decisions.record(self._work, self._id, new)


def batches(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cuts into what is written and published at once."""
    for start in range(0, len(whole), BATCH_SIZE):
        yield whole[start : start + BATCH_SIZE]
