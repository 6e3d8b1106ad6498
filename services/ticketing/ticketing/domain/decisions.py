"""Decisions about seats, with the rules and figures that explain them (allocation rules, "Explaining")."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Outcome(StrEnum):
    """The outcome of a decision."""

    GRANTED = "granted"
    PROMOTED = "promoted"
    WAITING = "waiting"
    LOST = "lost"


class Rule(StrEnum):
    """The rule that decided, as a code for programs; people get a sentence."""

    # A seat.
    ALLOTMENT = "allotment"
    COMMON_POOL = "common-pool"
    RELEASED = "released"
    COLLEAGUE = "colleague"
    # A waiting place, and staying there.
    FULL = "full"
    ALLOTMENT_USED = "allotment-used"
    CLOSED = "closed"
    # The end of either.
    DECLINED = "declined"
    PASSED_ON = "passed-on"
    WITHDRAWN = "withdrawn"
    ENROLLED_ANEW = "enrolled-anew"
    NOT_ACTIVE = "not-active"
    PARTNER_LEFT = "partner-left"
    ERASED = "erased"
    EVENING_CANCELLED = "evening-cancelled"


@dataclass(frozen=True, slots=True)
class LastServed:
    """The values compared for the candidate who got a seat last before this decision; they identify nobody."""

    other_evenings: int
    fill: tuple[int, int]
    requested_at: datetime

    def to_json(self) -> dict[str, Any]:
        """Returns the values for storing and showing."""
        return {
            "other_evenings": self.other_evenings,
            "fill": f"{self.fill[0]}/{self.fill[1]}",
            "requested_at": self.requested_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures a round compared for one candidate, as they stood when their turn came.

    `held` of `capacity` seats were taken, `partner_held` of the `allotment` of their partner; the common pool had
    `pool_left`. They were number `place` of `competing`, by `other_evenings` (of the season for which they hold a
    ticket), `fill` (a fraction), `requested_at` and `tiebreaker`.
    """

    capacity: int
    held: int
    allotment: int
    partner_held: int
    pool_left: int
    other_evenings: int
    fill: tuple[int, int]
    requested_at: datetime
    tiebreaker: bytes
    place: int
    competing: int
    last_served: LastServed | None

    def to_json(self) -> dict[str, Any]:
        """Returns the figures for storing and showing; the tiebreaker shortened to what decides in practice."""
        return {
            "capacity": self.capacity,
            "held": self.held,
            "allotment": self.allotment,
            "partner_held": self.partner_held,
            "pool_left": self.pool_left,
            "other_evenings": self.other_evenings,
            "fill": f"{self.fill[0]}/{self.fill[1]}",
            "requested_at": self.requested_at.isoformat(),
            "lot": self.tiebreaker[:8].hex(),
            "place": self.place,
            "competing": self.competing,
            "last_served": self.last_served.to_json() if self.last_served else None,
        }


@dataclass(frozen=True, slots=True)
class SeatDecision:
    """A round's decision on one candidate."""

    participant_id: UUID
    outcome: Outcome
    rule: Rule
    figures: Figures
