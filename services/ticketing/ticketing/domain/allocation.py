"""Who gets a seat, who waits, and why (allocation rules, "Granting")."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from ticketing.domain.decisions import Decision, Figures, LastServed, Outcome, Rule


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who competes for a seat of an evening.

    `others` counts the other evenings of the season for which they hold a ticket, `lot` is what `lot()` draws.
    """

    participant_id: UUID
    partner: str
    others: int
    requested_at: datetime
    lot: bytes


@dataclass(frozen=True, slots=True)
class Seats:
    """An evening's seats before a round: all of them, and by partner those allotted and those held."""

    capacity: int
    allotments: Mapping[str, int]
    held: Mapping[str, int]
    released: bool

    @property
    def free(self) -> int:
        """Seats that nobody holds; none while more are held than there are, after the capacity shrank."""
        return max(self.capacity - sum(self.held.values()), 0)

    @property
    def pool_left(self) -> int:
        """What the common pool still has; negative where partners hold more than there would be now."""
        pool = self.capacity - sum(self.allotments.values())
        return pool - sum(max(0, held - self.allotments.get(partner, 0)) for partner, held in self.held.items())

    def attainable(self, partner: str) -> int:
        """How many seats the partner's people could be granted at most, if nobody else were."""
        if self.released:
            return self.free
        own = max(self.allotments.get(partner, 0) - self.held.get(partner, 0), 0)
        return min(self.free, own + max(self.pool_left, 0))


def lot(evening_id: UUID, participant_id: UUID) -> bytes:
    """The lottery that anyone can check afterwards ("Granting", 4)."""
    return sha256(evening_id.bytes + participant_id.bytes).digest()


def serve(seats: Seats, candidates: Iterable[Candidate], granted: Outcome) -> list[Decision]:
    """One round: serves the candidates one after the other, each taking a seat if they may have one at that moment.

    Returns their decisions in that order; `granted` is the outcome of those who get a seat. The candidates may be the
    heads of a line only: of each partner at least as many as are `attainable`, if there are that many.
    """
    turns = in_order(seats, candidates)
    counter = _Counter(seats)
    decisions, last = [], None
    for place, (candidate, turn) in enumerate(turns, start=1):
        rule, has_seat = counter.rule_for(candidate.partner)
        figures = counter.figures(candidate, turn, place=place, competing=len(turns), last_served=last)
        if has_seat:
            counter.take(candidate.partner)
            last = LastServed(candidate.others, figures.fill, candidate.requested_at)
        decisions.append(Decision(candidate.participant_id, granted if has_seat else Outcome.WAITING, rule, figures))
    return decisions


def in_order(seats: Seats, candidates: Iterable[Candidate]) -> list[tuple[Candidate, int]]:
    """The candidates in the order in which they are served, each with its number among those of its partner.

    The order is that of "Granting", 1 to 4; fills are compared as exact fractions, over one common denominator.
    """
    among_own = sorted(candidates, key=lambda each: (each.others, each.requested_at, each.lot))
    ours = {each.partner for each in among_own}
    allotted = {partner: max(seats.allotments.get(partner, 0), 1) for partner in ours}
    common = math.lcm(*allotted.values())
    weight = {partner: common // allotted[partner] for partner in ours}
    number = dict.fromkeys(ours, 0)
    keyed = []
    for candidate in among_own:
        partner = candidate.partner
        number[partner] += 1
        fill = (seats.held.get(partner, 0) + number[partner]) * weight[partner]
        keyed.append((candidate.others, fill, candidate.requested_at, candidate.lot, number[partner], candidate))
    keyed.sort(key=lambda each: each[:4])
    return [(candidate, turn) for *_, turn, candidate in keyed]


class _Counter:
    """The seats while a round goes on: the sums of `Seats`, kept up to date instead of added up for each candidate."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._before = seats.held
        self._held = dict(seats.held)
        self._total = sum(seats.held.values())
        self._pool_left = seats.pool_left

    def rule_for(self, partner: str) -> tuple[Rule, bool]:
        """The rule that holds for somebody of this partner now, and whether it gives them a seat."""
        if self._total >= self._seats.capacity:
            return Rule.FULL, False
        if self._seats.released:
            return Rule.RELEASED, True
        if self._held.get(partner, 0) < self._seats.allotments.get(partner, 0):
            return Rule.ALLOTMENT, True
        if self._pool_left > 0:
            return Rule.COMMON_POOL, True
        return Rule.ALLOTMENT_USED, False

    def take(self, partner: str) -> None:
        """Somebody of this partner took a seat."""
        held = self._held.get(partner, 0)
        if held >= self._seats.allotments.get(partner, 0):
            self._pool_left -= 1
        self._held[partner] = held + 1
        self._total += 1

    def figures(
        self, candidate: Candidate, turn: int, *, place: int, competing: int, last_served: LastServed | None
    ) -> Figures:
        """What the decision on this candidate compared."""
        allotment = self._seats.allotments.get(candidate.partner, 0)
        return Figures(
            capacity=self._seats.capacity,
            held=self._total,
            allotment=allotment,
            partner_held=self._held.get(candidate.partner, 0),
            pool_left=max(self._pool_left, 0),
            others=candidate.others,
            fill=(self._before.get(candidate.partner, 0) + turn, max(allotment, 1)),
            requested_at=candidate.requested_at,
            lot=candidate.lot,
            place=place,
            competing=competing,
            last_served=last_served,
        )


def places_of(decisions: Sequence[Decision]) -> dict[UUID, int]:
    """The places in the line, from 1, of those whom a round on an empty line left waiting."""
    waiting = [each.participant_id for each in decisions if each.outcome is Outcome.WAITING]
    return {participant: place for place, participant in enumerate(waiting, start=1)}
