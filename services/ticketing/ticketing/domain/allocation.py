"""The allocation of seats to candidates, with the reasons (allocation rules, "Granting")."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from ticketing.domain.decisions import Figures, LastServed, Outcome, Rule, SeatDecision

# The order of "Granting", 1 to 4, by the names of the values compared; `store.granting_order` builds its SQL from it.
ORDER: Final = ("other_evenings", "fill", "requested_at", "tiebreaker")
# The order among the candidates of one partner, in which the fill grows.
ORDER_WITHIN_PARTNER: Final = tuple(name for name in ORDER if name != "fill")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A participant who competes for a seat of an evening.

    `other_evenings` counts the other evenings of the season for which they hold a ticket.
    """

    participant_id: UUID
    partner: str
    other_evenings: int
    requested_at: datetime
    tiebreaker: bytes


@dataclass(frozen=True, slots=True)
class SeatInventory:
    """An evening's seats before a round: its capacity, and by partner the seats allotted and those held."""

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
        """Seats left in the common pool; negative where partners hold more than there would be now."""
        pool = self.capacity - sum(self.allotments.values())
        return pool - sum(max(0, held - self.allotments.get(partner, 0)) for partner, held in self.held.items())

    def attainable(self, partner: str) -> int:
        """The most seats that the partner's people could be granted, if nobody else were."""
        if self.released:
            return self.free
        own = max(self.allotments.get(partner, 0) - self.held.get(partner, 0), 0)
        return min(self.free, own + max(self.pool_left, 0))

    def after_granting(self, partners: Iterable[str]) -> "SeatInventory":
        """The seats once a person of each of these partners was granted one."""
        held = dict(self.held)
        for partner in partners:
            held[partner] = held.get(partner, 0) + 1
        return SeatInventory(self.capacity, self.allotments, held, self.released)


class RankedCandidate(NamedTuple):
    """A candidate in the order of a round, with their `number` among the competing candidates of their partner."""

    candidate: Candidate
    number: int


def tiebreaker(evening_id: UUID, participant_id: UUID) -> bytes:
    """Returns the draw of the lottery that anyone can check afterwards ("Granting", 4)."""
    return sha256(evening_id.bytes + participant_id.bytes).digest()


def allocate_round(inventory: SeatInventory, candidates: Iterable[Candidate], granted: Outcome) -> list[SeatDecision]:
    """Allocates one round: the candidates come one after the other, each taking a seat if they may have one then.

    Returns their decisions in that order; `granted` is the outcome of those who get a seat. The candidates may be the
    first of a waiting list only: of each partner at least as many as are `attainable`, if there are that many.
    """
    ranked = rank(inventory, candidates)
    state = _RoundState(inventory)
    decisions, last = [], None
    for place, each in enumerate(ranked, start=1):
        candidate = each.candidate
        rule, has_seat = state.rule_for(candidate.partner)
        figures = state.figures(each, place=place, competing=len(ranked), last_served=last)
        if has_seat:
            state.take(candidate.partner)
            last = LastServed(candidate.other_evenings, figures.fill, candidate.requested_at)
        outcome = granted if has_seat else Outcome.WAITING
        decisions.append(SeatDecision(candidate.participant_id, outcome, rule, figures))
    return decisions


def rank(inventory: SeatInventory, candidates: Iterable[Candidate]) -> list[RankedCandidate]:
    """Returns the candidates in `ORDER`; fills are compared as exact fractions, over one common denominator."""
    own_key, position = attrgetter(*ORDER_WITHIN_PARTNER), ORDER.index("fill")
    among_own = sorted(candidates, key=own_key)
    ours = {each.partner for each in among_own}
    allotted = {partner: max(inventory.allotments.get(partner, 0), 1) for partner in ours}
    common = math.lcm(*allotted.values())
    weight = {partner: common // allotted[partner] for partner in ours}
    number = dict.fromkeys(ours, 0)
    keyed = []
    for candidate in among_own:
        partner, own = candidate.partner, own_key(candidate)
        number[partner] += 1
        fill = (inventory.held.get(partner, 0) + number[partner]) * weight[partner]
        keyed.append(((*own[:position], fill, *own[position:]), RankedCandidate(candidate, number[partner])))
    keyed.sort(key=lambda each: each[0])
    return [each for _, each in keyed]


class _RoundState:
    """The seats in the course of a round: the sums of `SeatInventory`, kept up to date instead of added up again."""

    def __init__(self, inventory: SeatInventory) -> None:
        self._inventory = inventory
        self._held = dict(inventory.held)
        self._total = sum(inventory.held.values())
        self._pool_left = inventory.pool_left

    def rule_for(self, partner: str) -> tuple[Rule, bool]:
        """Returns the rule that applies to a candidate of this partner now, and whether it grants a seat."""
        if self._total >= self._inventory.capacity:
            return Rule.FULL, False
        if self._inventory.released:
            return Rule.RELEASED, True
        if self._held.get(partner, 0) < self._inventory.allotments.get(partner, 0):
            return Rule.ALLOTMENT, True
        if self._pool_left > 0:
            return Rule.COMMON_POOL, True
        return Rule.ALLOTMENT_USED, False

    def take(self, partner: str) -> None:
        """Counts a seat taken by this partner."""
        held = self._held.get(partner, 0)
        if held >= self._inventory.allotments.get(partner, 0):
            self._pool_left -= 1
        self._held[partner] = held + 1
        self._total += 1

    def figures(
        self, ranked: RankedCandidate, *, place: int, competing: int, last_served: LastServed | None
    ) -> Figures:
        """Returns the figures that the decision on this candidate compares."""
        candidate = ranked.candidate
        allotment = self._inventory.allotments.get(candidate.partner, 0)
        return Figures(
            capacity=self._inventory.capacity,
            held=self._total,
            allotment=allotment,
            partner_held=self._held.get(candidate.partner, 0),
            pool_left=max(self._pool_left, 0),
            other_evenings=candidate.other_evenings,
            fill=(self._inventory.held.get(candidate.partner, 0) + ranked.number, max(allotment, 1)),
            requested_at=candidate.requested_at,
            tiebreaker=candidate.tiebreaker,
            place=place,
            competing=competing,
            last_served=last_served,
        )


def waiting_positions(decisions: Sequence[SeatDecision]) -> dict[UUID, int]:
    """Returns the positions, from 1, of those whom a round left waiting on a waiting list that was empty before."""
    waiting = [each.participant_id for each in decisions if each.outcome is Outcome.WAITING]
    return {participant: position for position, participant in enumerate(waiting, start=1)}
