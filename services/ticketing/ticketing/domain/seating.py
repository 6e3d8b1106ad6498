"""Who gets a seat of an evening, and who waits: earliest request first, ties by lot."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

# Where somebody stands in the line: the moment of the request, then the lot. Smaller is served first.
Turn = tuple[datetime, bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody's wish for a seat of one evening."""

    participant_id: UUID
    turn: Turn


@dataclass(frozen=True, slots=True)
class Round:
    """Who leaves the line for a seat, which newcomers sit down at once, and which join the line (in their order)."""

    promoted: Sequence[Request]
    seated: Sequence[Request]
    joining: Sequence[Request]


def lot(evening_id: UUID, participant_id: UUID) -> bytes:
    """The lottery that anyone can check afterwards (allocation rules, "Granting", 4)."""
    return sha256(evening_id.bytes + participant_id.bytes).digest()


def serve(free: int, waiting: Sequence[Request], newcomers: Sequence[Request], *, promoting: bool) -> Round:
    """Gives out `free` seats of one evening; nobody gets one when it is not positive.

    `waiting` is the head of the line, at least as many as there are free seats if there are that many. After the
    closing nobody is promoted (`promoting` is false), and newcomers may take what is free.
    """
    line = sorted([*waiting, *newcomers] if promoting else newcomers, key=lambda request: request.turn)
    served = line[: max(free, 0)]
    new = {request.participant_id for request in newcomers}
    seated = {request.participant_id for request in served}
    return Round(
        promoted=[request for request in served if request.participant_id not in new],
        seated=[request for request in served if request.participant_id in new],
        joining=[request for request in line if request.participant_id in new and request.participant_id not in seated],
    )


def places(joining: Sequence[Request], waiting: int, behind: Sequence[Turn]) -> list[int]:
    """The places in the line, counted from 1, that newcomers get who join it in their order.

    `waiting` is the length of the line before they came, `behind` the sorted turns of those in it who stand
    behind the first newcomer: usually nobody, so that the line need not be read.
    """
    return [
        waiting - (len(behind) - bisect_right(behind, request.turn)) + nth
        for nth, request in enumerate(joining, start=1)
    ]
